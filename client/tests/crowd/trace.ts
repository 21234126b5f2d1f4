// Writes the history of one member, watching from outside what the client's own code hears, holds and gets done.
import { effect } from "@preact/signals";
import type { Item } from "../../src/outbox/item";
import type { Outbox, Post } from "../../src/outbox/outbox";
import { Store } from "../../src/state/store";
import { emptyWindow, type Window } from "../../src/state/window";
import { badge, type Own, type World } from "../../src/state/world";
import { asRefusal } from "../../src/transport/refusal";
import { DURABLE_EVENTS, type Message, type StreamEvent, type Told } from "../../src/wire";
import { causeOf, type Cause } from "./apply";
import { digest, rowName, type History, type Row } from "./history";

/** What is known of something that was done. */
interface Done {
  id?: string;
  seq?: number;
  duplicate?: boolean;
}

export class Trace {
  /** Durable events that were accepted. */
  applied = 0;
  private readonly done = new Map<string, Done>();
  /** What the outbox was last seen to keep. */
  private kept = new Map<string, Item["state"]>();

  constructor(
    private readonly history: History,
    private readonly client: string,
    private readonly user: string,
  ) {}

  // What is done

  /** Everything that goes into the outbox, and how it leaves it; what it holds by now was done in an earlier life. */
  watchOutbox(outbox: Outbox): void {
    this.kept = states(outbox);
    effect(() => {
      for (const item of outbox.items.value) this.onItem(item);
      const present = states(outbox);
      for (const uuid of this.kept.keys()) if (!present.has(uuid)) this.onGone(uuid);
      this.kept = present;
    });
  }

  /** Remembers what the server says to what is asked, until the outbox has understood it. */
  post(post: Post, outbox: () => Outbox): Post {
    const request: Post["request"] = async (action, payload, options) => {
      // The outbox asks with exactly what it keeps.
      const uuid = outbox().items.value.find((item) => item.payload === payload)?.id ?? "";
      try {
        const answer = await post.request(action, payload, options);
        const { message, seq } = answer;
        const id = message?.id ?? ("id" in answer ? answer.id : payload.message_id);
        this.done.set(uuid, { id, seq, ...("duplicate" in answer && { duplicate: answer.duplicate }) });
        return answer;
      } catch (error) {
        // An edit that says what is there already was done by an earlier try.
        const { message } = (asRefusal(error).body?.data ?? {}) as { message?: Message };
        if (message) this.done.set(uuid, { id: message.id, seq: message.changed_seq });
        throw error;
      }
    };
    return Object.create(post, { request: { value: request } }) as Post;
  }

  /** Own messages were seen: they are there, whatever became of the answers. */
  arrived(messages: readonly Message[]): void {
    for (const { user_id, client_msg_id, id, changed_seq } of messages)
      if (user_id === this.user && this.kept.has(client_msg_id)) this.done.set(client_msg_id, { id, seq: changed_seq });
  }

  private onItem({ id: uuid, action, channel_id, payload, state, error }: Item): void {
    const before = this.kept.get(uuid);
    const { client_msg_id, message_id, text, emoji } = payload;
    if (!before) this.write("ask", { uuid, action, channel_id, client_msg_id, message_id, text, emoji });
    if (before !== "failed" && state === "failed") this.write("refused", { uuid, code: error?.code });
  }

  private onGone(uuid: string): void {
    const done = this.done.get(uuid);
    if (done) this.write("ok", { uuid, ...done });
    this.done.delete(uuid);
  }

  // What is heard

  /** A frame as it arrived, before any rule. */
  told([name, payload]: Told): void {
    if (name === "hello") return this.write("connected");
    if (name === "activity") return this.write("told", { name, stream: payload.channel_id, seq: payload.seq });
    if (!(DURABLE_EVENTS as readonly string[]).includes(name)) return;
    const { stream, prev, seq } = payload as StreamEvent;
    this.write("told", { name, stream, prev, seq });
  }

  watchConnection(store: Store): void {
    let stood = false;
    effect(() => {
      const stands = store.ready.value;
      if (stood && !stands) this.write("disconnected");
      stood = stands;
    });
  }

  // What is held

