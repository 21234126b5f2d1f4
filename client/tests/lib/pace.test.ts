// One by one when they come slowly, together when they come fast; always all of them, in order.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Pace } from "../../src/lib/pace";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const paced = () => {
  const handed: number[][] = [];
  return { handed, pace: new Pace<number>((things) => handed.push([...things]), () => Date.now()) };
};

test("what comes alone is handed on at once", () => {
  const { handed, pace } = paced();
  pace.push(1);
  vi.advanceTimersByTime(50);
  pace.push(2);
  expect(handed).toEqual([[1], [2]]);
});

test("what comes fast is handed on together, in order", () => {
  const { handed, pace } = paced();
  for (let n = 1; n <= 40; n++) {
    pace.push(n);
    vi.advanceTimersByTime(2);
  }
  vi.advanceTimersByTime(20);
  expect(handed.length).toBeLessThan(10);
  expect(handed.flat()).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
});

test("nothing waits once it was asked for", () => {
  const { handed, pace } = paced();
  pace.push(1);
  pace.push(2);
  pace.flush();
  expect(handed).toEqual([[1], [2]]);
  vi.advanceTimersByTime(50);
  expect(handed).toHaveLength(2);
});
