// A small server that keeps the promises of docs/delivery, with a wire that does not: frames of one connection
// are lost, doubled, delayed and overtaken. What it holds is what every client must come to hold.
import { signal } from "@preact/signals";
import type { Rest } from "../../src/api";
import { NO_ANSWER, OFFLINE, Refusal } from "../../src/transport/refusal";
import type { Transport, TransportState } from "../../src/transport/transport";
import type { Channel, Member, Message, Read, StreamEvent, Told, User } from "../../src/wire";
import type { Random } from "./random";

const ISO = "2026-01-01T00:00:00.000Z";
const LIMIT = 8;

export const person = (id: string): User => ({
  id,
  username: id,
  display_name: id.toUpperCase(),
  role: "member",
  kind: "person",
  deactivated_at: null,
  created_at: ISO,
});

type Mark = { channel_id: string; last_read_seq: number; own_seq: number };
type Row = { own_seq: number; member: Member };

interface State {
  epoch: number;
  heads: Map<string, number>;
  posted: Map<string, number>;
  channels: Map<string, Channel>;
  messages: Map<string, Message>;
  members: Map<string, Row>;
  marks: Map<string, Mark>;
}

interface Frame {
  /** The stream of a durable event: only those can be lost or doubled. */
  stream: string | null;
  deliver(): void;
}

export class Server {
  state: State = {
    epoch: 1,
    heads: new Map([["own", 0]]),
    posted: new Map(),
    channels: new Map(),
    messages: new Map(),
    members: new Map(),
    marks: new Map(),
  };
  wire: FakeTransport | null = null;
  frames: Frame[] = [];
  rooms = new Set<string>();
  lost = new Set<string>();
  pages: (() => void)[] = [];
  /** What the next asking of an action, or of a path over REST, is refused with. */
  readonly refusals = new Map<string, Refusal>();
  loseNextAnswer = false;
  /** Channels in a hello and in a page of the list. */
  perPage = Infinity;
  private ids = 0;

  constructor(readonly me = "ana") {}

  // What people do

  channel(id: string, kind: Channel["kind"] = "public", users = [this.me, "bo"]): string {
    this.state.heads.set(id, 0);
    this.state.posted.set(id, 0);
    const row: Channel = {
      id, kind, name: id, topic: "", created_by: "bo", created_at: ISO, archived_at: null, changed_seq: 0, user_ids: null,
    };
    this.state.channels.set(id, row);
    this.topic(id, "");
    for (const user of users) this.join(id, user);
    return id;
  }

  topic(id: string, topic: string): void {
    const row = { ...this.state.channels.get(id)!, topic, changed_seq: this.number(id) };
    this.state.channels.set(id, row);
    this.tell({ event: "channel", stream: id, channel: row });
  }

  join(id: string, user: string): void {
    this.membership(id, user, null);
  }

  leave(id: string, user: string): void {
    this.membership(id, user, ISO);
  }

  isIn(id: string, user: string): boolean {
    const row = this.state.members.get(`${id}/${user}`);
    return !!row && !row.member.left_at;
  }

  mayRead(id: string): boolean {
    return this.state.channels.get(id)?.kind === "public" || this.isIn(id, this.me);
  }

  post(id: string, user: string, text = "", client = "", mentions: string[] = []): Message {
    const seq = this.number(id);
    const posted = this.state.posted.get(id)! + 1;
    const message: Message = {
      id: `m${this.state.epoch}.${++this.ids}`,
      channel_id: id, seq, changed_seq: seq, rev: 1, posted, kind: "user", client_msg_id: client || `c${this.ids}`, user_id: user, text,
      thread_id: null, also_to_channel: false, reply_count: 0, last_reply_at: null, reactions: [], mentions, everyone: false, files: [],
      pinned_at: null, created_at: ISO, edited_at: null, deleted_at: null,
    };
    this.state.messages.set(message.id, message);
    this.state.posted.set(id, posted);
    if (user === this.me && this.state.marks.has(id)) this.state.marks.set(id, { ...this.state.marks.get(id)!, last_read_seq: seq });
    this.tell({ event: "message", stream: id, message });
    const activity = { channel_id: id, seq, posted, user_id: user, mentions, everyone: false, snippet: text };
    if (!this.rooms.has(id) && this.isIn(id, this.me)) this.send("activity", activity);
    return message;
  }

