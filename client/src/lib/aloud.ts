// What is worth saying aloud of a channel that is open: messages of others that came at its end.
import type { Window } from "../state/window";
import type { Message } from "../wire";

/**
 * What came since the window's cursor stood there, oldest first. Edits and older pages stand before it and are no news.
 * By the cursor, not by the last message: the answer to one's own may come before what others wrote ahead of it.
 */
export function newsSince(cursor: number, window: Window, me: string): Message[] {
  const isNew = ({ seq }: Message) => seq > cursor && seq <= window.cursor;
  const isWorthIt = ({ user_id, kind, deleted_at }: Message) => user_id !== me && kind === "user" && !deleted_at;
  return window.messages.filter((message) => isNew(message) && isWorthIt(message));
}
