// Keeps what this client holds equal to what the server has: subscribes, notices what is missing, asks for it.
// Applying is done by state/apply; here is only when to ask, and which answers still count.
import { effect } from "@preact/signals";
import { query, readAll, type Rest } from "../api";
import { backoff } from "../lib/backoff";
import * as apply from "../state/apply";
import type { Store } from "../state/store";
import { addMembers, addPage, addThreadPage, emptyWindow, kept, type Place, type Window } from "../state/window";
import { inDoubt, isMine, setWindow, type World } from "../state/world";
import { asRefusal, type Refusal } from "../transport/refusal";
import type { Transport } from "../transport/transport";
import {
  DURABLE_EVENTS,
  type Activity,
  type Channel,
  type Hello,
  type Member,
  type Message,
  type MessagePage,
  type StreamEvent,
  type SubscribeAnswer,
  type SyncAnswer,
  type Told,
} from "../wire";

export const PAGE = 50;
/** Channels that are held ready, to be shown at once. */
export const CACHED = 20;
const GAP_MS = 250;
const HEADS_MS = 2_000;
const ASK_MS = 400;
const HELLO_MS = 10_000;
const WAKE_MS = 4_000;
const TYPING_MS = 8_000;

type Timer = ReturnType<typeof setTimeout>;

/** The channel on the page. Every new attempt is a new generation; answers of older ones are dropped (rule 2). */
interface Subscription {
  id: string;
  state: "idle" | "asking" | "live";
  tries: number;
  /** Take the latest page, whatever is held. */
  anew: boolean;
}

export interface Listener {
  /** Own messages that were seen to have arrived. */
  arrived(messages: readonly Message[]): void;
  /** The connection can be used. */
  ready(): void;
  /** Something new was just said: here, or in a channel that is not open. Never what was only caught up on. */
  news(news: Message | Activity): void;
}

export class Sync {
  listener: Listener = { arrived() {}, ready() {}, news() {} };
  private subscription: Subscription | null = null;
  private generation = 0;
  private connection = 0;
  private syncing = false;
  private syncTries = 0;
  private asking = false;
  private askTries = 0;
  private relisting = false;
  private visited: string[] = [];
  private readonly timers = new Map<string, Timer>();

  constructor(
    private readonly store: Store,
    private readonly transport: Transport,
    private readonly rest: Rest,
  ) {}

  start(): () => void {
    const unlisten = this.transport.on((...told) => this.onTold(...told));
    const unwatch = effect(() => this.onState(this.transport.state.value));
    this.transport.connect();
    return () => {
      unlisten();
      unwatch();
      for (const timer of this.timers.values()) clearTimeout(timer);
      this.transport.close();
    };
  }

  /** Show a channel: subscribe to it, and leave the one before. */
  open(id: string | null): void {
    const before = this.subscription;
    if (before?.id === id) return;
    this.generation++;
    this.cancel("subscribe");
    this.subscription = id ? { id, state: "idle", tries: 0, anew: false } : null;
    this.store.open.value = id;
    this.store.missing.value = false;
    this.store.current.value = null;
    if (id) this.visited = [id, ...this.visited.filter((other) => other !== id)].slice(0, CACHED);
    if (before) this.leave(before);
    if (id) this.subscribe();
  }

  /** Back from sleep or back on the network: come back at once, and doubt a connection that seems to stand. */
  wake(): void {
    this.transport.connect();
    if (!this.store.ready.value) return;
    const connection = this.connection;
    const alive = (heads?: Record<string, number> | null) => {
      if (connection !== this.connection) return;
      this.store.doubted.value = false;
      if (heads) this.onHeads(heads);
    };
    this.transport.request("ping", {}, { timeoutMs: WAKE_MS }).then(
      ({ heads }) => alive(heads),
      (error) => {
        const { retryable, unheard } = asRefusal(error);
        // Whoever says "not now" is there.
        if (retryable && !unheard) alive();
        else if (connection === this.connection) this.transport.restart();
      },
    );
  }

  /** A page of the channel on the page: beside what is shown of it, or in its place. Whether it was put in. */
  page(place: Place): Promise<boolean> {
    return this.read({ ...place }, (window, page) => addPage(window, place, page));
  }

  /** The same of a thread. */
  threadPage(thread_id: string, place: Place): Promise<boolean> {
    return this.read({ ...place, thread_id }, (window, page) => addThreadPage(window, thread_id, place, page));
  }

