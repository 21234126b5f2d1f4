import { describe, expect, it } from "vitest";
import { newsOf, shouldNotify, type Moment } from "../../src/lib/news";
import { endOf } from "../../src/ui/people/quiet";
import type { NewMessage } from "../../src/wire";
import { message } from "../support/rows";

const activity = (more: Partial<NewMessage> = {}): NewMessage => ({
  channel_id: "town",
  seq: 7,
  posted: 5,
  user_id: "bo",
  mentions: [],
  everyone: false,
  snippet: "hello",
  ...more,
});

const moment = (more: Partial<Moment> = {}): Moment => ({
  me: "ana",
  choice: "mentions",
  quiet: false,
  seen: false,
  lastRead: 3,
  ...more,
});

const notifies = (news: Partial<NewMessage>, at: Partial<Moment> = {}) => shouldNotify(newsOf(activity(news), "ana"), moment(at));

describe("what is news", () => {
  it("is the same news by whichever way one heard of it", () => {
    const heard = newsOf(activity(), "ana");
    const seen = newsOf({ ...message(6, "hello"), posted: 5 }, "ana");
    expect(seen.key).toBe(heard.key);
    expect(seen.text).toBe(heard.text);
  });

  it("tells two messages and two replies apart", () => {
    const reply = (seq: number) => newsOf({ ...message(seq), thread_id: "m1", posted: null }, "ana");
    const keys = [newsOf(activity({ posted: 5 }), "ana"), newsOf(activity({ posted: 6 }), "ana"), reply(7), reply(8)].map(({ key }) => key);
    expect(new Set(keys).size).toBe(4);
  });
});

describe("a notification", () => {
  it("comes for a mention, of oneself or of everyone", () => {
    expect(notifies({ mentions: ["ana"] })).toBe(true);
    expect(notifies({ everyone: true })).toBe(true);
    expect(notifies({ mentions: ["cleo"] })).toBe(false);
  });

  it("comes for everything where one wants that, as in conversations", () => {
    expect(notifies({}, { choice: "all" })).toBe(true);
  });

  it("comes for nothing from a muted channel", () => {
    expect(notifies({ mentions: ["ana"] }, { choice: "none" })).toBe(false);
  });

  it("comes for nothing while one wants quiet, looks at the channel, or has read it already", () => {
    expect(notifies({ mentions: ["ana"] }, { quiet: true })).toBe(false);
    expect(notifies({ mentions: ["ana"] }, { seen: true })).toBe(false);
    expect(notifies({ mentions: ["ana"] }, { lastRead: 7 })).toBe(false);
  });

  it("comes for nothing one wrote oneself", () => {
    expect(notifies({ user_id: "ana", everyone: true }, { choice: "all" })).toBe(false);
  });

  it("comes for a reply in a thread only when it names one", () => {
    const reply = (mentions: string[]) => newsOf({ ...message(7), thread_id: "m1", posted: null, mentions }, "ana");
    expect(shouldNotify(reply([]), moment({ choice: "all" }))).toBe(false);
    expect(shouldNotify(reply(["ana"]), moment())).toBe(true);
  });
});

describe("do not disturb", () => {
  it("lasts as long as one says, tomorrow until the morning", () => {
    const evening = new Date(2026, 0, 31, 22, 15);
    expect(endOf("half", evening)).toBe(new Date(2026, 0, 31, 22, 45).getTime());
    expect(endOf("hour", evening)).toBe(new Date(2026, 0, 31, 23, 15).getTime());
    expect(endOf("tomorrow", evening)).toBe(new Date(2026, 1, 1, 8, 0).getTime());
  });
});
