// The objects of the protocol. The types are the server's own (wire.generated.ts); here is what the client adds to them.
import type { Actions, Channel as Row, Events, Me, Message, PersonalChannel, Replay, Subscribed, User } from "./wire.generated";

export type * from "./wire.generated";
export type {
  ActivityEvent as Activity,
  File as FileReference,
  Invite as InviteRow,
  NewInvite as Invite,
  Replay as StreamEvent,
  Session as SessionRow,
  Synced as SyncAnswer,
} from "./wire.generated";

/** What was told, as its name and its payload. */
export type Told = { [Name in keyof Events]: [event: Name, payload: Events[Name]] }[keyof Events];

/** The events that are numbered; told live or again, they are a StreamEvent. */
export const DURABLE_EVENTS = ["message", "channel", "member", "channel_joined", "channel_left", "read"] as const satisfies Replay["event"][];

/** Oneself; the e-mail address stands only in answers about oneself. */
export type Myself = User & Partial<Me>;

/** A channel as this client holds it: what is personal (my role: null when I am no member) may not be known yet. */
export type Channel = Row & Partial<PersonalChannel>;

/** Whether there is more before a page: without a word about it, a full page says so. */
export interface SubscribeAnswer extends Subscribed {
  more_before?: boolean;
}

/** What changes of messages are answered with. */
export type MessageAnswer = Actions["message" | "edit" | "delete" | "addReaction" | "removeReaction"]["answers"];

/** Whether a message stands in the channel itself; other replies stand in their thread only. */
export const inMainLine = (message: Message): boolean => !message.thread_id || message.also_to_channel;

export const isDirect = (channel: Channel): boolean => channel.kind === "dm" || channel.kind === "group_dm";
