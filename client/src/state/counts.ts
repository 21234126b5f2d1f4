// Unread and mention counts: told with the moment they were counted at, so that an older one never wins.
import { inMainLine, type Activity, type Message, type Read } from "../wire";
import type { Window } from "./window";

export interface Told {
  read: Read | undefined;
  /** The count is not certain any more: ask for it. */
  ask: boolean;
}

/** A count that was answered. `fresh`: nothing else was heard of it since it was asked for. */
export function answered(known: Read | undefined, news: Read, fresh: boolean): Told {
  if (!known || fresh) return { read: news, ask: false };
  if (news.posted === known.posted && news.seq === known.seq) return { read: known, ask: differs(known, news) };
  if (news.posted >= known.posted && news.seq >= known.seq) return { read: news, ask: false };
  const older = news.posted <= known.posted && news.seq <= known.seq;
  return { read: known, ask: !older };
}

/** A count told on the own stream, after a channel was marked. Marks come in order; messages may have passed them. */
export function marked(known: Read | undefined, news: Read): Told {
  if (!known || (news.posted >= known.posted && news.seq >= known.seq)) return { read: news, ask: false };
  return { read: known, ask: news.last_read_seq !== known.last_read_seq };
}

const differs = (a: Read, b: Read): boolean =>
  a.unread !== b.unread || a.mentions !== b.mentions || a.last_read_seq !== b.last_read_seq;

/** A new message in a channel that is not open. */
export function counted(known: Read | undefined, activity: Activity, me: string): Told {
  const { posted, seq, user_id } = activity;
  if (!known || posted === undefined) return { read: known, ask: true };
  if (posted <= known.posted) return { read: known, ask: false };
  if (posted !== known.posted + 1) return { read: known, ask: true };
  // `seq` stays: what else happened up to this message was not counted.
  const next = { ...known, posted };
  // Sending moves the own cursor.
  if (user_id === me) return { read: { ...next, last_read_seq: seq, unread: 0, mentions: 0, seq }, ask: false };
  const mentioned = activity.everyone || activity.mentions?.includes(me);
  const mentions = known.mentions + (mentioned ? 1 : 0);
  return { read: { ...next, unread: known.unread + 1, mentions }, ask: false };
}

/** An own message: whatever stood before it is read, unless that was counted later already. */
export function sent(known: Read | undefined, message: Message): Read | undefined {
  if (!known || message.seq <= known.last_read_seq || message.seq <= known.seq) return known;
  return { ...known, last_read_seq: message.seq, unread: 0, mentions: 0, seq: message.seq };
}

export interface Badge {
  unread: number;
  mentions: number;
}

export const isUnread = (message: Message, after: number, me: string): boolean =>
  message.seq > after && message.user_id !== me && message.kind === "user" && !message.deleted_at && inMainLine(message);

/** What the open channel's own messages say, where they reach far enough; exact at every moment. */
export function countWindow(window: Window, after: number, me: string): Badge | null {
  if (window.cursor < 0 || window.low > after + 1 || window.high !== Infinity) return null;
  const unread = window.messages.filter((message) => isUnread(message, after, me));
  return { unread: unread.length, mentions: unread.filter((m) => m.everyone || m.mentions.includes(me)).length };
}