  private async read(asked: Record<string, string | number>, add: (window: Window, page: MessagePage) => Window): Promise<boolean> {
    const id = this.store.open.value;
    if (!id) return false;
    const { generation } = this;
    const page = await this.rest.get<MessagePage>(
      `/channels/${encodeURIComponent(id)}/messages?${query({ ...asked, limit: PAGE })}`,
    );
    if (generation !== this.generation) return false;
    this.listener.arrived(page.messages);
    const before = this.store.world.value.windows.get(id);
    this.change((world) => {
      const window = world.windows.get(id);
      return window ? apply.uncounted(setWindow(world, id, add(window, page)), id) : world;
    });
    return before !== this.store.world.value.windows.get(id);
  }

  /** Who is in the channel; asked for when someone wants to see. */
  async members(id: string): Promise<void> {
    const generation = this.generation;
    const path = `/channels/${encodeURIComponent(id)}/members`;
    const answer = await readAll<{ members: Member[]; seq: number }>(this.rest, path, "members");
    if (generation !== this.generation) return;
    this.change((world) => {
      const window = world.windows.get(id);
      return window ? setWindow(world, id, addMembers(window, answer.members, answer.seq)) : world;
    });
  }

  /** Mine and the public channels. */
  async list(anew = false): Promise<void> {
    const { connection } = this;
    const { epoch, reads } = this.store.world.value;
    const answer = await readAll<apply.ChannelList>(this.rest, "/channels", "channels");
    // What began on an earlier connection knows nothing of what happened while there was none.
    const whole = anew && connection === this.connection;
    this.change((world) => (world.epoch === epoch ? apply.list(world, answer, reads, whole) : world));
  }

  /** Do something to what is held, then whatever that makes necessary. */
  change(step: (world: World) => World): void {
    this.store.change(step);
    this.settle();
  }

  private onState(state: string): void {
    this.cancel("hello");
    if (state === "connected") {
      this.after("hello", HELLO_MS, () => this.transport.restart());
      return;
    }
    this.connection++;
    this.generation++;
    this.store.ready.value = false;
    this.store.current.value = null;
    this.store.doubted.value = false;
    this.syncing = false;
    for (const name of ["subscribe", "sync", "heads"]) this.cancel(name);
    if (this.subscription) this.subscription.state = "idle";
    if (state === "ended") this.store.sessionEnded.value = true;
  }

  private onTold(...[event, payload]: Told): void {
    if (event === "hello") this.onHello(payload);
    else if (event === "activity") this.onActivity(payload);
    else if (event === "heads") this.onHeads(payload);
    else if (event === "typing") this.onTyping(payload);
    else if ((DURABLE_EVENTS as readonly string[]).includes(event)) this.onDurable({ ...payload, event } as StreamEvent);
  }

  private onHello(hello: Hello): void {
    this.cancel("hello");
    this.store.me.value = hello.user;
    this.store.limits.value = hello.limits;
    this.store.learn([hello.user]);
    this.store.ready.value = true;
    this.change((world) => apply.greet(world, hello));
    this.subscribe();
    this.listener.ready();
  }

  private onDurable(event: StreamEvent): void {
    const followed = event.stream === this.store.world.value.own.stream || this.follows(event.stream);
    const cursor = this.store.world.value.windows.get(event.stream)?.cursor ?? -1;
    if (event.message && event.message.seq === event.message.changed_seq && event.seq > cursor) this.listener.news(event.message);
    // Told while we were leaving: no activity will speak of it.
    if (!followed) return this.change((world) => (isMine(world.channels.get(event.stream)) ? inDoubt(world, event.stream) : world));
    if (event.message) this.listener.arrived([event.message]);
    this.change((world) => apply.hear(world, event));
    // Rule 4: whoever was out and is in again has no live subscription any more.
    if (event.event === "channel_joined" && event.channel?.id === this.subscription?.id) this.subscribe();
  }

  private onActivity(activity: Activity): void {
    this.change((world) => apply.heardOf(world, activity));
    if (activity.posted !== undefined && activity.user_id) this.listener.news(activity);
  }

  private follows(id: string): boolean {
    return this.subscription?.id === id && this.subscription.state !== "idle";
  }

  private onTyping({ channel_id, user_ids }: { channel_id: string; user_ids: string[] }): void {
    const set = (ids: readonly string[]) => (this.store.typing.value = new Map([[channel_id, ids]]));
    set(user_ids.filter((id) => id !== this.store.world.value.me));
    // It may be lost, and so may be its end.
    this.after("typing", TYPING_MS, () => set([]));
  }

