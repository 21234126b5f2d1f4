// A field for a message's text: it grows, completes names, and knows the keys for bold and the like.
import type { RefObject, TargetedInputEvent, TargetedKeyboardEvent } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { toggleMark, type Mark } from "../../lib/format";
import { Completion, useCompletion } from "./Completion";
import { insertText } from "./insert";

type Field = HTMLTextAreaElement;

interface Props {
  field: RefObject<Field | null>;
  channelId: string;
  value: string;
  label: string;
  onText(text: string): void;
  /** Keys that neither completion nor formatting took. */
  onKey(event: TargetedKeyboardEvent<Field>): void;
  id?: string;
  class?: string;
  placeholder?: string;
}

const MARKS: Readonly<Record<string, Mark>> = { b: "**", i: "_", e: "`", X: "~~" };

export const isMac = (): boolean => /Mac|iPhone|iPad/.test(navigator.platform);

/** Nothing but fingers: what opens by itself must not bring up a keyboard, and there is no Shift-Enter. */
export const isTouch = (): boolean => matchMedia("(hover: none) and (pointer: coarse)").matches;

export const isSend = (event: KeyboardEvent): boolean =>
  event.key === "Enter" && (event.ctrlKey || event.metaKey || (!event.shiftKey && !event.altKey));

export function WriteField({ field, channelId, value, label, onText, onKey, ...rest }: Props) {
  const completion = useCompletion(field, channelId);
  useLayoutEffect(() => grow(field.current), [value]);
  const onKeyDown = (event: TargetedKeyboardEvent<Field>) => {
    // Enter, arrows and Escape belong to whoever composes Japanese, say; Safari tells so by the number.
    if (event.isComposing || event.keyCode === 229) return;
    if (completion.takes(event) || formats(event)) {
      event.preventDefault();
      // Escape closed the list, and must close nothing else.
      event.stopPropagation();
    } else onKey(event);
  };
  const onInput = (event: TargetedInputEvent<Field>) => {
    onText(event.currentTarget.value);
    completion.typed(event as unknown as InputEvent);
  };
  return (
    <>
      <textarea
        {...rest}
        {...completion.attributes}
        ref={field}
        rows={1}
        value={value}
        aria-label={label}
        enterkeyhint="send"
        onKeyDown={onKeyDown}
        onInput={onInput}
        onKeyUp={completion.moved}
        onPointerUp={completion.moved}
        onBlur={completion.close}
      />
      <Completion state={completion} field={field} />
    </>
  );
}

function formats(event: TargetedKeyboardEvent<Field>): boolean {
  // On a Mac, Ctrl with B and E moves the caret.
  if (!(isMac() ? event.metaKey : event.ctrlKey) || event.altKey) return false;
  const mark = MARKS[event.shiftKey ? event.key.toUpperCase() : event.key.toLowerCase()];
  if (!mark) return false;
  const { value, selectionStart, selectionEnd } = event.currentTarget;
  const { from, to, insert, start, end } = toggleMark(value, selectionStart, selectionEnd, mark);
  insertText(event.currentTarget, from, to, insert, start, end);
  return true;
}

/** As high as its text, up to a third of the page. */
function grow(field: Field | null): void {
  if (!field) return;
  field.style.blockSize = "auto";
  field.style.blockSize = `${Math.min(field.scrollHeight, innerHeight / 3)}px`;
}
