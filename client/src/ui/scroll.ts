// Keeps a growing list where its reader is: at the end, or at the message in view while older ones come in above.
import { useEffect, useRef, useState } from "preact/hooks";

const AT_END_PX = 48;
const NEAR_START_PX = 600;

export interface Scroll {
  ref: { current: HTMLDivElement | null };
  atEnd: boolean;
  onScroll(): void;
  /** After every drawing. */
  settle(): void;
  toEnd(): void;
  goToEnd(): void;
}

export function useScroll(first: string, onNearStart: () => void): Scroll {
  const ref = useRef<HTMLDivElement>(null);
  const stick = useRef(true);
  const was = useRef({ first, height: 0 });
  const [atEnd, setAtEnd] = useState(true);

  const toEnd = () => {
    const list = ref.current;
    if (!list) return;
    stick.current = true;
    list.scrollTop = list.scrollHeight;
    setAtEnd(true);
  };
  const settle = () => {
    const list = ref.current;
    if (!list) return;
    if (stick.current) list.scrollTop = list.scrollHeight;
    else if (was.current.first !== first) list.scrollTop += list.scrollHeight - was.current.height;
    was.current = { first, height: list.scrollHeight };
    // A short page may leave nothing to scroll.
    if (first && list.scrollHeight <= list.clientHeight) onNearStart();
  };
  const onScroll = () => {
    const list = ref.current!;
    stick.current = list.scrollHeight - list.scrollTop - list.clientHeight < AT_END_PX;
    setAtEnd(stick.current);
    if (first && list.scrollTop < NEAR_START_PX && !stick.current) onNearStart();
  };
  const goToEnd = () => ref.current?.scrollTo({ top: ref.current.scrollHeight, behavior: "smooth" });

  useEffect(() => {
    // The composer grows, a phone turns: the end stays in sight.
    const observer = new ResizeObserver(() => stick.current && toEnd());
    observer.observe(ref.current!);
    // So it does when texts are shown anew, higher than before.
    const texts = new MutationObserver(() => stick.current && toEnd());
    texts.observe(ref.current!, { subtree: true, childList: true, characterData: true });
    return () => {
      observer.disconnect();
      texts.disconnect();
    };
  }, []);
  return { ref, atEnd, onScroll, settle, toEnd, goToEnd };
}
