// The client rules of docs/delivery, one by one: what counts, what is held, what replaces.
import { describe, expect, test } from "vitest";
import { acknowledge, hear, installMessages, subscribed, synced } from "../../src/state/apply";
import { addPage, addThreadPage, emptyWindow, HOLD_AT_MOST, KEEP_READING, kept, openThread, upsertMessages } from "../../src/state/window";
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

  test("a state is newer by the number of its change, also when the text is the same", () => {
    const reactions = [{ emoji: "👍", count: 1, user_ids: ["bo"] }];
    const world = installMessages(opened(4, message(4)), "town", [{ ...message(4, "m4", 9), reactions }]);
    expect(world.windows.get("town")!.messages[0]!.reactions).toEqual(reactions);
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

const seqs = ({ messages }: { messages: readonly { seq: number }[] }) => messages.map(({ seq }) => seq);
const read = (from: number, to: number, more: [before: boolean, after: boolean], seq = 95) => ({
  messages: Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => message(from + n)),
  more_before: more[0],
  more_after: more[1],
  seq,
});

describe("pages", () => {
  const window = { ...emptyWindow, cursor: 90, low: 50, messages: [message(50)] };

  test("of older messages are put in front, and the cursor goes back to what they were read at", () => {
    const next = addPage(window, { before: 50 }, read(48, 49, [true, true], 80));
    expect(seqs(next)).toEqual([48, 49, 50]);
    expect(next).toMatchObject({ low: 48, high: Infinity, cursor: 80, behind: true });
  });

  test("never move the cursor forward", () => {
    expect(addPage(window, { before: 50 }, read(1, 0, [false, true]))).toMatchObject({ low: 0, cursor: 90, behind: false });
  });

  test("are dropped when the window has changed meanwhile", () => {
    expect(addPage(window, { before: 60 }, read(59, 59, [true, true]))).toBe(window);
    expect(addPage(window, { after: 60 }, read(61, 61, [true, true]))).toBe(window);
  });

  test("from elsewhere take the place of what was held; what comes new is not part of them", () => {
    const away = addPage(window, { around: 20 }, read(18, 22, [true, true]));
    expect(away).toMatchObject({ low: 18, high: 22 });
    expect(seqs(upsertMessages(away, [message(91)]))).toEqual([18, 19, 20, 21, 22]);
    const world = setWindow(newWorld("ana"), "town", away);
    const heard = hear(world, event(90, 91, { message: message(91) })).windows.get("town")!;
    expect(seqs(heard)).toEqual([18, 19, 20, 21, 22]);
    expect(heard.cursor).toBe(91);
  });

  test("of newer messages lead back to the newest", () => {
    const away = addPage(window, { around: 20 }, read(18, 22, [true, true]));
    const next = addPage(away, { after: 22 }, read(23, 30, [true, true]));
    expect(next).toMatchObject({ low: 18, high: 30 });
    expect(addPage(next, { after: 30 }, read(50, 50, [true, false]))).toMatchObject({ low: 18, high: Infinity });
  });

  test("push out what is farthest when too much is held", () => {
    const long = { ...window, low: 1001, messages: read(1001, 1000 + KEEP_READING, [true, false]).messages };
    const older = addPage(long, { before: 1001 }, read(951, 1000, [true, true]));
    expect(older.messages).toHaveLength(KEEP_READING);
    expect(older).toMatchObject({ low: 951, high: 950 + KEEP_READING });
    const newer = addPage(older, { after: older.high }, read(older.high + 1, older.high + 50, [true, false]));
    expect(newer.messages).toHaveLength(KEEP_READING);
    expect(newer).toMatchObject({ low: 1001, high: Infinity });
  });

  test("are cut when the channel is left, and a place far back is not kept", () => {
    const long = { ...window, low: 1, messages: read(1, 500, [true, false]).messages };
    expect(seqs(kept(long)!).at(0)).toBe(kept(long)!.low);
    expect(kept(long)!.messages.length).toBeLessThan(200);
    expect(kept({ ...long, high: 500 })).toBeNull();
  });
});

describe("threads", () => {
  const root = message(50, "who comes?");
  const reply = (seq: number, more = {}) => ({ ...message(seq), thread_id: root.id, ...more });
  const open = openThread({ ...emptyWindow, cursor: 90, low: 50, messages: [root] }, root.id);

  test("start with the message they answer, and hold nothing before their page has come", () => {
    expect(open.thread).toMatchObject({ root, messages: [] });
    expect(upsertMessages(open, [reply(91)]).thread!.messages).toEqual([]);
  });

  test("take their own page, then what is told; the channel takes only what was sent there too", () => {
    let window = addThreadPage(open, root.id, {}, { ...read(0, -1, [false, false]), messages: [reply(60)], root });
    window = upsertMessages(window, [reply(91), reply(92, { also_to_channel: true }), { ...root, reply_count: 3, changed_seq: 93 }]);
    expect(seqs(window.thread!)).toEqual([60, 91, 92]);
    expect(seqs(window)).toEqual([50, 92]);
    expect(window.thread!.root!.reply_count).toBe(3);
  });

  test("a page of another thread is not theirs", () => {
    expect(addThreadPage(open, "m7", {}, read(60, 60, [false, false]))).toBe(open);
  });

  test("are read anew after a page took the place of everything", () => {
    const world = subscribed(setWindow(newWorld("ana"), "town", open), "town", { since: null, asked: new Map(), limit: 50 }, page(99, []));
    expect(world.windows.get("town")!.thread).toMatchObject({ id: root.id, root: null, low: Infinity });
  });
});

test("a renamed channel keeps who I am in it", () => {
  let world = setWindow({ ...newWorld("ana"), channels: new Map([["town", { ...channel("town"), role: "admin" as const }]]) }, "town", { ...emptyWindow, cursor: 3 });
  world = hear(world, event(3, 4, { channel: { ...channel("town"), name: "city", changed_seq: 4 } }));
  expect(world.channels.get("town")).toMatchObject({ name: "city", role: "admin" });
});
