// Changing a message in place: Enter saves, Escape leaves it as it was.
import type { TargetedKeyboardEvent } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { app } from "../../app";
import { texts } from "../../texts";
import type { Message } from "../../wire";
import { Alert } from "../basics/Alert";
import { COMPOSER, edited, editing, THREAD_COMPOSER } from "./editing";
import { isSend, WriteField } from "./WriteField";

export function Editor({ message }: { message: Message }) {
  const words = texts.message;
  const text = edited.value;
  const field = useRef<HTMLTextAreaElement>(null);
  const over = [...text.trim()].length - (app.store.limits.value.text ?? 4_000);
  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(text.length, text.length);
    field.current?.scrollIntoView({ block: "nearest" });
  }, []);
  const close = () => {
    const { inThread } = editing.value ?? {};
    editing.value = null;
    document.getElementById(inThread ? THREAD_COMPOSER : COMPOSER)?.focus();
  };
  const save = () => {
    if (!text.trim() || over > 0) return;
    if (text.trim() !== message.text) void app.outbox.do("edit", message, { text: text.trim(), base_rev: message.rev });
    close();
  };
  const onKey = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === "Escape") {
      event.preventDefault();
      close();
    } else if (isSend(event)) {
      event.preventDefault();
      save();
    }
  };
  return (
    <form class="editor" onSubmit={(event) => (event.preventDefault(), save())}>
      <WriteField field={field} channelId={message.channel_id} value={text} label={words.editLabel} onText={(next) => (edited.value = next)} onKey={onKey} />
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
