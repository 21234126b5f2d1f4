// Which messages of a long line are drawn, whatever the reader and the line do.
import { describe, expect, test } from "vitest";
import { earlier, granted, later, shown, type Slice } from "../../src/ui/log/slice";
import { Random } from "../support/random";
import { message } from "../support/rows";

const line = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, n) => message(from + n));
const ends = (messages: readonly { seq: number }[], slice: Slice) => {
  const rows = shown(messages as ReturnType<typeof line>, slice);
  return [rows[0]?.seq, rows.at(-1)?.seq];
};

describe("a slice", () => {
  test("of a short line is the whole line, and what comes", () => {
    const slice = granted(line(1, 5), "newest", true);
    expect(ends(line(1, 5), slice)).toEqual([1, 5]);
    expect(ends(line(1, 9), slice)).toEqual([1, 9]);
  });

  test("at the end of a long line has as many as a screen needs", () => {
    expect(ends(line(1, 1000), granted(line(1, 1000), "newest", true))).toEqual([941, 1000]);
  });

  test("has what was asked for in its middle", () => {
    const [from, to] = ends(line(1, 1000), granted(line(1, 1000), { around: 500 }, false));
    expect(from).toBeLessThan(490);
    expect(to).toBeGreaterThan(510);
  });

  test("moves on with whoever is at the end, and stays where whoever is not reads", () => {
    const slice = granted(line(1, 1000), "newest", true);
    expect(ends(line(1, 1500), granted(line(1, 1500), slice, true))).toEqual([1441, 1500]);
    expect(ends(line(1, 1500), granted(line(1, 1500), slice, false))[0]).toBe(941);
  });

  test("of a line that was replaced is its end", () => {
    expect(ends(line(5000, 5100), granted(line(5000, 5100), { from: 10, to: 60 }, false))).toEqual([5041, 5100]);
  });

  test("reaches both ends step by step, and is never long nor empty", () => {
    const random = new Random(7);
    const messages = line(1, 2000);
    let slice = granted(messages, "newest", true);
    const walk = (step: typeof earlier) => {
      for (let next = step(messages, slice); next; next = step(messages, slice)) {
        slice = next;
        const { length } = shown(messages, slice);
        expect(length).toBeGreaterThan(0);
        expect(length).toBeLessThanOrEqual(160);
        if (random.chance(0.05)) break;
      }
    };
    for (let i = 0; i < 30; i++) walk(random.chance(0.5) ? earlier : later);
    while (earlier(messages, slice)) slice = earlier(messages, slice)!;
    expect(ends(messages, slice)[0]).toBe(1);
    while (later(messages, slice)) slice = later(messages, slice)!;
    expect(ends(messages, slice)[1]).toBe(2000);
    expect(slice.to).toBe(Infinity);
  });
});
