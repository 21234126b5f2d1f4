// A small box beside the button that asked for it: in the top layer, closed by Escape and by a click elsewhere.
import type { ComponentChildren, RefObject, TargetedKeyboardEvent } from "preact";
import { useLayoutEffect } from "preact/hooks";

const MARGIN = 8;

interface Props {
  box: RefObject<HTMLDivElement | null>;
  opener: HTMLElement;
  /** What gets the focus. */
  first: string;
  role: "dialog" | "menu";
  label: string;
  class: string;
  onClose(): void;
  onKeyDown?(event: TargetedKeyboardEvent<HTMLDivElement>): void;
  children: ComponentChildren;
}

export function Popover({ box, opener, first, role, label, class: name, onClose, onKeyDown, children }: Props) {
  useLayoutEffect(() => {
    box.current!.showPopover();
    place(box.current!, opener.getBoundingClientRect());
    box.current!.querySelector<HTMLElement>(first)?.focus();
  }, []);
  const onToggle = (event: { newState: string }) => {
    if (event.newState === "closed") onClose();
  };
  return (
    <div class={name} ref={box} popover="auto" role={role} aria-label={label} onToggle={onToggle} onKeyDown={onKeyDown}>
      {children}
    </div>
  );
}

/** Beside its button, inside the page. */
function place(box: HTMLElement, at: DOMRect): void {
  const { width, height } = box.getBoundingClientRect();
  const above = at.top - height - MARGIN;
  const top = above > MARGIN ? above : Math.min(at.bottom + MARGIN, innerHeight - height - MARGIN);
  box.style.inset = "auto";
  box.style.top = `${Math.max(MARGIN, top)}px`;
  box.style.left = `${Math.max(MARGIN, Math.min(at.right - width, innerWidth - width - MARGIN))}px`;
}