  /** A reply takes two numbers: its own, then its root's. */
  reply(root: Message, user: string, text: string): void {
    const id = root.channel_id;
    const seq = this.number(id);
    const message: Message = { ...root, id: `m${this.state.epoch}.${++this.ids}`, seq, changed_seq: seq, rev: 1, client_msg_id: `c${this.ids}`,
      user_id: user, text, thread_id: root.id, reply_count: 0, reactions: [], mentions: [], deleted_at: null };
    this.state.messages.set(message.id, message);
    this.tell({ event: "message", stream: id, message });
    const row = { ...this.state.messages.get(root.id)!, reply_count: root.reply_count + 1, changed_seq: this.number(id) };
    this.state.messages.set(row.id, row);
    this.tell({ event: "message", stream: id, message: row });
  }

  change(message: Message, change: Partial<Message>): void {
    const id = message.channel_id;
    const row = { ...this.state.messages.get(message.id)!, ...change, changed_seq: this.number(id) };
    this.state.messages.set(row.id, row);
    this.tell({ event: "message", stream: id, message: row });
    if (row.thread_id) return;
    const seen = { channel_id: id, seq: row.changed_seq, ...(row.deleted_at ? { deleted_seq: row.seq } : { edited_seq: row.seq }) };
    if (!this.rooms.has(id) && this.isIn(id, this.me)) this.send("activity", seen);
  }

  mark(id: string, seq: number): void {
    if (!this.isIn(id, this.me)) return;
    const mark = { channel_id: id, last_read_seq: seq, own_seq: this.number("own") };
    this.state.marks.set(id, mark);
    this.tell({ event: "read", stream: "own", channel_id: id, read: this.read(id) }, mark.own_seq);
  }

  restore(state: State): void {
    this.state = { ...state, epoch: this.state.epoch + 1 };
    this.wire?.cut();
  }

  snapshot(): State {
    const { epoch, heads, posted, channels, messages, members, marks } = this.state;
    return {
      epoch, heads: new Map(heads), posted: new Map(posted), channels: new Map(channels), messages: new Map(messages),
      members: new Map(members), marks: new Map(marks),
    };
  }

  // What it shows

  read(id: string): Read {
    const { last_read_seq } = this.state.marks.get(id) ?? { last_read_seq: 0 };
    const unread = this.messages(id).filter((m) => m.seq > last_read_seq && m.user_id !== this.me && !m.deleted_at);
    return {
      last_read_seq,
      unread: unread.length,
      mentions: unread.filter((m) => m.mentions.includes(this.me)).length,
      posted: this.state.posted.get(id)!,
      seq: this.state.heads.get(id)!,
    };
  }

  /** The channel itself, or one of its threads. */
  messages(id: string, thread: string | null = null): Message[] {
    return this.all(id).filter((m) => m.thread_id === thread);
  }

  all(id: string): Message[] {
    return [...this.state.messages.values()].filter((m) => m.channel_id === id).sort((a, b) => a.seq - b.seq);
  }

  members(id: string): Member[] {
    return [...this.state.members.values()].map((row) => row.member).filter((member) => member.channel_id === id);
  }

  personal(id: string): Channel {
    const mine = this.isIn(id, this.me);
    const row = this.state.channels.get(id)!;
    return { ...row, seq: this.state.heads.get(id)!, role: mine ? "member" : null, read: mine ? this.read(id) : null };
  }

  mine(): string[] {
    return [...this.state.channels.keys()].filter((id) => this.isIn(id, this.me));
  }

  // What it answers

