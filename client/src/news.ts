// What is worth saying aloud of a channel that is open: messages of others that came at its end.
import type { Message } from "./wire";

/** Messages after this place, oldest first. Edits and older pages stand before it and are no news. */
export function newsAfter(messages: readonly Message[], seq: number, me: string): Message[] {
  const from = messages.findLastIndex((message) => message.seq <= seq) + 1;
  return messages.slice(from).filter((message) => message.user_id !== me && message.kind === "user" && !message.deleted_at);
}
