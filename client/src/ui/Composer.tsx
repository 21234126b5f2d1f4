// Where one writes. What is sent is shown at once and kept until it has arrived.
import type { TargetedInputEvent, TargetedKeyboardEvent } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { app } from "../app";
import { keepDraft, readDraft } from "../drafts";
import { texts } from "../texts";
import type { Channel } from "../wire";
import { Alert } from "./Alert";
import { editing, editLast, writeAgain } from "./editing";
import { Icon } from "./icons";
import { channelName } from "./names";

const SHOW_LEFT = 200;

export function Composer({ channel, thread }: { channel: Channel; thread?: string }) {
  const words = texts.composer;
  const me = app.store.myId.value;
  const [text, setText] = useState(() => readDraft(me, channel.id));
  const field = useRef<HTMLTextAreaElement>(null);
  const left = (app.store.limits.value.text ?? 4_000) - [...text.trim()].length;

  const write = (next: string) => {
    setText(next);
    keepDraft(me, channel.id, next);
  };
  useLayoutEffect(() => grow(field.current), [text]);
  useEffect(() => {
    // A touch keyboard would cover what one came to read.
    if (matchMedia("(hover: hover)").matches && !document.querySelector("dialog[open]")) field.current?.focus();
    return () => app.typing.stop();
  }, []);
  useEffect(() => {
    const again = writeAgain.value;
    if (again?.channelId !== channel.id) return;
    writeAgain.value = null;
    write(text.trim() ? `${again.text}\n${text}` : again.text);
    field.current?.focus();
  }, [writeAgain.value]);

  const send = () => {
    if (!text.trim() || left < 0) return;
    void app.outbox.send(channel.id, text.trim(), thread ? { thread_id: thread } : {});
    app.typing.stop();
    write("");
    field.current?.focus();
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (event.isComposing) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      send();
    } else if (event.key === "ArrowUp" && !text && editing.value === null) {
      if (editLast(channel.id)) event.preventDefault();
    }
  };
  const onInput = (event: TargetedInputEvent<HTMLTextAreaElement>) => {
    write(event.currentTarget.value);
    app.typing.wrote(channel.id, event.currentTarget.value);
  };
  return (
    <form class="composer" onSubmit={(event) => (event.preventDefault(), send())}>
      <Alert text={left < 0 ? words.tooLong(-left) : ""} />
      <div class="composer__box">
        <textarea
          id="composer"
          ref={field}
          class="composer__text"
          rows={1}
          value={text}
          aria-label={words.label(channelName(channel))}
          placeholder={words.label(channelName(channel))}
          onKeyDown={onKeyDown}
          onInput={onInput}
          enterkeyhint="send"
        />
        {left < SHOW_LEFT && left >= 0 && <span class="composer__left">{words.left(left)}</span>}
        <button class="button button--icon composer__send" aria-label={words.send} title={words.hint} disabled={!text.trim() || left < 0}>
          <Icon name="send" />
        </button>
      </div>
    </form>
  );
}

/** As high as its text, up to a third of the page. */
export function grow(field: HTMLTextAreaElement | null): void {
  if (!field) return;
  field.style.blockSize = "auto";
  field.style.blockSize = `${Math.min(field.scrollHeight, innerHeight / 3)}px`;
}
