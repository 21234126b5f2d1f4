// The objects of the protocol (docs/protocol): what the server sends and what it is asked.

export interface User {
  id: string;
  username: string;
  display_name: string;
  role: "owner" | "admin" | "member" | "guest";
  kind: "person" | "bot";
  /** Only in answers about oneself. */
  email?: string | null;
  deactivated_at: string | null;
  created_at: string;
}

export interface Read {
  last_read_seq: number;
  unread: number;
  mentions: number;
  posted: number;
  seq: number;
}

export type ChannelKind = "public" | "private" | "dm" | "group_dm";
export type MemberRole = "owner" | "admin" | "member";

export interface Channel {
  id: string;
  kind: ChannelKind;
  name: string | null;
  topic: string;
  created_by: string | null;
  created_at: string;
  archived_at: string | null;
  changed_seq: number;
  seq?: number;
  posted?: number;
  user_ids: string[] | null;
  /** Only in personal answers: my role, or null when I am no member. */
  role?: MemberRole | null;
  read?: Read | null;
}

export interface Member {
  channel_id: string;
  user_id: string;
  role: MemberRole;
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

/** A file that lives elsewhere: imports carry its name and a link. */
export interface FileReference {
  id: string;
  name: string;
  mimetype: string;
  size: number | null;
  url: string | null;
}

export interface Message {
  id: string;
  channel_id: string;
  seq: number;
  changed_seq: number;
  rev: number;
  kind: "user" | "system";
  client_msg_id: string;
  user_id: string;
  text: string;
  thread_id: string | null;
  also_to_channel: boolean;
  reply_count: number;
  reactions: Reaction[];
  mentions: string[];
  everyone: boolean;
  files: FileReference[];
  created_at: string;
  edited_at: string | null;
  deleted_at: string | null;
}

export interface Invite {
  invite: string;
  url: string;
  expires_at: string;
}

export interface SessionRow {
  id: string;
  kind: "browser" | "token";
  name: string | null;
  user_agent: string | null;
  ip: string | null;
  created_at: string;
  last_seen_at: string | null;
  current: boolean;
}

export interface Hello {
  user: User;
  protocol: number;
  epoch: string;
  limits: Record<string, number>;
  server_time: string;
  channels: Channel[];
  stream: string;
  seq: number;
}

/** What a durable event tells: it stands in its stream between `prev` and `seq`. */
export interface StreamEvent {
  event: "message" | "channel" | "member" | "channel_joined" | "channel_left" | "read";
  stream: string;
  prev: number;
  seq: number;
  message?: Message;
  channel?: Channel;
  member?: Member;
  channel_id?: string;
  read?: Read;
}

export const DURABLE_EVENTS = ["message", "channel", "member", "channel_joined", "channel_left", "read"] as const;

export interface Activity {
  channel_id: string;
  seq: number;
  posted?: number;
  user_id?: string;
  mentions?: string[];
  everyone?: boolean;
  snippet?: string;
  deleted_seq?: number;
  edited_seq?: number;
}

export interface SubscribeAnswer {
  channel: Channel;
  members: Member[];
  seq: number;
  epoch: string;
  messages: Message[];
  limited: boolean;
  read: Read | null;
  more_before?: boolean;
}

export interface Changes {
  events: StreamEvent[];
  seq: number;
  limited: boolean;
  reset?: undefined;
  gone?: undefined;
}

export type StreamChanges =
  | Changes
  | { reset: true; seq: number; gone?: undefined }
  | { gone: true; reset?: undefined };

export interface SyncAnswer {
  epoch: string;
  streams: Record<string, StreamChanges>;
}

export interface MessagePage {
  messages: Message[];
  more_before: boolean;
  more_after: boolean;
  seq: number;
}

export interface MessageAnswer {
  message?: Message;
  seq: number;
  duplicate?: boolean;
  changed?: boolean;
}

/** Whether a message stands in the channel itself; other replies stand in their thread only. */
export const inMainLine = (message: Message): boolean => !message.thread_id || message.also_to_channel;

export const isDirect = (channel: Channel): boolean => channel.kind === "dm" || channel.kind === "group_dm";
