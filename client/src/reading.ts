// Says how far this person has read, once what is new was really before their eyes.
import * as apply from "./state/apply";
import type { Store } from "./state/store";
import { badge, isMine } from "./state/world";
import type { Sync } from "./sync/sync";
import type { Transport } from "./transport/transport";
import type { Read } from "./wire";

const SETTLE_MS = 250;
// The server stops at the head, wherever that is by then.
const THE_END = Number.MAX_SAFE_INTEGER;

export class Reading {
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly store: Store,
    private readonly sync: Sync,
    private readonly transport: Transport,
  ) {}

  /** The newest message of this channel is on the screen, and someone is looking. */
  seen(id: string, seq: number): void {
    clearTimeout(this.timer);
    if (seq <= this.readUpTo(id)) return;
    this.timer = setTimeout(() => void this.mark(id, seq), SETTLE_MS);
  }

  /** Whatever is unread anywhere counts as read; what cannot be told now shows as unread as before. */
  async readAll(): Promise<void> {
    const world = this.store.world.value;
    const unread = [...world.channels.keys()].filter((id) => badge(world, id).unread > 0);
    for (const id of unread) await this.tell(id, THE_END);
  }

  private readUpTo(id: string): number {
    const told = this.store.world.value.reads.get(id)?.last_read_seq ?? 0;
    return Math.max(told, this.store.marked.value.get(id) ?? 0);
  }

  private async mark(id: string, seq: number): Promise<void> {
    const { world, ready, open } = this.store;
    if (!ready.value || open.value !== id || !isMine(world.value.channels.get(id))) return;
    await this.tell(id, seq);
  }

  private async tell(id: string, seq: number): Promise<void> {
    const asked = this.store.world.value.reads;
    this.setMarked(id, seq);
    try {
      const { read } = await this.transport.request<{ read: Read }>("markRead", { channel_id: id, seq });
      this.sync.change((world) => apply.answer(world, id, read, asked));
    } catch {
      // Lost with the connection; what is on the screen then is seen again.
    }
    this.setMarked(id, 0);
  }

  private setMarked(id: string, seq: number): void {
    this.store.marked.value = new Map(this.store.marked.value).set(id, seq);
  }
}
