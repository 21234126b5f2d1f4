// A window above the page: focus stays inside, Escape and a click beside it close it.
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { texts } from "../texts";
import { Icon } from "./icons";

interface Props {
  title: string;
  onClose(): void;
  children: ComponentChildren;
}

export function Dialog({ title, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const opener = document.activeElement;
    dialog.current?.showModal();
    return () => (opener as HTMLElement | null)?.focus?.();
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
