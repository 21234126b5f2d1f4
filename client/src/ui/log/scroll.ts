// Keeps a list where its reader is: at the end, or at the message in view while things above it come, go and change.
import { useEffect, useRef } from "preact/hooks";

const AT_END_PX = 48;
const NEAR_PX = 800;

export interface Scroll {
  /** What scrolls, and what grows in it. */
  frame: { current: HTMLDivElement | null };
  content: { current: HTMLDivElement | null };
  onScroll(): void;
  /** After every drawing. */
  settle(): void;
  toEnd(): void;
  /** Once a row stands in the page, put it in sight and tell. */
  bring(seq: number, then?: (row: HTMLElement) => void): void;
  /** The first message in sight. */
  firstSeen(): number;
}

interface Line {
  /** The newest message stands at the end of the page. */
  whole: boolean;
  onAtEnd(atEnd: boolean): void;
  onNearStart(): void;
  onNearEnd(): void;
}

export function useScroll(line: Line): Scroll {
  const frame = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const now = useRef(line);
  now.current = line;
  const stick = useRef(true);
  const anchor = useRef<{ seq: number; top: number } | null>(null);
  const wanted = useRef<{ seq: number; then?: (row: HTMLElement) => void } | "end" | null>(null);

  const look = (): void => {
    const list = frame.current!;
    const below = list.scrollHeight - list.scrollTop - list.clientHeight;
    stick.current = now.current.whole && below < AT_END_PX;
    now.current.onAtEnd(stick.current);
    const row = firstInView(list);
    anchor.current = row && { seq: Number(row.dataset.seq), top: row.offsetTop - list.scrollTop };
    // A page that is not much longer than the screen is not near both its ends.
    const near = Math.min(NEAR_PX, (list.scrollHeight - list.clientHeight) / 3);
    if (list.scrollTop <= near) now.current.onNearStart();
    else if (below <= near) now.current.onNearEnd();
  };

  const settle = (): void => {
    const list = frame.current;
    if (!list) return;
    const wish = wanted.current;
    const target = wish && wish !== "end" && rowOf(list, wish.seq);
    if (wish === "end" && now.current.whole) {
      wanted.current = null;
      stick.current = true;
    }
    if (target) {
      wanted.current = null;
      list.scrollTop = target.offsetTop - list.clientHeight / 4;
      wish.then?.(target);
    } else if (stick.current && now.current.whole) list.scrollTop = list.scrollHeight;
    else if (anchor.current) {
      const row = rowOf(list, anchor.current.seq);
      if (row) list.scrollTop = row.offsetTop - anchor.current.top;
    }
    look();
  };

  const toEnd = (): void => {
    wanted.current = "end";
    settle();
  };

  const bring = (seq: number, then?: (row: HTMLElement) => void): void => {
    stick.current = false;
    wanted.current = { seq, then };
    settle();
  };

  useEffect(() => {
    // The composer grows, a phone turns, code is coloured, an edit makes a message longer.
    const observer = new ResizeObserver(settle);
    observer.observe(frame.current!);
    observer.observe(content.current!);
    return () => observer.disconnect();
  }, []);
  const firstSeen = (): number => anchor.current?.seq ?? 0;
  return { frame, content, onScroll: look, settle, toEnd, bring, firstSeen };
}

const rowOf = (list: HTMLElement, seq: number): HTMLElement | null => list.querySelector(`[data-seq="${seq}"]`);

function firstInView(list: HTMLElement): HTMLElement | null {
  const rows = list.querySelectorAll<HTMLElement>("[data-seq]");
  let from = 0;
  let to = rows.length - 1;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (rows[middle]!.offsetTop + rows[middle]!.offsetHeight <= list.scrollTop) from = middle + 1;
    else to = middle;
  }
  return rows[from] ?? null;
}
