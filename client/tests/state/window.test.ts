// The client rules of docs/delivery, one by one: what counts, what is held, what replaces.
import { describe, expect, test } from "vitest";
import { acknowledge, hear, installMessages, subscribed, synced } from "../../src/state/apply";
import { addOlder, emptyWindow, HOLD_AT_MOST } from "../../src/state/window";
import { newWorld, setWindow, type World } from "../../src/state/world";
import { channel, event, message, member, page } from "../support/rows";

const opened = (seq: number, ...messages: ReturnType<typeof message>[]): World =>
  subscribed(newWorld("ana"), "town", { since: null, asked: new Map(), limit: 50 }, page(seq, messages));

const texts = (world: World) => world.windows.get("town")!.messages.map((message) => message.text);
const cursor = (world: World) => world.windows.get("town")!.cursor;

describe("events", () => {
  test("the next one is applied and moves the cursor", () => {
    const world = hear(opened(3), event(3, 4, { message: message(4, "hello") }));
    expect(texts(world)).toEqual(["hello"]);
    expect(cursor(world)).toBe(4);
  });

  test("one that was heard before changes nothing", () => {
    const world = opened(4, message(4, "hello"));
    expect(hear(world, event(3, 4, { message: message(4, "older state") }))).toBe(world);
  });

  test("one that follows something missing is held until that has come", () => {
    let world = hear(opened(3), event(4, 5, { message: message(5, "second") }));
    expect(texts(world)).toEqual([]);
    expect(cursor(world)).toBe(3);
    world = hear(world, event(3, 4, { message: message(4, "first") }));
    expect(texts(world)).toEqual(["first", "second"]);
    expect(world.windows.get("town")!.held.size).toBe(0);
  });

  test("one that tells several changes as one counts from its prev", () => {
    const world = hear(opened(3), event(2, 6, { message: message(5, "edited since", 6) }));
    expect(cursor(world)).toBe(6);
  });

  test("more than can be held are let go, and sync is due", () => {
    let world = opened(3);
    for (let n = 0; n <= HOLD_AT_MOST; n++) world = hear(world, event(10 + n, 11 + n, { message: message(11 + n) }));
    expect(world.windows.get("town")!.held.size).toBe(HOLD_AT_MOST);
    expect(world.windows.get("town")!.behind).toBe(true);
  });

  test("a change of a message before the window only moves the cursor", () => {
    const far = page(100, Array.from({ length: 50 }, (_, n) => message(51 + n)));
    let world = subscribed(newWorld("ana"), "town", { since: null, asked: new Map(), limit: 50 }, far);
    world = hear(world, event(100, 101, { message: message(7, "edited", 101) }));
    expect(world.windows.get("town")!.messages).toHaveLength(50);
    expect(cursor(world)).toBe(101);
  });

  test("a reply in a thread stays out of the channel unless it was sent there too", () => {
    let world = hear(opened(3), event(3, 4, { message: { ...message(4, "aside"), thread_id: "m1" } }));
    world = hear(world, event(4, 5, { message: { ...message(5, "for all"), thread_id: "m1", also_to_channel: true } }));
    expect(texts(world)).toEqual(["for all"]);
  });

  test("the own removal purges the channel", () => {
    const world = hear(opened(3, message(2)), event(3, 4, { member: member("ana", 4, "now") }));
    expect(world.windows.has("town")).toBe(false);
  });
});

describe("answers", () => {
  test("an ack puts its message in and never moves the cursor", () => {
    const world = acknowledge(opened(3), message(9, "mine"));
    expect(texts(world)).toEqual(["mine"]);
    expect(cursor(world)).toBe(3);
  });

  test("an older state never replaces a newer one, whatever brings it", () => {
    const world = opened(9, message(4, "new", 9));
    expect(texts(installMessages(world, "town", [message(4, "old", 4)]))).toEqual(["new"]);
  });

  test("what changed since counts as one event, and what was held follows", () => {
    let world = hear(opened(3), event(6, 7, { message: message(7, "held") }));
    world = synced(world, "town", 3, { events: [event(3, 5, { message: message(5, "missed") })], seq: 6, limited: false });
    expect(texts(world)).toEqual(["missed", "held"]);
    expect(cursor(world)).toBe(7);
  });

  test("held events newer than the answer stay when there is still a gap", () => {
    let world = hear(opened(3), event(8, 9, { message: message(9, "later") }));
    world = synced(world, "town", 3, { events: [], seq: 6, limited: false });
    expect(cursor(world)).toBe(6);
    expect([...world.windows.get("town")!.held.keys()]).toEqual([9]);
  });

  test("an answer to an older question than what is held now is not applied: sync is due", () => {
    const lower = opened(3);
    const world = synced(lower, "town", 5, { events: [event(5, 6, { message: message(6) })], seq: 6, limited: false });
    expect(texts(world)).toEqual([]);
    expect(cursor(world)).toBe(3);
    expect(world.windows.get("town")!.behind).toBe(true);
  });

  test("a page replaces everything and sets the cursor back to where it was read", () => {
    const before = opened(9, message(4), message(9, "after the page"));
    const world = subscribed(before, "town", { since: null, asked: new Map(), limit: 50 }, page(5, [message(4, "page")]));
    expect(texts(world)).toEqual(["page"]);
    expect(cursor(world)).toBe(5);
    expect(world.windows.get("town")!.behind).toBe(true);
  });

  test("limited: the cached channel is forgotten, the answer is the latest page", () => {
    const answer = { ...page(300, [message(300, "latest")]), limited: true, more_before: true };
    const world = subscribed(opened(9, message(4)), "town", { since: 9, asked: new Map(), limit: 50 }, answer);
    expect(texts(world)).toEqual(["latest"]);
    expect(world.windows.get("town")!.low).toBe(300);
  });
});

describe("older pages", () => {
  const window = { ...emptyWindow, cursor: 90, low: 50, messages: [message(50)] };

  test("are put in front, and the cursor goes back to what they were read at", () => {
    const next = addOlder(window, 50, { messages: [message(48), message(49)], more: true, seq: 80 });
    expect(next.messages.map((message) => message.seq)).toEqual([48, 49, 50]);
    expect(next).toMatchObject({ low: 48, cursor: 80, behind: true });
  });

  test("never move the cursor forward", () => {
    expect(addOlder(window, 50, { messages: [], more: false, seq: 95 })).toMatchObject({ low: 0, cursor: 90, behind: false });
  });

  test("are dropped when the window has changed meanwhile", () => {
    expect(addOlder(window, 60, { messages: [message(59)], more: true, seq: 95 })).toBe(window);
  });
});

test("a renamed channel keeps who I am in it", () => {
  let world = setWindow({ ...newWorld("ana"), channels: new Map([["town", { ...channel("town"), role: "admin" as const }]]) }, "town", { ...emptyWindow, cursor: 3 });
  world = hear(world, event(3, 4, { channel: { ...channel("town"), name: "city", changed_seq: 4 } }));
  expect(world.channels.get("town")).toMatchObject({ name: "city", role: "admin" });
});
