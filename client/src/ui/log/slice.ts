// Which messages of a long line stand in the page: a slice that moves along with its reader.
import { placeOf } from "../../state/window";
import type { Message } from "../../wire";

const MOST = 120;
const STEP = 40;
const FEW = 60;

type Line = readonly Message[];

/** From one place to another; `to` Infinity: to the end, and what comes. */
export interface Slice {
  readonly from: number;
  readonly to: number;
}

/** Where one wants to be; what that means is known once the line is there. */
export type Wish = Slice | { readonly around: number } | "newest";

/** The slice to draw. What comes at the end must not let the page grow: whoever is there moves on, whoever is not stays. */
export function granted(line: Line, wish: Wish, atEnd: boolean): Slice {
  if (wish === "newest") return newest(line);
  if ("around" in wish) return around(line, wish.around);
  // What was held may have been replaced by something else.
  if (!shown(line, wish).length) return newest(line);
  const from = start(line, wish);
  if (wish.to !== Infinity || line.length - from <= MOST + STEP) return wish;
  return atEnd ? newest(line) : cut(line, from, from + MOST);
}

const newest = (line: Line): Slice => ({ from: line.at(-FEW)?.seq ?? 0, to: Infinity });

function around(line: Line, seq: number): Slice {
  const at = placeOf(line, seq);
  return cut(line, Math.max(0, at - FEW / 2), at + FEW);
}

export const shown = (line: Line, slice: Slice): Line => line.slice(start(line, slice), end(line, slice));

/** One step towards the beginning; null: what is held begins here. */
export function earlier(line: Line, slice: Slice): Slice | null {
  const at = start(line, slice);
  if (at === 0) return null;
  const from = Math.max(0, at - STEP);
  return end(line, slice) - from > MOST ? cut(line, from, from + MOST) : { from: line[from]!.seq, to: slice.to };
}

/** One step towards the end; null: what is held ends here. */
export function later(line: Line, slice: Slice): Slice | null {
  if (slice.to === Infinity) return null;
  const to = end(line, slice) + STEP;
  return cut(line, Math.max(start(line, slice), Math.min(to, line.length) - MOST), to);
}

const start = (line: Line, { from }: Slice): number => placeOf(line, from);
const end = (line: Line, { to }: Slice): number => (to === Infinity ? line.length : placeOf(line, to + 1));

const cut = (line: Line, from: number, to: number): Slice => ({
  from: line[from]?.seq ?? 0,
  to: to >= line.length ? Infinity : line[to - 1]!.seq,
});
