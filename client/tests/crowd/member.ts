// One person of the crowd: the web client without its page, and what people do with it.
import { Api } from "../../src/api";
import { backoff } from "../../src/lib/backoff";
import { BrowserTabs } from "../../src/outbox/tabs";
import { Outbox } from "../../src/outbox/outbox";
import { postOver } from "../../src/outbox/post";
import { Reading } from "../../src/reading";
import { Sync } from "../../src/sync/sync";
import { SocketIOTransport } from "../../src/transport/socketio";
import type { Message, Myself } from "../../src/wire";
import type { Random } from "../support/random";
import type { History } from "./history";
import { FileShelf } from "./shelf";
import { Trace, TracedStore } from "./trace";

export interface Identity {
  /** Of this life; someone who comes back after a kill has another. */
  name: string;
  user_id: string;
  token: string;
  channels: string[];
  /** The file in which the outbox is kept. */
  outbox: string;
}

const EMOJI = ["👍", "🎉", "❤️", "😀"];
const HEAD_MS = 200;

export class Member {
  readonly trace: Trace;
  private readonly store: TracedStore;
  private readonly api: Api;
  private readonly transport: SocketIOTransport;
  private readonly sync: Sync;
  private readonly reading: Reading;
  private readonly outbox: Outbox;
  private said = 0;

  constructor(
    private readonly who: Identity,
    history: History,
    private readonly random: Random,
    url: string,
    transports: string[],
  ) {
    this.trace = new Trace(history, who.name, who.user_id);
    this.store = new TracedStore(this.trace);
    this.api = new Api(url, who.token);
    this.transport = new SocketIOTransport(url, { auth: { token: who.token }, transports });
    this.sync = new Sync(this.store, this.transport, this.api);
    this.reading = new Reading(this.store, this.sync, this.transport);
    const post = postOver(this.store, this.sync, this.transport, () => this.transport.close());
    this.outbox = new Outbox(new FileShelf(who.outbox), new BrowserTabs(who.outbox), this.trace.post(post, () => this.outbox));
  }

  /** As App.start: sign in, take up what an earlier life left behind, connect, and open the first channel. */
  async start(): Promise<void> {
    this.store.signIn(await this.me());
    this.sync.listener = {
      arrived: (messages) => {
        this.trace.arrived(messages);
        this.outbox.arrived(messages);
      },
      ready: () => this.outbox.ready(),
      news() {},
    };
    this.trace.watchConnection(this.store);
    await this.outbox.load();
    this.trace.watchOutbox(this.outbox);
    this.transport.on((...told) => this.trace.told(told));
    this.sync.start();
    this.sync.open(this.who.channels[0] ?? null);
  }

  /** hello was heard, and the open channel is subscribed to. */
  get live(): boolean {
    return this.store.ready.value && this.store.current.value === this.store.open.value;
  }

  get pending(): number {
    return this.outbox.items.value.filter(({ state }) => state === "queued").length;
  }

  /** One thing for the outbox; and now and then a look around, as people do. */
  act(): void {
    if (this.random.chance(0.05)) this.sync.open(this.random.pick(this.who.channels));
    if (this.random.chance(0.05)) this.read();
    if (this.random.chance(0.02)) this.readBack();
    if (!this.random.chance(0.2) || !this.change()) this.say();
  }

  /** Nothing waits, and everything is held that the server has. */
  async rest(until: number): Promise<boolean> {
    while (Date.now() < until) {
      if (this.live && !this.pending && (await this.isUpToDate())) return true;
      await new Promise((resolve) => setTimeout(resolve, HEAD_MS));
    }
    return false;
  }

  dump(): void {
    this.trace.holds(this.store.world.value);
  }

  close(): void {
    this.outbox.close();
    this.transport.close();
  }

  private async me(): Promise<Myself> {
    for (let attempt = 0; ; attempt++) {
      try {
        return (await this.api.get<{ user: Myself }>("/users/me")).user;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, backoff(attempt)));
      }
    }
  }

  private get messages(): readonly Message[] {
    const { windows, live } = this.store.world.value;
    return (live && windows.get(live)?.messages.filter(({ deleted_at }) => !deleted_at)) || [];
  }

  /** Mostly where one looks; what was written elsewhere may still wait. */
  private say(): void {
    const { open } = this.store;
    const channel = (this.random.chance(0.7) && open.value) || this.random.pick(this.who.channels);
    void this.outbox.send(channel, `${this.who.name} says ${++this.said} ✓`);
  }

  /** React to anyone's message, or change or delete one of one's own; whether there was any. */
  private change(): boolean {
    const reacts = this.random.chance(0.5);
    const mine = ({ user_id, kind }: Message) => user_id === this.who.user_id && kind === "user";
    const messages = reacts ? this.messages : this.messages.filter(mine);
    if (!messages.length) return false;
    const message = this.random.pick(messages);
    if (reacts) void this.outbox.do(this.random.pick(["addReaction", "removeReaction"]), message, { emoji: this.random.pick(EMOJI) });
    else if (this.random.chance(0.3)) void this.outbox.do("delete", message);
    else void this.outbox.do("edit", message, { text: `${message.text}, or ${++this.said}` });
    return true;
  }

  private read(): void {
    const { open } = this.store;
    const last = this.messages.at(-1);
    if (open.value && last?.channel_id === open.value) this.reading.seen(open.value, last.seq);
  }

  private readBack(): void {
    const { windows, live } = this.store.world.value;
    const low = live && windows.get(live)?.low;
    if (low) void this.sync.page({ before: low }).catch(() => {});
  }

  /** Asked for once all is quiet here: whatever was on its way then is in the heads. */
  private async isUpToDate(): Promise<boolean> {
    const { heads } = await this.transport.request("ping", {}).catch(() => ({ heads: null }));
    const { own, live, windows, ask } = this.store.world.value;
    const window = live ? windows.get(live) : undefined;
    if (!heads || !live || !window || ask.size || this.store.catchingUp.value) return false;
    return own.cursor === heads[own.stream!] && window.cursor === heads[live];
  }
}
