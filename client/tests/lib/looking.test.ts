import { afterEach, expect, it, vi } from "vitest";
import { Looking } from "../../src/lib/looking";

afterEach(() => void vi.useRealTimers());

class Kept {
  private readonly values = new Map<string, string>();
  get length() {
    return this.values.size;
  }
  key = (at: number) => [...this.values.keys()][at] ?? null;
  getItem = (key: string) => this.values.get(key) ?? null;
  setItem = (key: string, value: string) => void this.values.set(key, value);
  removeItem = (key: string) => void this.values.delete(key);
}

function tabs() {
  const storage = new Kept() as unknown as Storage;
  return [new Looking(storage), new Looking(storage)] as const;
}

it("tells every tab what one of them looks at", () => {
  vi.useFakeTimers();
  const [one, two] = tabs();
  one.look("town");
  expect([one.sees("town"), two.sees("town"), two.sees("garden")]).toEqual([true, true, false]);
  one.look("garden");
  expect([two.sees("town"), two.sees("garden")]).toEqual([false, true]);
  one.look(null);
  expect(two.sees("garden")).toBe(false);
});

it("goes on being told while one looks, and ends with a tab that died", () => {
  vi.useFakeTimers();
  const [one, two] = tabs();
  one.look("town");
  vi.advanceTimersByTime(10 * 60_000);
  expect(two.sees("town")).toBe(true);
  // The clock goes on, and the tab says nothing any more.
  expect(two.sees("town", Date.now() + 2 * 60_000)).toBe(false);
});
