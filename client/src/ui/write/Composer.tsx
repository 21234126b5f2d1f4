// Where one writes, into a channel or into a thread. What is sent is shown at once and kept until it has arrived.
import type { TargetedKeyboardEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { app } from "../../app";
import { keepDraft, readDraft } from "../../drafts";
import { texts } from "../../texts";
import type { Channel } from "../../wire";
import { Alert } from "../basics/Alert";
import { COMPOSER, editing, editLast, THREAD_COMPOSER, writeAgain } from "./editing";
import { EmojiButton } from "./EmojiPicker";
import { FormattingButton } from "./FormattingButton";
import { Icon } from "../basics/icons";
import { insertAtCaret } from "./insert";
import { channelName } from "../people/names";
import { isSend, isTouch, WriteField } from "./WriteField";

const SHOW_LEFT = 200;

interface Props {
  channel: Channel;
  /** The first message of the thread to write into. */
  thread?: string;
}

export function Composer({ channel, thread }: Props) {
  const words = texts.composer;
  const me = app.store.myId.value;
  const place = thread ?? channel.id;
  const [text, setText] = useState(() => readDraft(me, place));
  const [also, setAlso] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const left = (app.store.limits.value.text ?? 4_000) - [...text.trim()].length;
  const label = thread ? words.threadLabel : words.label(channelName(channel));

  const write = (next: string) => {
    setText(next);
    keepDraft(me, place, next);
  };
  useEffect(() => {
    // A touch keyboard would cover what one came to read.
    if (matchMedia("(hover: hover)").matches && !document.querySelector("dialog[open]")) field.current?.focus();
    return () => stopTyping();
  }, []);
  useEffect(() => {
    const again = writeAgain.value;
    if (again?.channelId !== channel.id || again.thread !== thread) return;
    writeAgain.value = null;
    write(text.trim() ? `${again.text}\n${text}` : again.text);
    field.current?.focus();
  }, [writeAgain.value]);

  // Others are told of who types in a channel, not of threads.
  const stopTyping = () => !thread && app.typing.stop();
  const onText = (next: string) => {
    write(next);
    if (!thread) app.typing.wrote(channel.id, next);
  };
  const send = () => {
    if (!text.trim() || left < 0) return;
    void app.outbox.send(channel.id, text.trim(), thread ? { thread_id: thread, ...(also && { also_to_channel: true }) } : {});
    stopTyping();
    write("");
    setAlso(false);
    field.current?.focus();
  };
  const onKey = (event: TargetedKeyboardEvent<HTMLTextAreaElement>) => {
    if (isSend(event)) {
      event.preventDefault();
      send();
    } else if (event.key === "ArrowUp" && !text && !thread && editing.value === null) {
      if (editLast(channel.id)) event.preventDefault();
    }
  };
  return (
    <form class="composer" onSubmit={(event) => (event.preventDefault(), send())}>
      <Alert text={left < 0 ? words.tooLong(-left) : ""} />
      <div class="composer__box">
        <WriteField
          id={thread ? THREAD_COMPOSER : COMPOSER}
          class="composer__text"
          field={field}
          channelId={channel.id}
          value={text}
          label={label}
          placeholder={label}
          onText={onText}
          onKey={onKey}
        />
        {left < SHOW_LEFT && left >= 0 && <span class="composer__left">{words.left(left)}</span>}
        {/* Touch keyboards have emoji, and no Shift-Enter. */}
        {isTouch() ? <NewLine onPress={() => insertAtCaret(field.current!, "\n")} /> : <EmojiButton onPick={(emoji) => insertAtCaret(field.current!, emoji)} />}
        <FormattingButton />
        <button class="button button--icon composer__send" aria-label={words.send} title={words.hint} disabled={!text.trim() || left < 0}>
          <Icon name="send" />
        </button>
      </div>
      {thread && (
        <label class="composer__also">
          <input type="checkbox" checked={also} onChange={(event) => setAlso(event.currentTarget.checked)} />
          {words.alsoToChannel}
        </label>
      )}
    </form>
  );
}

/** The field keeps the focus, and so the keyboard stays. */
function NewLine({ onPress }: { onPress(): void }) {
  const words = texts.composer;
  return (
    <button type="button" class="button button--icon composer__tool" aria-label={words.newLine} title={words.newLine} onPointerDown={(event) => event.preventDefault()} onClick={onPress}>
      <Icon name="newLine" />
    </button>
  );
}