  /** Rules 4 and 5: what the server follows for us, and how far it is. */
  private onHeads(heads: Record<string, number>): void {
    const open = this.subscription;
    if (open?.state === "live" && !(open.id in heads)) {
      open.state = "idle";
      this.subscribe();
    }
    this.after("heads", HEADS_MS, () => this.change((world) => this.compare(world, heads)));
  }

  private compare(world: World, heads: Record<string, number>): World {
    const { own } = world;
    if (own.stream && (heads[own.stream] ?? 0) > own.cursor) world = { ...world, own: { ...own, behind: true } };
    const id = world.live;
    const window = id ? world.windows.get(id) : undefined;
    if (!id || !window || (heads[id] ?? 0) <= window.cursor) return world;
    return setWindow(world, id, { ...window, behind: true });
  }

  // Subscribing

  private async subscribe(): Promise<void> {
    const open = this.subscription;
    if (!open || open.state !== "idle" || !this.store.ready.value) return;
    const generation = ++this.generation;
    open.state = "asking";
    const { windows, epoch, reads } = this.store.world.value;
    const window = windows.get(open.id) ?? emptyWindow;
    const since = window.cursor >= 0 && !open.anew ? window.cursor : null;
    const position = since === null ? {} : { since, epoch: epoch! };
    // Events may come before the answer; they are held.
    this.store.change((world) => setWindow(world, open.id, window));
    try {
      const asked = { channel_id: open.id, limit: PAGE, ...position };
      const answer = await this.transport.request("subscribe", asked);
      if (generation === this.generation) this.onSubscribed(open, { since, asked: reads, limit: PAGE }, answer);
    } catch (error) {
      if (generation === this.generation) this.onRefused(open, asRefusal(error));
    }
  }

  private onSubscribed(open: Subscription, question: apply.Question, answer: SubscribeAnswer): void {
    if (answer.epoch !== this.store.world.value.epoch) return this.transport.restart();
    Object.assign(open, { state: "live", tries: 0, anew: false });
    this.store.missing.value = false;
    this.listener.arrived(answer.messages);
    this.change((world) => apply.subscribed(world, open.id, question, answer));
    this.store.current.value = open.id;
  }

  private onRefused(open: Subscription, refusal: Refusal): void {
    open.state = "idle";
    const permanent = !refusal.retryable && !refusal.unheard && !refusal.sessionEnded;
    if (permanent) this.change((world) => apply.purge(world, open.id));
    const mine = isMine(this.store.world.value.channels.get(open.id));
    this.store.missing.value = permanent && !mine;
    if (permanent && !mine) return;
    this.after("subscribe", refusal.retryAfterMs ?? backoff(open.tries++), () => void this.subscribe());
  }

  private leave({ id, state }: Subscription): void {
    if (state !== "idle") this.transport.request("unsubscribe", { channel_id: id }).catch(() => {});
    this.change((world) => {
      const window = world.windows.get(id);
      // From here on the count has to stand alone; it was not told while the channel was open.
      if (window && newest(window) > (world.reads.get(id)?.seq ?? 0) && isMine(world.channels.get(id))) world = inDoubt(world, id);
      const rest = window && kept(window);
      return rest ? { ...setWindow(world, id, rest), live: null } : apply.purge(world, id);
    });
    for (const other of this.store.world.value.windows.keys())
      if (!this.visited.includes(other)) this.store.change((world) => apply.purge(world, other));
  }

  // What is missing

  private settle(): void {
    const { own, channels, windows, ask } = this.store.world.value;
    const open = this.subscription;
    if (open && open.state !== "idle" && !windows.has(open.id)) {
      // Purged: by our own removal, or because it is gone. An answer on its way is about what was.
      this.generation++;
      Object.assign(open, { state: "idle", anew: true });
      this.after("subscribe", backoff(open.tries++), () => void this.subscribe());
    }
    if (open && this.store.missing.value && isMine(channels.get(open.id))) {
      // Refused before, a member now.
      this.store.missing.value = false;
      void this.subscribe();
    }
    if (own.stale) void this.relist();
    if (this.wanted().length && !this.timers.has("sync")) this.after("sync", GAP_MS, () => void this.sync());
    if (ask.size && !own.stale && !this.timers.has("ask") && !this.asking) this.after("ask", ASK_MS, () => void this.askCounts());
  }

