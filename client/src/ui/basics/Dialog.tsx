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
  const isGone = useRef(false);
  const heading = useId();
  // At once, so that what is typed right after the key that opened it lands in it.
  useLayoutEffect(() => {
    const opener = document.activeElement as HTMLElement | null;
    const visit = visits.peek();
    const shown = dialog.current!;
    shown.showModal();
    return () => {
      isGone.current = true;
      shown.close(); // what is behind it could not have the focus before
      // Where it led elsewhere, or what opened it is gone, one goes on with what is there now.
      if (visit === visits.peek() && opener?.isConnected) opener.focus();
      else arrive();
    };
  }, []);
  const onClick = (event: MouseEvent) => event.target === dialog.current && onClose();
  // Escape: at once too. Left to itself the browser would close it now and say so later, and what is pressed between
  // the two, such as the key that opens it again, would be lost.
  const onCancel = (event: Event) => {
    if (event.target !== dialog.current) return;
    event.preventDefault();
    onClose();
  };
  return (
    <dialog class="dialog" ref={dialog} aria-labelledby={heading} onCancel={onCancel} onClose={() => isGone.current || onClose()} onMouseDown={onClick}>
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
