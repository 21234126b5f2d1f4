// Generated from chat/schemas and chat/dispatch.py by `python3 dev.py docs`: change those, not this.
// Times are UTC, as ISO 8601 with milliseconds.

type KeysOf<Forms> = Forms extends unknown ? keyof Forms : never;

/** One of these forms. What only others have is not there, but can be asked for. */
type Either<Forms, Keys extends PropertyKey = KeysOf<Forms>> = Forms extends unknown
  ? Forms & { [Key in Exclude<Keys, keyof Forms>]?: undefined }
  : never;

export interface Error {
  code: string;
  message: string;
  retryable: boolean;
  retry_after_ms: number | null;
  field: string | null;
  incident?: string;
  data?: Record<string, unknown>;
}

export interface Failure {
  error: Error;
}

export interface User {
  id: string;
  username: string;
  display_name: string;
  role: "owner" | "admin" | "member" | "guest";
  kind: "person" | "bot";
  created_at: string;
  deactivated_at: string | null;
}

export interface Me extends User {
  email: string | null;
}

export interface Session {
  id: string;
  kind: "browser" | "token";
  name: string;
  user_agent: string;
  ip: string;
  created_at: string;
  last_seen_at: string;
  current: boolean;
}

/** An invite that can still be used. Of its channels those are named that the reader may know of. */
export interface Invite {
  id: string;
  created_by: string | null;
  created_at: string;
  expires_at: string;
  channel_ids: string[];
  claims_user_id: string | null;
}

/** What someone missed in a channel, and the moment (posted, seq) it was counted at. */
export interface Read {
  last_read_seq: number;
  unread: number;
  mentions: number;
  posted: number;
  seq: number;
}

/** A channel as everyone in it sees it; this form stands in broadcasts. */
export interface Channel {
  id: string;
  kind: "public" | "private" | "dm" | "group_dm";
  name: string | null;
  topic: string;
  created_by: string | null;
  created_at: string;
  archived_at: string | null;
  changed_seq: number;
  user_ids: string[] | null;
}

/** A channel as one person sees it: with their role there and what they missed. */
export interface PersonalChannel extends Channel {
  seq: number;
  posted: number;
  role: "owner" | "admin" | "member" | null;
  read: Read | null;
}

export interface Member {
  channel_id: string;
  user_id: string;
  role: "owner" | "admin" | "member";
  joined_at: string;
  left_at: string | null;
  changed_seq: number;
}

export interface Reaction {
  emoji: string;
  count: number;
  user_ids: string[];
  me?: boolean;
}

export interface File {
  id: string;
  name: string;
  mimetype: string;
  size: number | null;
  url: string | null;
}

/** The whole message as it is now. */
export interface Message {
  id: string;
  channel_id: string;
  seq: number;
  changed_seq: number;
  rev: number;
  posted: number | null;
  kind: "user" | "system";
  client_msg_id: string;
  user_id: string;
  text: string;
  thread_id: string | null;
  also_to_channel: boolean;
  reply_count: number;
  last_reply_at: string | null;
  reactions: Reaction[];
  mentions: string[];
  everyone: boolean;
  files: File[];
  pinned_at: string | null;
  created_at: string;
  edited_at: string | null;
  deleted_at: string | null;
}

export interface Revision {
  rev: number;
  text: string;
  replaced_at: string;
}

/** A change that has a number: `seq` is its place in the stream, `prev` the number told before it. */
export interface Durable {
  stream: string;
  prev: number;
  seq: number;
}

/** Created, edited, reacted to, deleted: the whole message as it is now. Append or replace by id. */
export interface MessageEvent extends Durable {
  message: Message;
}

/** Name, topic, archived …, as it is now. */
export interface ChannelEvent extends Durable {
  channel: Channel;
}

/** A membership as it is now: joined, left (`left_at`), role. */
export interface MemberEvent extends Durable {
  member: Member;
}

/** Own stream: a channel appeared. */
export interface ChannelJoinedEvent extends Durable {
  channel: Channel;
}

/** Own stream: a channel vanished, purge it. */
export interface ChannelLeftEvent extends Durable {
  channel_id: string;
}

/** Own stream: how far one has read, and the counts. */
export interface ReadEvent extends Durable {
  channel_id: string;
  read: Read;
}

/** After CONNECT; `stream` and `seq` are the own stream's. */
export interface Hello {
  user: Me;
  protocol: number;
  epoch: string;
  limits: Record<string, number>;
  server_time: string;
  channels: PersonalChannel[];
  stream: string;
  seq: number;
  /** There are more channels than these: take the whole list from `GET /channels`. */
  truncated?: boolean;
}

