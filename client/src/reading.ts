// Says how far this person has read, once what is new was really before their eyes.
import { signal } from "@preact/signals";
import * as apply from "./state/apply";
import type { Store } from "./state/store";
import { badge, isMine } from "./state/world";
import type { Sync } from "./sync/sync";
import { asRefusal } from "./transport/refusal";
import type { Transport } from "./transport/transport";

const SETTLE_MS = 250;
const LATER_MS = 2_000;
// The server stops at the head, wherever that is by then.
const THE_END = Number.MAX_SAFE_INTEGER;

export class Reading {
  /** A channel that was marked unread by hand: it stays so until one comes back to it. */
  readonly held = signal<string | null>(null);
  private timer: ReturnType<typeof setTimeout> | undefined;
  /** What the timer will mark. */
  private due: { id: string; seq: number } | null = null;

  constructor(
    private readonly store: Store,
    private readonly sync: Sync,
    private readonly transport: Transport,
  ) {}

  /** The newest message of this channel is on the screen, and someone is looking. */
  seen(id: string, seq: number): void {
    if (this.held.value === id || seq <= this.readUpTo(id)) return;
    // Where messages come faster than this, one that waited for a pause would wait for ever.
    if (this.due?.id === id) return void (this.due.seq = seq);
    this.wait(id, seq, SETTLE_MS);
  }

  /** Everything from this place on is to be read again. Throws a Refusal where that cannot be said now. */
  async unread(id: string, seq: number): Promise<void> {
    clearTimeout(this.timer);
    this.due = null;
    this.held.value = id;
    this.setMarked(id, 0);
    const asked = this.store.world.value.reads;
    try {
      const payload = { channel_id: id, seq: seq - 1, unread: true };
      const { read } = await this.transport.request("markRead", payload);
      this.sync.change((world) => apply.answer(world, id, read, asked));
    } catch (error) {
      this.release();
      throw error;
    }
  }

  /** What is seen counts as read again. */
  release(): void {
    this.held.value = null;
  }

  /** Whatever is unread anywhere counts as read; what cannot be told now shows as unread as before. */
  async readAll(): Promise<void> {
    this.release();
    const world = this.store.world.value;
    const unread = [...world.channels.keys()].filter((id) => badge(world, id).unread > 0);
    for (const id of unread) await this.tell(id, THE_END);
  }

  private onDue(): void {
    const { id, seq } = this.due!;
    this.due = null;
    void this.mark(id, seq);
  }

  private readUpTo(id: string): number {
    const told = this.store.world.value.reads.get(id)?.last_read_seq ?? 0;
    return Math.max(told, this.store.marked.value.get(id) ?? 0);
  }

  private async mark(id: string, seq: number): Promise<void> {
    const { world, ready, open } = this.store;
    if (!ready.value || open.value !== id || !isMine(world.value.channels.get(id))) return;
    const againMs = await this.tell(id, seq);
    if (againMs !== null && !this.due && this.held.value !== id) this.wait(id, seq, againMs);
  }

  private wait(id: string, seq: number, ms: number): void {
    clearTimeout(this.timer);
    this.due = { id, seq };
    this.timer = setTimeout(() => this.onDue(), ms);
  }

  /** Answers after how long to say it again, where the server could not hear it now. */
  private async tell(id: string, seq: number): Promise<number | null> {
    const asked = this.store.world.value.reads;
    this.setMarked(id, seq);
    let againMs: number | null = null;
    try {
      const { read } = await this.transport.request("markRead", { channel_id: id, seq });
      this.sync.change((world) => apply.answer(world, id, read, asked));
    } catch (error) {
      // Lost with the connection; what is on the screen then is seen again.
      const { retryable, retryAfterMs, unheard } = asRefusal(error);
      if (retryable && !unheard) againMs = retryAfterMs ?? LATER_MS;
    }
    this.setMarked(id, 0);
    return againMs;
  }

  private setMarked(id: string, seq: number): void {
    this.store.marked.value = new Map(this.store.marked.value).set(id, seq);
  }
}
