// What this person did and the server has not confirmed: kept, sent in order, shown until it has arrived.
// One in flight per channel; a refusal never holds up what comes after it (docs/delivery, client rule 6).
import { signal } from "@preact/signals";
import { backoff } from "../lib/backoff";
import { uuid } from "../lib/uuid";
import { asRefusal, type Refusal } from "../transport/refusal";
import type { Message, MessageAnswer } from "../wire";
import type { InThread, Item, OutboxAction } from "./item";
import type { Shelf } from "./shelf";
import type { Tabs } from "./tabs";

const ANSWER_MS = 8_000;
const MAX_TRIES = 5;
// What counts for nothing: a server that restarts hangs up in a moment, and the next one takes it; and whoever is too
// fast, perhaps by another device, has only to wait as long as the server says.
const FOR_A_WHILE = new Set(["draining", "rate_limited"]);
// A connection that let this many requests go unanswered is worth a new one.
const SILENCES = 2;

export interface Post {
  me: string;
  connected(): boolean;
  request(action: OutboxAction, payload: Item["payload"], options: { timeoutMs: number }): Promise<MessageAnswer>;
  /** The server has it: hold its message. */
  delivered(message: Message): void;
  /** Whether a refused edit is what the message says already: its first answer was lost. */
  alreadySo(item: Item, refusal: Refusal): boolean;
  sessionEnded(): void;
  silent(): void;
}

type News = { sent: string; message?: Message } | { changed: true };

export class Outbox {
  readonly items = signal<readonly Item[]>([]);
  private readonly running = new Set<string>();
  private readonly again = new Set<string>();
  private readonly naps = new Set<() => void>();
  /** Shown here and not on the shelf yet; off the list here and perhaps still on the shelf. */
  private readonly unsaved = new Set<string>();
  private readonly gone = new Set<string>();
  private lastN = 0;

  constructor(
    private readonly shelf: Shelf,
    private readonly tabs: Tabs,
    private readonly post: Post,
  ) {
    tabs.hear((news) => this.onNews(news as News));
  }

  /** What an earlier page left behind. */
  async load(): Promise<void> {
    const kept = (await this.shelf.all()).filter(({ id }) => !this.gone.has(id) && !this.unsaved.has(id));
    this.show([...kept, ...this.items.value.filter(({ id }) => this.unsaved.has(id))]);
    this.pumpAll();
  }

  send(channelId: string, text: string, place: InThread = {}): Promise<void> {
    const id = uuid();
    return this.put(id, channelId, "message", { channel_id: channelId, text, client_msg_id: id, ...place });
  }

  do(action: Exclude<OutboxAction, "message">, message: Message, payload: Item["payload"] = {}): Promise<void> {
    return this.put(uuid(), message.channel_id, action, { ...payload, message_id: message.id });
  }

  retry(id: string): Promise<void> {
    return this.update(id, ({ error: _, ...item }) => ({ ...item, state: "queued", tries: 0, n: this.nextN() }));
  }

  async discard(id: string): Promise<void> {
    this.drop(id);
    await this.shelf.remove(id);
    this.changed();
  }

  /** Own messages seen in a channel: whatever became of their answers, they have arrived. */
  arrived(messages: readonly Message[]): void {
    for (const { user_id, client_msg_id } of messages) {
      if (user_id !== this.post.me || !this.items.value.some((item) => item.id === client_msg_id)) continue;
      void this.discard(client_msg_id);
    }
  }

  /** The connection is there (again). */
  ready(): void {
    this.wakeUp();
    this.pumpAll();
  }

  close(): void {
    this.tabs.close();
  }

  private async put(id: string, channel_id: string, action: OutboxAction, payload: Item["payload"]): Promise<void> {
    const created_at = new Date().toISOString();
    const item: Item = { id, n: this.nextN(), channel_id, action, payload, created_at, state: "queued", tries: 0 };
    this.show([...this.items.value, item]);
    await this.save(item);
    void this.pump(channel_id);
  }