  /** The streams that have a gap or are known to be behind, with their cursors. */
  private wanted(): [string, number][] {
    if (!this.store.ready.value) return [];
    const { own, windows, live } = this.store.world.value;
    const wanted: [string, number][] = [];
    if (own.stream && own.cursor >= 0 && !own.stale && (own.behind || own.held.size)) wanted.push([own.stream, own.cursor]);
    const window = live && this.subscription?.state === "live" ? windows.get(live) : undefined;
    if (live && window && window.cursor >= 0 && (window.behind || window.held.size)) wanted.push([live, window.cursor]);
    return wanted;
  }

  private async sync(): Promise<void> {
    const wanted = this.wanted();
    if (this.syncing || !wanted.length) return;
    this.syncing = true;
    const { connection, generation } = this;
    const { epoch, own } = this.store.world.value;
    for (const [id] of wanted) this.store.change((world) => setBehind(world, id, false));
    try {
      const asked = { cursors: Object.fromEntries(wanted), epoch: epoch! };
      const answer = await this.transport.request("sync", asked);
      if (connection !== this.connection) return;
      this.syncing = false;
      this.syncTries = 0;
      if (answer.epoch !== epoch) return this.transport.restart();
      for (const [id, since] of wanted) {
        if (id === own.stream) this.change((world) => (answer.streams[id] ? apply.syncedOwn(world, since, answer.streams[id]) : world));
        else if (generation === this.generation) this.onSynced(id, since, answer);
      }
    } catch (error) {
      if (connection !== this.connection) return;
      this.syncing = false;
      for (const [id] of wanted) this.store.change((world) => setBehind(world, id, true));
      this.after("sync", asRefusal(error).retryAfterMs ?? GAP_MS + backoff(this.syncTries++), () => void this.sync());
    }
    this.settle();
  }

  private onSynced(id: string, since: number, answer: SyncAnswer): void {
    const changes = answer.streams[id];
    if (!changes) return;
    if (changes.gone) return this.change((world) => apply.purge(world, id));
    if (changes.reset || changes.limited) {
      // What is shown stays until the page is there.
      Object.assign(this.subscription!, { state: "idle", anew: true });
      return void this.subscribe();
    }
    this.listener.arrived(changes.events.flatMap((event) => event.message ?? []));
    this.change((world) => apply.synced(world, id, since, changes));
  }

  private async relist(): Promise<void> {
    if (this.relisting) return;
    this.relisting = true;
    const { connection } = this;
    await this.list(true).catch(() => {});
    this.relisting = false;
    if (connection !== this.connection) this.settle();
    else if (this.store.world.value.own.stale) this.after("relist", backoff(5), () => void this.relist());
  }

  /** Counts in doubt, each asked for once however often it was doubted. */
  private async askCounts(): Promise<void> {
    this.asking = true;
    const { epoch } = this.store.world.value;
    const ids = [...this.store.world.value.ask];
    this.store.change((world) => ({ ...world, ask: new Set() }));
    for (const [at, id] of ids.entries()) {
      const { reads } = this.store.world.value;
      try {
        const { channel } = await this.rest.get<{ channel: Channel }>(`/channels/${encodeURIComponent(id)}`);
        this.store.change((world) => (world.epoch === epoch ? apply.installPersonal(world, channel, reads) : world));
        this.askTries = 0;
      } catch (error) {
        const { retryable, retryAfterMs } = asRefusal(error);
        // Gone meanwhile.
        if (!retryable) continue;
        this.store.change((world) => ids.slice(at).reduce(inDoubt, world));
        this.after("ask", retryAfterMs ?? ASK_MS + backoff(this.askTries++), () => void this.askCounts());
        break;
      }
    }
    this.asking = false;
    this.settle();
  }

  private after(name: string, ms: number, then: () => void): void {
    this.cancel(name);
    const run = () => {
      this.timers.delete(name);
      then();
    };
    this.timers.set(name, setTimeout(run, ms));
  }

  private cancel(name: string): void {
    clearTimeout(this.timers.get(name));
    this.timers.delete(name);
  }
}

/** The last number that anything here was told under; a page may have set the cursor back since. */
const newest = ({ cursor, held, messages }: Window): number =>
  messages.reduce((last, { changed_seq }) => Math.max(last, changed_seq), Math.max(cursor, ...held.keys()));

function setBehind(world: World, id: string, behind: boolean): World {
  if (id === world.own.stream) return { ...world, own: { ...world.own, behind } };
  const window = world.windows.get(id);
  return window ? setWindow(world, id, { ...window, behind }) : world;
}