/** Something happened in a channel; `seq` is the number of the event that those who look were told. */
export interface News {
  channel_id: string;
  seq: number;
}

/** A main-line message of a person; `posted` counts it, so that a client can add one. */
export interface NewMessage extends News {
  posted: number;
  user_id: string;
  mentions: string[];
  everyone: boolean;
  snippet: string;
}

/** A message is gone, the one in this place; counts may be lower. */
export interface DeletedMessage extends News {
  deleted_seq: number;
}

/** The message in this place names other people now; counts of mentions may differ. */
export interface EditedMessage extends News {
  edited_seq: number;
}

/** To members who do not look: a new main-line message; or one was deleted or edited, so ask for the count. */
export type ActivityEvent = Either<
  | NewMessage
  | DeletedMessage
  | EditedMessage
>;

/** The full list of who writes: replace. */
export interface TypingEvent {
  channel_id: string;
  user_ids: string[];
  thread_id?: string;
}

/** Every 25 s: the number of every stream that the server follows for this connection, and of no other. */
export type HeadsEvent = Record<string, number>;

/** Someone, and whether they are there. */
export interface Presence {
  id: string;
  status: string;
}

/** Reserved, not told yet: who is there. */
export interface PresenceEvent {
  users: Presence[];
}

/** The server restarts and is about to hang up; come back after so long, which is another time for everyone. */
export interface GoodbyeEvent {
  reason: string;
  reconnect_after_ms: number;
}

export interface MessageReplay extends MessageEvent {
  event: "message";
}

export interface ChannelReplay extends ChannelEvent {
  event: "channel";
}

export interface MemberReplay extends MemberEvent {
  event: "member";
}

export interface ChannelJoinedReplay extends ChannelJoinedEvent {
  event: "channel_joined";
}

export interface ChannelLeftReplay extends ChannelLeftEvent {
  event: "channel_left";
}

export interface ReadReplay extends ReadEvent {
  event: "read";
}

/** A durable event told again, in an answer: its name stands beside what it tells. */
export type Replay = Either<
  | MessageReplay
  | ChannelReplay
  | MemberReplay
  | ChannelJoinedReplay
  | ChannelLeftReplay
  | ReadReplay
>;

/** Nothing but that it was done. */
export type Empty = Record<string, never>;

export interface AMessage {
  message: Message;
}

/** A message that was sent; a repeat by someone who left since carries its id only. */
export interface Sent {
  message?: Message;
  id?: string;
  seq: number;
  duplicate: boolean;
}

export interface Changed extends AMessage {
  seq: number;
  changed: boolean;
}

export interface Revisions {
  revisions: Revision[];
}

export interface MessagePage {
  messages: Message[];
  /** Of a thread's page: the message that it answers. */
  root?: Message;
  more_before: boolean;
  more_after: boolean;
  seq: number;
}

export interface Subscribed {
  channel: PersonalChannel;
  members: Member[];
  seq: number;
  epoch: string;
  messages: Message[];
  limited: boolean;
  read: Read | null;
}

/** What a stream told after the cursor. `limited`: more than fits, so take the latest page instead. */
export interface Changes {
  events: Replay[];
  seq: number;
  limited: boolean;
}

/** The cursor is of another history: take the latest page. */
export interface Reset {
  reset: true;
  seq: number;
}

/** A stream that is not there, or not for this person. */
export interface Gone {
  gone: true;
}

/** One stream's part of the answer to `sync`. */
export type StreamChanges = Either<
  | Changes
  | Reset
  | Gone
>;

export interface Synced {
  epoch: string;
  streams: Record<string, StreamChanges>;
}

export interface AReadCursor {
  read: Read;
}

export interface Pong {
  server_time: string;
  heads: Record<string, number>;
}

export interface AMe {
  user: Me;
}

export interface SignedIn extends AMe {
  csrf_token: string;
}

/** A page of a list. */
export interface Page {
  /** `after` of the next page; null: this is the last. */
  next: string | null;
}

export interface Sessions extends Page {
  sessions: Session[];
}

export interface NewToken {
  token: string;
  session: Session;
}

export interface NewTicket {
  ticket: string;
  expires_in: number;
}

export interface Invites extends Page {
  invites: Invite[];
}

export interface NewInvite {
  id: string;
  invite: string;
  url: string;
  expires_at: string;
}

export interface Users extends Page {
  users: User[];
}

export interface Channels extends Page {
  channels: PersonalChannel[];
  stream: string;
  seq: number;
}

export interface AChannel {
  channel: PersonalChannel;
}

export interface Members {
  members: Member[];
  seq: number;
  /** `after` of the next page; null: this is the last. */
  next: number | null;
}

