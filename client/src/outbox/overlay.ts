// A channel's messages as they will be once what waits in the outbox is through.
import type { Message, Reaction } from "../wire";
import type { Item } from "./item";

export interface Shown {
  message: Message;
  /** An edit, deletion or reaction of it is on its way. */
  pending: boolean;
  /** What was refused about it. */
  failed: readonly Item[];
}

// Always the same, so that a message without anything waiting is not drawn again.
const NOTHING: readonly Item[] = [];

export function overlay(messages: readonly Message[], items: readonly Item[], me: string): Shown[] {
  const changes = items.filter((item) => item.payload.message_id);
  if (!changes.length) return messages.map((message) => ({ message, pending: false, failed: NOTHING }));
  return messages.map((message) => {
    const mine = changes.filter((item) => item.payload.message_id === message.id);
    if (!mine.length) return { message, pending: false, failed: NOTHING };
    const queued = mine.filter((item) => item.state === "queued");
    const failed = mine.filter((item) => item.state === "failed");
    const shown = queued.reduce((shown, item) => change(shown, item, me), message);
    return { message: shown, pending: queued.length > 0, failed };
  });
}

/**
 * What was written here and is not there yet: in the channel itself, or in one of its threads. What was refused for a
 * thread stands in the channel too, since the thread may not be open.
 */
export function waiting(messages: readonly Message[], items: readonly Item[], channelId: string, me: string, thread?: string): Item[] {
  const here = ({ payload, state }: Item) =>
    payload.thread_id === thread || (!thread && (!!payload.also_to_channel || state === "failed"));
  const written = items.filter((item) => item.action === "message" && item.channel_id === channelId && here(item));
  if (!written.length) return written;
  const there = new Set(messages.filter(({ user_id }) => user_id === me).map((message) => message.client_msg_id));
  return written.filter((item) => !there.has(item.id));
}

function change(message: Message, { action, payload }: Item, me: string): Message {
  switch (action) {
    case "edit":
      return { ...message, text: payload.text ?? message.text };
    case "delete":
      return { ...message, text: "", reactions: [], files: [], deleted_at: message.deleted_at ?? message.created_at };
    case "addReaction":
      return { ...message, reactions: react(message.reactions, payload.emoji ?? "", me) };
    case "removeReaction":
      return { ...message, reactions: unreact(message.reactions, payload.emoji ?? "", me) };
    default:
      return message;
  }
}

function react(reactions: readonly Reaction[], emoji: string, me: string): Reaction[] {
  const present = reactions.find((reaction) => reaction.emoji === emoji);
  if (!present) return [...reactions, { emoji, count: 1, user_ids: [me] }];
  if (present.user_ids.includes(me)) return [...reactions];
  const more = { ...present, count: present.count + 1, user_ids: [...present.user_ids, me] };
  return reactions.map((reaction) => (reaction === present ? more : reaction));
}

function unreact(reactions: readonly Reaction[], emoji: string, me: string): Reaction[] {
  return reactions.flatMap((reaction) => {
    if (reaction.emoji !== emoji || !reaction.user_ids.includes(me)) return [reaction];
    const user_ids = reaction.user_ids.filter((id) => id !== me);
    return reaction.count > 1 ? [{ ...reaction, count: reaction.count - 1, user_ids }] : [];
  });
}
