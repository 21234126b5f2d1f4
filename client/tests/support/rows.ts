// Rows and events as the server would send them.
import type { Channel, Member, Message, StreamEvent, SubscribeAnswer } from "../../src/wire";

const ISO = "2026-01-01T00:00:00.000Z";

export const message = (seq: number, text = `m${seq}`, changed_seq = seq): Message => ({
  id: `m${seq}`,
  channel_id: "town",
  seq,
  changed_seq,
  rev: 1,
  posted: seq,
  kind: "user",
  client_msg_id: `c${seq}`,
  user_id: "bo",
  text,
  thread_id: null,
  also_to_channel: false,
  reply_count: 0,
  last_reply_at: null,
  reactions: [],
  mentions: [],
  everyone: false,
  files: [],
  pinned_at: null,
  created_at: ISO,
  edited_at: null,
  deleted_at: null,
});

export const channel = (id: string): Channel => ({
  id,
  kind: "public",
  name: id,
  topic: "",
  created_by: "bo",
  created_at: ISO,
  archived_at: null,
  changed_seq: 1,
  user_ids: null,
});

export const member = (user_id: string, changed_seq: number, left_at: string | null = null): Member => ({
  channel_id: "town",
  user_id,
  role: "member",
  joined_at: ISO,
  left_at,
  changed_seq,
});

export const event = (prev: number, seq: number, body: Pick<StreamEvent, "message" | "member" | "channel">): StreamEvent => ({
  event: body.message ? "message" : body.member ? "member" : "channel",
  stream: "town",
  prev,
  seq,
  ...body,
}) as StreamEvent;

export const page = (seq: number, messages: Message[]): SubscribeAnswer => ({
  channel: { ...channel("town"), seq, posted: seq, role: "member", read: null },
  members: [],
  seq,
  epoch: "1",
  messages,
  limited: false,
  read: null,
});