export interface AMember {
  member: Member;
}

/** No arguments. */
export type NothingParams = Record<string, never>;

export interface ListingParams {
  /** `next` of the page before; without it, the first page. */
  after?: string;
  /** Entries in a page; 500 without. */
  limit?: number;
}

export interface InChannelParams {
  channel_id: string;
}

export interface OfMessageParams {
  message_id: string;
}

export interface SubscribeParams extends InChannelParams {
  /** The cursor: the last number applied. Without it, the latest page. */
  since?: number;
  /** The epoch that `since` belongs to. */
  epoch?: string;
  /** Messages in a page; 50 without. */
  limit?: number;
}

export interface SendParams extends InChannelParams {
  client_msg_id: string;
  /** 1 to 4,000 characters after trimming. */
  text?: string;
  file_ids?: string[];
  thread_id?: string | null;
  also_to_channel?: boolean;
}

export interface EditParams extends OfMessageParams {
  /** 1 to 4,000 characters after trimming. */
  text: string;
  /** The revision that was edited; another present one is a conflict. */
  base_rev?: number;
}

export interface ReactParams extends OfMessageParams {
  /** One Unicode emoji, or `:name:`. */
  emoji: string;
}

export interface SyncParams {
  cursors: Record<string, number>;
  epoch?: string;
}

export interface MarkReadParams extends InChannelParams {
  /** Clamped to 0 … the stream's head. */
  seq: number;
  /** true: the cursor may go back. */
  unread?: boolean;
}

export interface TypingParams extends InChannelParams {
  on: boolean;
  thread_id?: string | null;
}

export interface PageParams extends InChannelParams {
  before?: number;
  after?: number;
  around?: number;
  thread_id?: string;
  limit?: number;
}

export interface SignUpParams {
  username: string;
  display_name: string;
  password: string;
  email?: string | null;
  invite?: string | null;
}

export interface SignInParams {
  /** Username or e-mail address. */
  login: string;
  password: string;
}

export interface OfSessionParams {
  session_id: string;
}

export interface ChangePasswordParams {
  current_password: string;
  password: string;
}

export interface CreateTokenParams {
  name: string;
}

/** What a ticket says of itself, once its signature was found right. */
export interface UseTicketParams {
  ticket_id: string;
  expires_at: number;
  version: number;
}

export interface OpenConnectionParams extends UseTicketParams {
  connection_id: string;
  /** Connections that one person may have; 0: any number. */
  at_most: number;
}

export interface CreateInviteParams {
  channel_ids?: string[];
  /** Seconds; a week without. */
  expires_in?: number;
}

export interface ListInvitesParams extends ListingParams {
  /** Invites in a page; 100 without. */
  limit?: number;
}

export interface OfInviteParams {
  invite_id: string;
}

export interface UpdateMeParams {
  display_name?: string;
  email?: string;
}

export interface CreateChannelParams {
  name: string;
  kind: "public" | "private";
  topic?: string;
}

export interface UpdateChannelParams extends InChannelParams {
  name?: string;
  topic?: string;
  kind?: "public" | "private";
}

export interface ListMembersParams extends InChannelParams {
  /** `next` of the page before; without it, the first page. */
  after?: number;
  /** Members in a page; 500 without. */
  limit?: number;
}

export interface OfMemberParams extends InChannelParams {
  user_id: string;
}

export interface OpenConversationParams {
  user_ids: string[];
}

/** What can be asked over a connection. */
export interface Actions {
  subscribe: { asks: SubscribeParams; answers: Subscribed };
  unsubscribe: { asks: InChannelParams; answers: Empty };
  message: { asks: SendParams; answers: Sent };
  edit: { asks: EditParams; answers: Changed };
  delete: { asks: OfMessageParams; answers: Changed };
  addReaction: { asks: ReactParams; answers: Changed };
  removeReaction: { asks: ReactParams; answers: Changed };
  sync: { asks: SyncParams; answers: Synced };
  markRead: { asks: MarkReadParams; answers: AReadCursor };
  typing: { asks: TypingParams; answers: Empty };
  ping: { asks: NothingParams; answers: Pong };
}

/** What is told over a connection. */
export interface Events {
  message: MessageEvent;
  channel: ChannelEvent;
  member: MemberEvent;
  channel_joined: ChannelJoinedEvent;
  channel_left: ChannelLeftEvent;
  read: ReadEvent;
  hello: Hello;
  activity: ActivityEvent;
  typing: TypingEvent;
  presence: PresenceEvent;
  heads: HeadsEvent;
  goodbye: GoodbyeEvent;
}
