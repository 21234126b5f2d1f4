// One message of a log at a time has buttons that Tab reaches; else there were hundreds between the log and the composer.
import { useLayoutEffect, useRef } from "preact/hooks";

const ROWS = "[data-seq]";
const BUTTONS = ".message__actions button";

/** The last message, until the focus was in another. */
export function useRoving(frame: { current: HTMLElement | null }): (event: FocusEvent) => void {
  const active = useRef<HTMLElement | null>(null);
  const chosen = useRef(false);
  const choose = (row: HTMLElement | null | undefined) => {
    if (!row || (row === active.current && row.querySelector<HTMLElement>(BUTTONS)?.tabIndex === 0)) return;
    if (row !== active.current) reach(active.current, -1);
    reach(row, 0);
    active.current = row;
  };
  useLayoutEffect(() => {
    chosen.current &&= !!active.current?.isConnected;
    choose(chosen.current ? active.current : [...(frame.current?.querySelectorAll<HTMLElement>(ROWS) ?? [])].at(-1));
  });
  return ({ target }) => {
    const row = (target as HTMLElement).closest<HTMLElement>(ROWS);
    if (!row) return;
    chosen.current = true;
    choose(row);
  };
}

function reach(row: HTMLElement | null, tabIndex: 0 | -1): void {
  for (const button of row?.querySelectorAll<HTMLElement>(BUTTONS) ?? []) button.tabIndex = tabIndex;
}
