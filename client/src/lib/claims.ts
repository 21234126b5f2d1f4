// Lets one of this browser's tabs do what all of them hear of.
import { storage } from "./storage";
import { uuid } from "./uuid";

// However late another tab hears of it, and however slowly storage passes from tab to tab.
const HOLD_MS = 5 * 60_000;
const SETTLE_MS = 80;

type Locks = Pick<LockManager, "request">;
type Slots = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export class Claims {
  private readonly tab = uuid();

  constructor(
    private readonly name: string,
    private readonly locks: Locks | null = globalThis.navigator?.locks ?? null,
    private readonly slots: Slots | null = storage ?? null,
  ) {}

  /** Whether this tab is the one; it is asked for once, and one tab at most is told yes. */
  async take(key: string): Promise<boolean> {
    const claim = `${this.name}/${key}`;
    if (this.locks) return this.lock(this.locks, claim);
    try {
      return this.slots ? await this.write(this.slots, claim) : true;
    } catch {
      return true; // Storage is switched off: nothing is known of other tabs.
    }
  }

  private lock(locks: Locks, claim: string): Promise<boolean> {
    return new Promise((answer) => {
      void locks.request(claim, { ifAvailable: true }, (lock) => {
        answer(!!lock);
        return lock ? pause(HOLD_MS) : undefined;
      });
    });
  }

  /** Plain http has no Web Locks: whoever wrote last is the one, and every tab reads who that is. */
  private async write(slots: Slots, claim: string): Promise<boolean> {
    if (slots.getItem(claim)) return false;
    slots.setItem(claim, this.tab);
    await pause(SETTLE_MS);
    if (slots.getItem(claim) !== this.tab) return false;
    void pause(HOLD_MS).then(() => slots.removeItem(claim));
    return true;
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
