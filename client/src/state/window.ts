// One channel as this client holds it: a stretch of messages without holes, and a cursor in the channel's stream.
// Pure: every function takes a window and gives the next one. The rules are those of docs/delivery, "Client rules".
import { inMainLine, type Member, type Message, type StreamEvent } from "../wire";

export const HOLD_AT_MOST = 256;

export interface Window {
  /** Everything numbered up to here is in; -1: nothing was asked yet. */
  readonly cursor: number;
  /** Events that came before what they follow. */
  readonly held: ReadonlyMap<number, StreamEvent>;
  /** Something is known to be missing: `sync` is due. */
  readonly behind: boolean;
  /** Messages from this place on are held, without holes; 0: from the very first. */
  readonly low: number;
  readonly messages: readonly Message[];
  /** Who is and was in the channel; null: not asked for yet. */
  readonly members: ReadonlyMap<string, Member> | null;
}

export const emptyWindow: Window = {
  cursor: -1,
  held: new Map(),
  behind: false,
  low: Infinity,
  messages: [],
  members: null,
};

/** Put a message in its place, or a newer state of it over an older one. Never moves the cursor (rule 1). */
export function upsertMessages(window: Window, rows: readonly Message[]): Window {
  if (window.cursor < 0) return window;
  let messages = window.messages;
  for (const row of rows) {
    if (row.seq < window.low || !inMainLine(row)) continue;
    const at = placeOf(messages, row.seq);
    const present = messages[at];
    if (present?.id === row.id) {
      if (row.changed_seq > present.changed_seq) messages = messages.with(at, row);
    } else messages = messages.toSpliced(at, 0, row);
  }
  return messages === window.messages ? window : { ...window, messages };
}

/** The index of the message at this place, or where it belongs. */
function placeOf(messages: readonly Message[], seq: number): number {
  let from = 0;
  let to = messages.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (messages[middle]!.seq < seq) from = middle + 1;
    else to = middle;
  }
  return from;
}

export function upsertMember(window: Window, row: Member): Window {
  const present = window.members?.get(row.user_id);
  if (!window.members || (present && present.changed_seq >= row.changed_seq)) return window;
  return { ...window, members: new Map(window.members).set(row.user_id, row) };
}

/** Rule 1: whether an event is old, next, or too early. */
export function verdict(cursor: number, event: { prev: number; seq: number }): "old" | "next" | "early" {
  if (event.seq <= cursor) return "old";
  return event.prev <= cursor ? "next" : "early";
}

/** Keep an early event. When too many are kept it is let go: the sync that is due will bring its row. */
export function hold(held: ReadonlyMap<number, StreamEvent>, event: StreamEvent): ReadonlyMap<number, StreamEvent> {
  return held.size >= HOLD_AT_MOST ? held : new Map(held).set(event.seq, event);
}

/** What of the held can be dropped or applied now; `due` is the next one in order. */
export function release(
  held: ReadonlyMap<number, StreamEvent>,
  cursor: number,
): { due: StreamEvent | undefined; held: ReadonlyMap<number, StreamEvent> } {
  if (!held.size) return { due: undefined, held };
  const rest = new Map(held);
  for (const [seq, event] of [...held].sort(([a], [b]) => a - b)) {
    const says = verdict(cursor, event);
    if (says === "early") continue;
    rest.delete(seq);
    if (says === "next") return { due: event, held: rest };
  }
  return { due: undefined, held: rest };
}

/** An older page in front of the window: merged, and the cursor goes back to what the page was read at (rule 3). */
export function addOlder(window: Window, before: number, page: { messages: Message[]; more: boolean; seq: number }): Window {
  if (window.cursor < 0 || window.low !== before) return window;
  const low = page.more && page.messages.length ? page.messages[0]!.seq : 0;
  return heldBack(upsertMessages({ ...window, low }, page.messages), page.seq);
}

export function addMembers(window: Window, members: readonly Member[], seq: number): Window {
  if (window.cursor < 0) return window;
  const known = new Map(window.members);
  for (const row of members) {
    const present = known.get(row.user_id);
    if (!present || row.changed_seq > present.changed_seq) known.set(row.user_id, row);
  }
  return heldBack({ ...window, members: known }, seq);
}

/** A read is true at its number: what changed between it and the cursor may be older in it than it was here. */
const heldBack = (window: Window, seq: number): Window =>
  seq < window.cursor ? { ...window, cursor: seq, behind: true } : window;
