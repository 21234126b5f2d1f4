// What the tabs of one person agree on: who works on a queue, and that something changed.

export interface Tabs {
  /** Run while no other tab runs under this name. A tab that dies lets the next one in. */
  alone(name: string, work: () => Promise<void>): Promise<void>;
  tell(news: unknown): void;
  hear(listener: (news: unknown) => void): void;
  close(): void;
}

export class BrowserTabs implements Tabs {
  private readonly channel: BroadcastChannel | null;
  private readonly queues = new Map<string, Promise<void>>();

  constructor(private readonly name: string) {
    this.channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(name);
  }

  async alone(name: string, work: () => Promise<void>): Promise<void> {
    const locks = globalThis.navigator?.locks as LockManager | undefined;
    if (locks) await locks.request(`${this.name}/${name}`, work);
    else await this.inTurn(name, work);
  }

  tell(news: unknown): void {
    this.channel?.postMessage(news);
  }

  hear(listener: (news: unknown) => void): void {
    if (this.channel) this.channel.onmessage = ({ data }) => listener(data);
  }

  close(): void {
    this.channel?.close();
  }

  /** Plain http has no Web Locks. Two tabs may send the same then; the server takes it once. */
  private inTurn(name: string, work: () => Promise<void>): Promise<void> {
    const turn = (this.queues.get(name) ?? Promise.resolve()).then(work, work);
    this.queues.set(name, turn);
    return turn;
  }
}
