// One channel as this client holds it: stretches of messages without holes, and a cursor in the channel's stream.
// Pure: every function takes a window and gives the next one. The rules are those of docs/delivery, "Client rules".
import { inMainLine, type Member, type Message, type MessagePage, type StreamEvent } from "../wire";

export const HOLD_AT_MOST = 256;
/** Messages of one line that are held at most while someone reads far back, and when they have left the channel. */
export const KEEP_READING = 3_000;
export const KEEP_LEFT = 150;

/** A part of a line of messages that has no holes. */
export interface Stretch {
  /** Messages from this place on are held; 0: from the very first; Infinity: nothing is held yet. */
  readonly low: number;
  /** Messages up to this place are held; Infinity: up to the newest, and what comes. */
  readonly high: number;
  readonly messages: readonly Message[];
}

/** The thread that is open beside the channel. */
export interface Thread extends Stretch {
  readonly id: string;
  readonly root: Message | null;
}

export interface Window extends Stretch {
  /** Everything numbered up to here is in; -1: nothing was asked yet. */
  readonly cursor: number;
  /** Events that came before what they follow. */
  readonly held: ReadonlyMap<number, StreamEvent>;
  /** Something is known to be missing: `sync` is due. */
  readonly behind: boolean;
  readonly thread: Thread | null;
  /** Who is and was in the channel; null: not asked for yet. */
  readonly members: ReadonlyMap<string, Member> | null;
}

const NOTHING: Stretch = { low: Infinity, high: Infinity, messages: [] };

export const emptyWindow: Window = {
  ...NOTHING,
  cursor: -1,
  held: new Map(),
  behind: false,
  thread: null,
  members: null,
};

/** Put messages in their places, or newer states of them over older ones. Never moves the cursor (rule 1). */
export function upsertMessages(window: Window, rows: readonly Message[]): Window {
  if (window.cursor < 0) return window;
  const main = upsert(window, rows.filter(inMainLine));
  const thread = window.thread && upsertThread(window.thread, rows);
  return main === window && thread === window.thread ? window : { ...main, thread };
}

function upsertThread(thread: Thread, rows: readonly Message[]): Thread {
  const root = rows.findLast(({ id }) => id === thread.id);
  if (root && root.changed_seq > (thread.root?.changed_seq ?? 0)) thread = { ...thread, root };
  return upsert(thread, rows.filter(({ thread_id }) => thread_id === thread.id));
}

function upsert<Line extends Stretch>(line: Line, rows: readonly Message[]): Line {
  let { messages } = line;
  for (const row of rows) {
    if (row.seq < line.low || row.seq > line.high) continue;
    const at = placeOf(messages, row.seq);
    const present = messages[at];
    if (present?.id === row.id) {
      if (row.changed_seq > present.changed_seq) messages = messages.with(at, row);
    } else messages = at === messages.length ? [...messages, row] : messages.toSpliced(at, 0, row);
  }
  return messages === line.messages ? line : { ...line, messages };
}

/** The index of the message at this place, or where it belongs. */
export function placeOf(messages: readonly Message[], seq: number): number {
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

/** Which page of a line was asked for: next to what is held, or in its place. None of them: the newest. */
export type Place = { before: number } | { after: number } | { around: number } | Record<never, never>;

/** A page was read at its `seq`: merged or put in, and the cursor goes back to where it was read (rule 3). */
export function addPage(window: Window, place: Place, page: MessagePage): Window {
  if (window.cursor < 0) return window;
  const line = extended(window, place, page);
  return line ? heldBack(upsertMessages({ ...window, ...line }, page.messages), page.seq) : window;
}

export function addThreadPage(window: Window, id: string, place: Place, page: MessagePage): Window {
  if (window.cursor < 0 || window.thread?.id !== id) return window;
  const line = extended(window.thread, place, page);
  if (!line) return window;
  const rows = page.root ? [page.root, ...page.messages] : page.messages;
  return heldBack(upsertMessages({ ...window, thread: { ...window.thread, ...line } }, rows), page.seq);
}

/** How far a line reaches with a page, whose messages are not in yet; nothing where the page does not fit any more. */
function extended({ low, high, messages }: Stretch, place: Place, page: MessagePage): Stretch | null {
  const first = page.more_before && page.messages.length ? page.messages[0]!.seq : 0;
  const last = page.more_after && page.messages.length ? page.messages.at(-1)!.seq : Infinity;
  if ("before" in place) {
    if (place.before !== low) return null;
    const room = KEEP_READING - page.messages.length;
    if (messages.length <= room) return { low: first, high, messages };
    return { low: first, high: messages[room - 1]!.seq, messages: messages.slice(0, room) };
  }
  if ("after" in place) {
    if (place.after !== high) return null;
    const rest = messages.slice(-(KEEP_READING - page.messages.length));
    return { low: rest.length < messages.length ? rest[0]!.seq : low, high: last, messages: rest };
  }
  return { low: first, high: last, messages: [] };
}

export const openThread = (window: Window, id: string): Window =>
  window.thread?.id === id ? window : { ...window, thread: unread(id, window.messages.find((row) => row.id === id) ?? null) };

export const closeThread = (window: Window): Window => (window.thread ? { ...window, thread: null } : window);

/** A page takes the place of what was held, and so much may have changed that the thread has to be read anew. */
export const replaced = (window: Window, line: { cursor: number; low: number }): Window => ({
  ...window,
  ...NOTHING,
  ...line,
  behind: line.cursor < window.cursor,
  members: null,
  thread: window.thread && unread(window.thread.id, null),
});

const unread = (id: string, root: Message | null): Thread => ({ ...NOTHING, id, root });

/** What is kept of a channel that was left, to be shown at once when it is opened again; null: nothing that would fit. */
export function kept(window: Window): Window | null {
  if (window.cursor < 0 || window.high !== Infinity) return null;
  const messages = window.messages.slice(-KEEP_LEFT);
  const low = messages.length < window.messages.length ? messages[0]!.seq : window.low;
  return { ...window, low, messages, thread: null };
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
