import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Claims } from "../../src/lib/claims";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Web Locks, as far as they matter here. */
class Locks {
  private readonly held = new Set<string>();

  async request(name: string, _options: unknown, work: (lock: object | null) => unknown): Promise<unknown> {
    if (this.held.has(name)) return work(null);
    this.held.add(name);
    const done = await work({ name });
    this.held.delete(name);
    return done;
  }
}

/** Storage that every tab shares at once. */
class Slots {
  readonly values = new Map<string, string>();
  getItem = (key: string) => this.values.get(key) ?? null;
  setItem = (key: string, value: string) => void this.values.set(key, value);
  removeItem = (key: string) => void this.values.delete(key);
}

async function answers(tabs: Claims[], key: string): Promise<boolean[]> {
  const asked = Promise.all(tabs.map((tab) => tab.take(key)));
  await vi.advanceTimersByTimeAsync(100);
  return asked;
}

const yes = (told: boolean[]) => told.filter(Boolean).length;

describe.each([
  ["with Web Locks", () => ({ locks: new Locks() as unknown as LockManager, slots: null })],
  ["without Web Locks", () => ({ locks: null, slots: new Slots() })],
])("one tab of many, %s", (_, make) => {
  const open = (count: number) => {
    const { locks, slots } = make();
    return Array.from({ length: count }, () => new Claims("news", locks, slots));
  };

  it("is told yes, when all ask at once", async () => {
    expect(yes(await answers(open(5), "town/1"))).toBe(1);
  });

  it("is not told yes again, and neither is a tab that comes later", async () => {
    const tabs = open(2);
    await answers(tabs, "town/1");
    expect(await answers(tabs, "town/1")).toEqual([false, false]);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(await answers(tabs, "town/1")).toEqual([false, false]);
  });

  it("is asked anew for each message", async () => {
    const tabs = open(2);
    expect(yes(await answers(tabs, "town/1"))).toBe(1);
    expect(yes(await answers(tabs, "town/2"))).toBe(1);
  });
});

it("does it itself where nothing can be known of other tabs", async () => {
  const broken = { getItem: () => { throw new Error("switched off"); }, setItem() {}, removeItem() {} };
  const tab = new Claims("news", null, broken);
  expect(await tab.take("town/1")).toBe(true);
});
