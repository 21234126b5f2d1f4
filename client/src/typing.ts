// Tells others that someone writes: now and then while they do, and when they stop.
import type { Transport } from "./transport/transport";

const EVERY_MS = 3_000;
const IDLE_MS = 5_000;

export class Typing {
  private last = 0;
  private channel = "";
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly transport: Transport) {}

  wrote(channelId: string, text: string): void {
    if (!text.trim()) return this.stop();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.stop(), IDLE_MS);
    if (this.channel === channelId && Date.now() - this.last < EVERY_MS) return;
    this.channel = channelId;
    this.last = Date.now();
    this.tell(true);
  }

  stop(): void {
    clearTimeout(this.timer);
    if (this.channel) this.tell(false);
    this.channel = "";
  }

  /** It may be lost; nobody waits for it. */
  private tell(on: boolean): void {
    this.transport.request("typing", { channel_id: this.channel, on }).catch(() => {});
  }
}
