// Says that something unread stands above or below what a long list shows, and leads there.
import { useSignal, useSignalEffect } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { app } from "../../app";
import { texts } from "../../texts";
import { Icon } from "../basics/icons";

interface Props {
  children: ComponentChildren;
  onClick(event: Event): void;
}

const UNREAD = ".sidebar__link--unread";

export function OutOfSight({ children, onClick }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const above = useSignal(false);
  const below = useSignal(false);
  const measure = () => {
    if (!list.current) return;
    const { top, bottom } = list.current.getBoundingClientRect();
    const places = unreadIn(list.current).map((row) => row.getBoundingClientRect());
    above.value = places.some((place) => place.bottom <= top);
    below.value = places.some((place) => place.top >= bottom);
  };
  const later = useSoon(measure);
  useSignalEffect(() => {
    void app.store.world.value;
    later();
  });
  useEffect(() => {
    const observer = new ResizeObserver(later);
    observer.observe(list.current!);
    return () => observer.disconnect();
  }, []);
  const show = (row: Element | undefined) => row?.scrollIntoView({ block: "center" });
  const first = () => show(unreadIn(list.current!)[0]);
  const last = () => show(unreadIn(list.current!).at(-1));
  return (
    <div class="sidebar__frame">
      {above.value && (
        <button type="button" class="sidebar__more sidebar__more--above" onClick={first}>
          <Icon name="down" />
          {texts.sidebar.unreadAbove}
        </button>
      )}
      <div class="sidebar__scroll" ref={list} onScroll={later} onClick={onClick}>
        {children}
      </div>
      {below.value && (
        <button type="button" class="sidebar__more sidebar__more--below" onClick={last}>
          <Icon name="down" />
          {texts.sidebar.unreadBelow}
        </button>
      )}
    </div>
  );
}

const unreadIn = (list: Element): Element[] => [...list.querySelectorAll(UNREAD)];

/** Once the page is drawn, however often it is asked for. */
function useSoon(work: () => void): () => void {
  const frame = useRef(0);
  useEffect(() => () => cancelAnimationFrame(frame.current), []);
  return () => {
    cancelAnimationFrame(frame.current);
    frame.current = requestAnimationFrame(work);
  };
}