  answer(action: string, payload: any): unknown {
    const { state } = this;
    this.refuse(action);
    const id = payload.channel_id as string;
    if (action === "subscribe") return this.subscribe(payload);
    if (action === "unsubscribe") return (this.unsubscribe(id), {});
    if (action === "sync") {
      const entries = Object.entries(payload.cursors as Record<string, number>);
      return { epoch: String(state.epoch), streams: Object.fromEntries(entries.map(([s, since]) => [s, this.changes(s, since, payload.epoch)])) };
    }
    if (action === "message") {
      const same = this.all(id).find((m) => m.user_id === this.me && m.client_msg_id === payload.client_msg_id);
      if (!same && !this.isIn(id, this.me)) throw new Refusal({ code: "not_in_channel", message: "You are not in this channel." });
      const message = same ?? this.post(id, this.me, payload.text, payload.client_msg_id);
      return { message, seq: message.changed_seq, duplicate: !!same };
    }
    if (action === "edit" || action === "delete") {
      const message = state.messages.get(payload.message_id)!;
      this.change(message, action === "edit" ? { text: payload.text, rev: message.rev + 1 } : { text: "", deleted_at: ISO });
      return { message: state.messages.get(message.id), seq: 0, changed: true };
    }
    return {};
  }

  get(path: string): unknown {
    this.refuse(path);
    const [address, asking] = path.split("?");
    const [, , id, what] = address!.split("/");
    if (!id) return this.list(new URLSearchParams(asking).get("after") ?? "");
    if (!this.state.channels.has(id) || !this.mayRead(id)) throw new Refusal({ code: "channel_not_found", message: "No such channel." });
    const seq = this.state.heads.get(id)!;
    if (what === "members") return { members: this.members(id), seq };
    if (what !== "messages") return { channel: this.personal(id) };
    const asked = Object.fromEntries(new URLSearchParams(asking));
    const thread = asked.thread_id ?? null;
    const root = thread ? this.state.messages.get(thread) : undefined;
    if (thread && !root) throw new Refusal({ code: "thread_not_found", message: "No such thread." });
    return { ...this.page(this.messages(id, thread), asked), seq, ...(root && { root }) };
  }

  private list(after: string): unknown {
    const ids = [...this.state.channels.keys()].filter((id) => this.mayRead(id) && id > after).sort();
    const shown = ids.slice(0, this.perPage);
    const next = shown.length < ids.length ? shown.at(-1) : null;
    return { channels: shown.map((id) => this.personal(id)), stream: "own", seq: this.state.heads.get("own"), next };
  }

  private refuse(asked: string): void {
    const refusal = this.refusals.get(asked);
    if (this.refusals.delete(asked)) throw refusal;
  }

  private page(line: Message[], { before, after, around }: Record<string, string>) {
    let from = line.length - LIMIT;
    if (before) from = line.filter((m) => m.seq < Number(before)).length - LIMIT;
    if (after) from = line.filter((m) => m.seq <= Number(after)).length;
    if (around) from = line.filter((m) => m.seq < Number(around)).length - LIMIT / 2;
    const to = from + LIMIT;
    return { messages: line.slice(Math.max(0, from), Math.max(0, to)), more_before: from > 0, more_after: to < line.length };
  }

  hello(): unknown {
    const { epoch, heads } = this.state;
    const mine = this.mine().sort();
    const channels = mine.slice(0, this.perPage).map((id) => this.personal(id));
    const more = channels.length < mine.length ? { truncated: true } : {};
    return { user: person(this.me), protocol: 1, epoch: String(epoch), limits: { text: 4000 }, server_time: ISO, channels, stream: "own", seq: heads.get("own"), ...more };
  }

  heads(): void {
    const followed = ["own", ...this.rooms];
    this.send("heads", Object.fromEntries(followed.map((id) => [id, this.state.heads.get(id)!])));
  }

