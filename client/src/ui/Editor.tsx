// Changing a message in place: Enter saves, Escape leaves it as it was.
import type { TargetedKeyboardEvent } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { app } from "../app";
import { texts } from "../texts";
import type { Message } from "../wire";
import { Alert } from "./Alert";
import { grow } from "./Composer";
import { editing } from "./editing";

export function Editor({ message }: { message: Message }) {
  const words = texts.message;
  const [text, setText] = useState(message.text);
  const field = useRef<HTMLTextAreaElement>(null);
  const over = [...text.trim()].length - (app.store.limits.value.text ?? 4_000);
  useLayoutEffect(() => grow(field.current), [text]);
  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(text.length, text.length);
    field.current?.scrollIntoView({ block: "nearest" });
  }, []);
  const close = () => {
    editing.value = null;
    document.getElementById("composer")?.focus();
  };
  const save = () => {
    if (!text.trim() || over > 0) return;
    if (text.trim() !== message.text) void app.outbox.do("edit", message, { text: text.trim(), base_rev: message.rev });
    close();
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (event.isComposing) return;
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      save();
    }
  };
  return (
    <form class="editor" onSubmit={(event) => (event.preventDefault(), save())}>
      <textarea ref={field} rows={1} value={text} aria-label={words.editLabel} onInput={(event) => setText(event.currentTarget.value)} onKeyDown={onKeyDown} />
      <Alert text={over > 0 ? texts.composer.tooLong(over) : ""} />
      <div class="editor__actions">
        <button type="button" class="button" onClick={close}>
          {words.cancel}
        </button>
        <button class="button button--primary" disabled={!text.trim() || over > 0}>
          {words.save}
        </button>
      </div>
    </form>
  );
}
