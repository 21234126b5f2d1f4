// Which channel is before someone's eyes, in this tab or another one of the browser.
import { signal } from "@preact/signals";
import { storage as kept } from "./storage";
import { uuid } from "./uuid";

const PREFIX = "parley.looking.";
// A tab that crashed says nothing any more; one that lives says it again in time.
const LASTS_MS = 60_000;
const AGAIN_MS = 20_000;

const isAttentive = (): boolean => document.visibilityState === "visible" && document.hasFocus();

/** This tab is in front, and the keyboard is in it. */
export const attentive = signal(false);

export function watchAttention(): void {
  const look = () => (attentive.value = isAttentive());
  for (const name of ["focus", "blur", "pageshow"]) addEventListener(name, look);
  document.addEventListener("visibilitychange", look);
  look();
}

export class Looking {
  private readonly key = PREFIX + uuid();
  private at: string | null = null;
  private timer: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly storage: Storage | undefined = kept) {}

  /** What this tab looks at now; null is nothing. */
  look(channelId: string | null): void {
    this.at = channelId;
    clearInterval(this.timer);
    if (channelId) this.timer = setInterval(() => this.say(), AGAIN_MS);
    this.say();
  }

  /** Whether any tab looks at this channel. */
  sees(channelId: string, now = Date.now()): boolean {
    return this.at === channelId || this.others(now).includes(channelId);
  }

  private say(): void {
    try {
      if (this.at) this.storage?.setItem(this.key, JSON.stringify({ channel: this.at, since: Date.now() }));
      else this.storage?.removeItem(this.key);
    } catch {
      // Storage is switched off or full: other tabs do not know.
    }
  }

  private others(now: number): string[] {
    try {
      const storage = this.storage!;
      const keys = Array.from({ length: storage.length }, (_, at) => storage.key(at)!);
      return keys
        .filter((key) => key.startsWith(PREFIX))
        .map((key) => ({ key, ...(JSON.parse(storage.getItem(key) ?? "{}") as { channel?: string; since?: number }) }))
        .filter(({ key, since = 0 }) => now - since < LASTS_MS || storage.removeItem(key))
        .flatMap(({ channel }) => channel ?? []);
    } catch {
      return [];
    }
  }
}