  /** One frame on its way arrives, is lost or arrives twice. */
  step(random: Random, faults: boolean): void {
    if (!this.frames.length) return;
    const at = faults && random.chance(0.3) ? random.below(this.frames.length) : 0;
    const frame = this.frames[at]!;
    if (faults && frame.stream && random.chance(0.06)) this.lose(frame.stream);
    else frame.deliver();
    if (!(faults && frame.stream && random.chance(0.06))) this.frames.splice(this.frames.indexOf(frame), 1);
  }

  send(event: string, payload: unknown, stream: string | null = null): void {
    const wire = this.wire;
    if (wire) this.frames.push({ stream, deliver: () => wire.emit(event, payload) });
  }

  private unsubscribe(id: string): void {
    this.rooms.delete(id);
    if (this.lost.delete(id)) this.lose(id);
  }

  /** What was not told while someone was looking is told as activity afterwards. */
  private lose(id: string): void {
    if (this.rooms.has(id)) this.lost.add(id);
    else if (this.isIn(id, this.me)) this.send("activity", { channel_id: id, seq: this.state.heads.get(id), edited_seq: 1 });
  }

  private subscribe({ channel_id: id, since, epoch }: any): unknown {
    if (!this.state.channels.has(id) || !this.mayRead(id)) {
      this.rooms.delete(id);
      throw new Refusal({ code: "channel_not_found", message: "No such channel." });
    }
    this.rooms.add(id);
    const seq = this.state.heads.get(id)!;
    const base = { channel: this.personal(id), seq, epoch: String(this.state.epoch), read: this.isIn(id, this.me) ? this.read(id) : null };
    const changed = this.all(id).filter((m) => m.changed_seq > since);
    const members = this.members(id).filter((m) => m.changed_seq > since);
    const range = since !== undefined && epoch === base.epoch && since <= seq && changed.length + members.length <= LIMIT;
    if (range) return { ...base, messages: changed, members, limited: false };
    const all = this.messages(id);
    return { ...base, messages: all.slice(-LIMIT), members: [], limited: since !== undefined, more_before: all.length > LIMIT };
  }

  private changes(id: string, since: number, epoch: string): unknown {
    const seq = this.state.heads.get(id)!;
    if (epoch !== String(this.state.epoch) || since > seq) return { reset: true, seq };
    if (id !== "own" && !this.mayRead(id)) return { gone: true };
    const events = (id === "own" ? this.ownRows() : this.rows(id)).filter((row) => row.seq > since).sort((a, b) => a.seq - b.seq);
    if (events.length > LIMIT) return { events: [], seq, limited: true };
    return { events, seq, limited: false };
  }

  private rows(id: string): StreamEvent[] {
    const at = (seq: number) => ({ stream: id, prev: seq - 1, seq });
    const channel = this.state.channels.get(id)!;
    return [
      { event: "channel", ...at(channel.changed_seq), channel },
      ...this.all(id).map((message): StreamEvent => ({ event: "message", ...at(message.changed_seq), message })),
      ...this.members(id).map((member): StreamEvent => ({ event: "member", ...at(member.changed_seq), member })),
    ];
  }

  private ownRows(): StreamEvent[] {
    const mine = [...this.state.members.values()].filter((row) => row.member.user_id === this.me);
    const marks = [...this.state.marks.values()].filter((mark) => mark.own_seq && this.isIn(mark.channel_id, this.me));
    return [
      ...mine.map(({ own_seq, member }) => this.ownEvent(own_seq, member)),
      ...marks.map(({ own_seq, channel_id }): StreamEvent => ({ event: "read", stream: "own", prev: own_seq - 1, seq: own_seq, channel_id, read: this.read(channel_id) })),
    ];
  }

  private ownEvent(seq: number, { channel_id, left_at }: Member): StreamEvent {
    const at = { stream: "own", prev: seq - 1, seq };
    if (left_at) return { event: "channel_left", ...at, channel_id };
    return { event: "channel_joined", ...at, channel: this.state.channels.get(channel_id)! };
  }

