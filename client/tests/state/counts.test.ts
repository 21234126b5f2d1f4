// Unread counts: an older one never replaces a newer one, and doubt is settled by asking.
import { describe, expect, test } from "vitest";
import { answered, counted, countWindow, marked, sent } from "../../src/state/counts";
import { emptyWindow } from "../../src/state/window";
import type { Read } from "../../src/wire";
import { message } from "../support/rows";

const read = (unread: number, posted: number, seq: number, last_read_seq = 0, mentions = 0): Read => ({
  unread, mentions, posted, seq, last_read_seq,
});
const activity = (posted: number, seq: number, user_id = "bo", mentions: string[] = []) => ({
  channel_id: "town", posted, seq, user_id, mentions, everyone: false, snippet: "",
});

describe("a message somewhere else", () => {
  test("counts one when it is the next", () => {
    expect(counted(read(2, 5, 9), activity(6, 10), "ana")).toMatchObject({ read: { unread: 3, mentions: 0, posted: 6 }, ask: false });
  });

  test("counts as a mention when it names me", () => {
    expect(counted(read(2, 5, 9), activity(6, 10, "bo", ["ana"]), "ana").read).toMatchObject({ unread: 3, mentions: 1 });
  });

  test("is nothing new when it was counted already", () => {
    const known = read(2, 5, 9);
    expect(counted(known, activity(5, 9), "ana")).toEqual({ read: known, ask: false });
  });

  test("is asked about when others were missed before it", () => {
    expect(counted(read(2, 5, 9), activity(7, 12), "ana").ask).toBe(true);
  });

  test("is asked about when it tells of a deletion or an edit", () => {
    expect(counted(read(2, 5, 9), { channel_id: "town", seq: 12, deleted_seq: 8 }, "ana").ask).toBe(true);
  });

  test("reads everything before it when I sent it from elsewhere", () => {
    expect(counted(read(2, 5, 9, 3, 1), activity(6, 10, "ana"), "ana").read).toMatchObject({ unread: 0, mentions: 0, last_read_seq: 10 });
  });
});

describe("an answered count", () => {
  test("holds when nothing was heard since it was asked for", () => {
    expect(answered(read(5, 9, 20), read(1, 5, 9), true).read).toMatchObject({ unread: 1 });
  });

  test("is dropped when it is older", () => {
    expect(answered(read(5, 9, 20), read(1, 8, 18), false)).toEqual({ read: read(5, 9, 20), ask: false });
  });

  test("is asked for again when it crossed something", () => {
    expect(answered(read(5, 9, 20), read(1, 8, 22), false).ask).toBe(true);
    expect(answered(read(5, 9, 20, 3), read(1, 9, 20, 8), false).ask).toBe(true);
  });
});

test("a mark told late is not lost behind messages that passed it", () => {
  expect(marked(read(5, 9, 20, 3), read(1, 8, 18, 16))).toMatchObject({ ask: true });
});

test("my own message reads what stood before it", () => {
  const mine = { ...message(21), user_id: "ana" };
  expect(sent(read(5, 9, 20, 3), mine)).toMatchObject({ unread: 0, last_read_seq: 21, seq: 21 });
  expect(sent(read(5, 9, 30, 3), mine)).toMatchObject({ unread: 5, last_read_seq: 3 });
});

describe("the open channel", () => {
  const messages = [
    message(5),
    { ...message(6), user_id: "ana" },
    { ...message(7), mentions: ["ana"] },
    { ...message(8), deleted_at: "now" },
    { ...message(9), kind: "system" as const },
  ];
  const window = { ...emptyWindow, cursor: 9, low: 5, messages };

  test("counts messages of others that are not deleted", () => {
    expect(countWindow(window, 4, "ana")).toEqual({ unread: 2, mentions: 1 });
  });

  test("cannot count what reaches further back than it holds", () => {
    expect(countWindow(window, 2, "ana")).toBeNull();
  });
});
