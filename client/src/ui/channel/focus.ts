// Keeps the keyboard near where it was, when what it was on goes away.
import { useEffect, useRef } from "preact/hooks";

/** The element takes the focus when a change, told by `what`, has left it nowhere. */
export function useKeptFocus<Place extends HTMLElement>(what: unknown) {
  const place = useRef<Place>(null);
  useEffect(() => {
    if (document.activeElement === document.body) place.current?.focus();
  }, [what]);
  return place;
}