  /** The world changed: the rows that were taken, and the way of every cursor that moved. */
  changed(was: World, is: World, cause: Cause | null): void {
    const { stream } = is.own;
    if (stream && was.own !== is.own) this.moved(stream, was.own, is.own, cause, is.me);
    for (const id of was.windows === is.windows ? [] : new Set([...was.windows.keys(), ...is.windows.keys()])) {
      const [before, after] = [was.windows.get(id) ?? emptyWindow, is.windows.get(id) ?? null];
      if (before === after) continue;
      const told = cause?.via === "event" && cause.event.stream === id;
      if (after && !told) this.took(id, before, after, cause);
      this.moved(id, before, after, cause, is.me);
    }
    if (was.channels === is.channels || !isAnswer(cause)) return;
    for (const [id, channel] of is.channels)
      if (was.channels.get(id) !== channel && is.windows.has(id)) this.row(id, channel, cause.via);
  }

  /** What is held of the own stream, and of the channel that is open: of others, nothing new is told. */
  holds(world: World): void {
    const { own, live, windows, reads } = world;
    if (own.stream) this.write("holds", { stream: own.stream, cursor: own.cursor, low: 0, rows: {} });
    const window = live ? windows.get(live) : undefined;
    if (!live || !window) return;
    const rows = Object.fromEntries(window.messages.map((row) => [row.id, [row.changed_seq, digest(row)]]));
    const { last_read_seq } = reads.get(live) ?? {};
    const read = last_read_seq === undefined ? undefined : { last_read_seq, ...badge(world, live) };
    this.write("holds", { stream: live, cursor: window.cursor, low: window.low, rows, read });
  }

  private took(stream: string, was: Window, is: Window, cause: Cause | null): void {
    const via = !cause || cause.via === "event" ? "page" : cause.via;
    const released = [...was.held.values()].map(({ message, member }) => message ?? member);
    const known = new Set<Row | undefined>([...rows(was), ...released]);
    for (const row of rows(is)) if (!known.has(row)) this.row(stream, row, via);
  }

  /** From one cursor to the next, by the events in between that were applied; null: nothing is held any more. */
  private moved(stream: string, was: Window | Own, is: Window | Own | null, cause: Cause | null, me: string): void {
    const low = is && "low" in is && Number.isFinite(is.low) ? is.low : undefined;
    const event = cause?.via === "event" && cause.event.stream === stream ? cause.event : null;
    const released = [...was.held.values()].filter(({ seq }) => !is?.held.has(seq)).sort((a, b) => a.seq - b.seq);
    let at = was.cursor;
    const jump = (to: number) => {
      if (to !== at) this.write("cursor", { stream, cursor: (at = to), via: is ? (cause?.via ?? "page") : "purge", low });
    };
    // What was held comes after what an answer brought up to its own number.
    if (is && !event) jump(released.length ? reached(at, is.cursor, cause) : is.cursor);
    for (const next of event ? [event, ...released] : is ? released : []) {
      const accepted = is ? next.seq <= is.cursor : next.prev <= at;
      if (!accepted || next.seq <= at) continue;
      this.write("applied", { stream, prev: next.prev, seq: next.seq, name: next.event, ...rowOf(next), low });
      this.applied++;
      at = next.seq;
      if (!is && next.member?.user_id === me && next.member.left_at) break;
    }
    jump(is?.cursor ?? -1);
  }

  private row(stream: string, row: Row, via: string): void {
    this.write("row", { stream, row: rowName(row), changed_seq: row.changed_seq, digest: digest(row), via });
  }

  private write(what: string, fields: object = {}): void {
    this.history.write({ client: this.client, user: this.user, do: what, ...fields });
  }
}

/** The client's store, every change of which is looked at. */
export class TracedStore extends Store {
  constructor(private readonly trace: Trace) {
    super();
  }

  override change(step: (world: World) => World): void {
    const was = this.world.value;
    const cause = causeOf(() => super.change(step));
    this.trace.changed(was, this.world.value, cause);
  }
}

const isAnswer = (cause: Cause | null): cause is Cause & { via: "page" | "since" | "sync" } =>
  cause !== null && ["page", "since", "sync"].includes(cause.via);

const states = (outbox: Outbox): Map<string, Item["state"]> => new Map(outbox.items.value.map(({ id, state }) => [id, state]));

const rows = ({ messages, members }: Window): Row[] => [...messages, ...(members?.values() ?? [])];

/** Where an answer alone set a cursor: a page puts it where it was read, anything else moves it forward only. */
function reached(at: number, end: number, cause: Cause | null): number {
  if (!cause || !("seq" in cause)) return end;
  return Math.min(end, cause.via === "page" ? cause.seq : Math.max(at, cause.seq));
}

/** The row of an event, where it tells one of its own stream. */
function rowOf({ event, message, member, channel }: StreamEvent): object {
  const row = message ?? member ?? (event === "channel" ? channel : undefined);
  return row ? { row: rowName(row), changed_seq: row.changed_seq, digest: digest(row) } : {};
}
