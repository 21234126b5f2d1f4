// A window above the page: focus stays inside, Escape and a click beside it close it.
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { visits } from "../../routes";
import { texts } from "../../texts";
import { arrive } from "../frame/arrival";
import { Icon } from "./icons";

interface Props {
  title: string;
  onClose(): void;
  children: ComponentChildren;
}

export function Dialog({ title, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  // At once, so that what is typed right after the key that opened it lands in it.
  useLayoutEffect(() => {
    const opener = document.activeElement as HTMLElement | null;
    const visit = visits.peek();
    dialog.current?.showModal();
    return () => {
      // Where it led elsewhere, or what opened it is gone, one goes on with what is there now.
      if (visit === visits.peek() && opener?.isConnected) opener.focus();
      else arrive();
    };
  }, []);
  const onClick = (event: MouseEvent) => event.target === dialog.current && onClose();
  return (
    <dialog class="dialog" ref={dialog} aria-labelledby={heading} onClose={onClose} onMouseDown={onClick}>
      <div class="dialog__body">
        <header class="dialog__head">
          <h2 id={heading}>{title}</h2>
          <button type="button" class="button button--icon" aria-label={texts.dialog.close} onClick={onClose}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}

/** A part of a dialog, with a heading of its own. */
export function Section({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <section class="section">
      <h3>{title}</h3>
      {children}
    </section>
  );
}
