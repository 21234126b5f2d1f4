// A history says how every cursor moved: which events were applied, in which order, and what was jumped over.
import { beforeEach, expect, test } from "vitest";
import { addPage } from "../../src/state/window";
import { setWindow } from "../../src/state/world";
import type { StreamEvent, SubscribeAnswer } from "../../src/wire";
import { event, member, message, page } from "../support/rows";
import * as apply from "./apply";
import type { History } from "./history";
import { Trace, TracedStore } from "./trace";

let lines: Record<string, unknown>[];
let store: TracedStore;

/** What was written of the town's stream: what, to which number, and by what. */
const way = () => lines.map(({ do: what, seq, cursor, via, changed_seq }) => [what, seq ?? cursor ?? changed_seq, via].filter((part) => part !== undefined));

const told = (seq: number): StreamEvent => event(seq - 1, seq, { message: message(seq) });
const hear = (event: StreamEvent) => store.change((world) => apply.hear(world, event));
const subscribed = (since: number | null, got: SubscribeAnswer) =>
  store.change((world) => apply.subscribed(world, "town", { since, asked: world.reads, limit: 50 }, got));

beforeEach(() => {
  lines = [];
  const history = { write: (line: Record<string, unknown>) => void lines.push(line) } as unknown as History;
  store = new TracedStore(new Trace(history, "web-1", "ana"));
  store.signIn({ id: "ana" } as never);
  subscribed(null, page(3, [message(2), message(3)]));
  lines.splice(0);
});

test("a first page: its rows, then the cursor", () => {
  subscribed(null, page(5, [message(4), message(5)]));
  expect(way()).toEqual([["row", 4, "page"], ["row", 5, "page"], ["cursor", 5, "page"], ["row", 1, "page"]]);
});

test("an event is applied; one that is old is not, and one that is too early only when its turn comes", () => {
  hear(told(4));
  hear(told(4));
  hear(told(6));
  expect(way()).toEqual([["applied", 4]]);
  hear(told(7));
  hear(told(5));
  expect(way().slice(1)).toEqual([["applied", 5], ["applied", 6], ["applied", 7]]);
  expect(lines.at(-1)).toMatchObject({ client: "web-1", user: "ana", stream: "town", prev: 6, row: "m7", name: "message", low: 0 });
});

test("what an answer brought is jumped to, and what was held follows", () => {
  hear(told(5));
  hear(told(7));
  hear(told(8));
  subscribed(3, page(6, [message(4), message(5), message(6)]));
  expect(way().slice(3, 6)).toEqual([["cursor", 6, "since"], ["applied", 7], ["applied", 8]]);
});

test("an answer of sync, and one that comes after what it tells", () => {
  hear(told(6));
  store.change((world) => apply.synced(world, "town", 3, { events: [told(4), told(5)], seq: 5, limited: false }));
  store.change((world) => apply.synced(world, "town", 3, { events: [told(4)], seq: 4, limited: false }));
  expect(way()).toEqual([["row", 4, "sync"], ["row", 5, "sync"], ["cursor", 5, "sync"], ["applied", 6]]);
});

test("an acknowledgement brings a row and moves no cursor", () => {
  store.change((world) => apply.acknowledge(world, message(4)));
  expect(way()).toEqual([["row", 4, "ack"]]);
});

test("a page that was read earlier takes the cursor back", () => {
  const older = { messages: [message(1)], more_before: false, more_after: false, seq: 2 };
  store.change((world) => setWindow(world, "town", addPage({ ...world.windows.get("town")!, low: 2 }, { before: 2 }, older)));
  expect(way()).toEqual([["row", 1, "page"], ["cursor", 2, "page"]]);
});

test("one's own removal is the last that is applied, and nothing is held any more", () => {
  hear(told(5));
  hear(event(3, 4, { member: member("ana", 4, "now") }));
  expect(way()).toEqual([["applied", 4], ["cursor", -1, "purge"]]);
});