  private async update(id: string, step: (item: Item) => Item): Promise<void> {
    const item = this.items.value.find((item) => item.id === id);
    if (!item) return;
    const next = step(item);
    await this.keep(next);
    void this.pump(item.channel_id);
  }

  private pumpAll(): void {
    for (const id of new Set(this.items.value.map((item) => item.channel_id))) void this.pump(id);
  }

  /** Work on a channel's queue. Called again while at it, it goes round once more. */
  private async pump(channelId: string): Promise<void> {
    if (!this.post.connected()) return;
    this.again.add(channelId);
    if (this.running.has(channelId)) return;
    this.running.add(channelId);
    try {
      while (this.again.delete(channelId)) await this.tabs.alone(channelId, () => this.drain(channelId));
    } finally {
      this.running.delete(channelId);
    }
  }

  private async drain(channelId: string): Promise<void> {
    let silences = 0;
    while (this.post.connected()) {
      // The shelf, not this tab's list, is the truth that all tabs share.
      const kept = await this.shelf.all();
      const item = kept.find((item) => item.channel_id === channelId && item.state === "queued");
      if (!item) return;
      try {
        const answer = await this.post.request(item.action, item.payload, { timeoutMs: ANSWER_MS });
        silences = 0;
        await this.onSent(item, answer.message);
      } catch (error) {
        const refusal = asRefusal(error);
        if (refusal.sessionEnded) return this.post.sessionEnded();
        if (refusal.unheard) {
          if (++silences >= SILENCES) this.post.silent();
          if (this.post.connected()) await this.nap(backoff(silences));
        } else await this.onRefused(item, refusal);
      }
    }
  }

  private async onSent(item: Item, message?: Message): Promise<void> {
    if (message) this.post.delivered(message);
    this.drop(item.id);
    await this.shelf.remove(item.id);
    this.tabs.tell({ sent: item.id, message } satisfies News);
  }

  private async onRefused(item: Item, refusal: Refusal): Promise<void> {
    if (this.post.alreadySo(item, refusal)) return this.onSent(item);
    // Discarded, or seen to have arrived, while it was under way.
    if (!(await this.shelf.all()).some(({ id }) => id === item.id)) return;
    const tries = FOR_A_WHILE.has(refusal.code) ? item.tries : item.tries + 1;
    if (refusal.retryable && tries < MAX_TRIES) {
      await this.keep({ ...item, tries });
      await this.nap(Math.max(refusal.retryAfterMs ?? 0, backoff(tries)));
    } else await this.keep({ ...item, state: "failed", error: { code: refusal.code, message: refusal.message } });
  }

  private async keep(item: Item): Promise<void> {
    this.show(this.items.value.map((present) => (present.id === item.id ? item : present)));
    await this.save(item);
  }

  private async save(item: Item): Promise<void> {
    this.unsaved.add(item.id);
    await this.shelf.put(item);
    this.unsaved.delete(item.id);
    this.changed();
  }

  private onNews(news: News): void {
    if ("sent" in news) {
      if (news.message) this.post.delivered(news.message);
      this.drop(news.sent);
    } else void this.load();
  }

  private changed(): void {
    this.tabs.tell({ changed: true } satisfies News);
  }

  private drop(id: string): void {
    this.gone.add(id);
    this.show(this.items.value.filter((item) => item.id !== id));
  }

  private show(items: readonly Item[]): void {
    this.items.value = [...items].sort((a, b) => a.n - b.n);
    this.lastN = Math.max(this.lastN, this.items.value.at(-1)?.n ?? 0);
  }

  /** Later than all that are known, also when the clock was set back. */
  private nextN(): number {
    return (this.lastN = Math.max(this.lastN + 1, Date.now() * 1000));
  }

  private nap(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.naps.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.naps.add(wake);
    });
  }

  private wakeUp(): void {
    for (const wake of [...this.naps]) wake();
  }
}