  private membership(id: string, user: string, left_at: string | null): void {
    const seq = this.number(id);
    const own_seq = user === this.me ? this.number("own") : 0;
    const member: Member = { channel_id: id, user_id: user, role: "member", joined_at: ISO, left_at, changed_seq: seq };
    this.state.members.set(`${id}/${user}`, { own_seq, member });
    if (user === this.me && !left_at) this.state.marks.set(id, { channel_id: id, last_read_seq: seq, own_seq: 0 });
    this.tell({ event: "member", stream: id, member });
    if (user !== this.me) return;
    if (left_at) this.rooms.delete(id);
    this.tell(this.ownEvent(own_seq, member), own_seq);
  }

  private number(stream: string): number {
    const seq = this.state.heads.get(stream)! + 1;
    this.state.heads.set(stream, seq);
    return seq;
  }

  private tell(event: Omit<StreamEvent, "prev" | "seq">, seq = this.state.heads.get(event.stream)!): void {
    const { event: name, ...body } = event;
    const followed = event.stream === "own" || this.rooms.has(event.stream);
    if (followed) this.send(name, { ...body, prev: seq - 1, seq }, event.stream);
  }
}

/** Requests are handled in order; their answers and the events travel as frames. */
export class FakeTransport implements Transport {
  readonly state = signal<TransportState>("idle");
  readonly retryAt = signal<number | null>(null);
  readonly draining = signal(false);
  private readonly listeners = new Set<(...told: Told) => void>();
  private pending = new Set<(refusal: Refusal) => void>();
  requests: [string, any][] = [];
  up = true;

  constructor(readonly server: Server) {}

  connect(): void {
    if (!this.up || this.state.value === "connected") return;
    this.state.value = "connected";
    this.server.wire = this;
    this.server.rooms.clear();
    this.server.frames = [];
    this.emit("hello", this.server.hello());
  }

  close(): void {
    this.state.value = "idle";
  }

  retry(): void {
    this.connect();
  }

  restart(): void {
    this.cut();
  }

  /** The connection breaks; what was on its way is gone. */
  cut(): void {
    if (this.state.value !== "connected") return;
    this.server.wire = null;
    this.server.frames = [];
    this.server.rooms.clear();
    this.state.value = "waiting";
    const pending = [...this.pending];
    this.pending.clear();
    for (const reject of pending) reject(new Refusal({ code: NO_ANSWER, message: "", retryable: true }));
    setTimeout(() => this.connect(), 300);
  }

  request<Data>(action: string, payload: object): Promise<Data> {
    this.requests.push([action, payload]);
    if (this.state.value !== "connected") return Promise.reject(new Refusal({ code: OFFLINE, message: "", retryable: true }));
    return new Promise((resolve, reject) => {
      this.pending.add(reject);
      const { server } = this;
      const settle = (then: () => void) => () => {
        if (this.pending.delete(reject)) then();
      };
      let deliver: () => void;
      try {
        const data = structuredClone(server.answer(action, payload)) as Data;
        deliver = settle(() => resolve(data));
      } catch (error) {
        deliver = settle(() => reject(error));
      }
      if (server.loseNextAnswer) {
        server.loseNextAnswer = false;
        setTimeout(settle(() => reject(new Refusal({ code: NO_ANSWER, message: "", retryable: true }))), 8000);
      } else server.frames.push({ stream: null, deliver });
    });
  }

  on(listener: (...told: Told) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  emit(event: string, payload: unknown): void {
    for (const listener of this.listeners) listener(...([event, structuredClone(payload)] as Told));
  }
}

export class FakeRest implements Rest {
  constructor(private readonly server: Server) {}

  get<Data>(path: string): Promise<Data> {
    return new Promise((resolve, reject) => {
      let answer: () => void;
      try {
        const data = structuredClone(this.server.get(path)) as Data;
        answer = () => resolve(data);
      } catch (error) {
        answer = () => reject(error);
      }
      this.server.pages.push(answer);
    });
  }

  send<Data>(): Promise<Data> {
    return Promise.reject(new Error("not here"));
  }
}
