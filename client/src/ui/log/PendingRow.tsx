// A message that is on its way, waits for the connection, or was refused.
import { app } from "../../app";
import type { Item } from "../../outbox/item";
import { timeOfDay } from "../../lib/time";
import { texts } from "../../texts";
import { Alert } from "../basics/Alert";
import { Avatar } from "../basics/Avatar";
import { writeAgain } from "../write/editing";
import { personName } from "../people/names";
import { Text } from "./Text";

export function PendingRow({ item, grouped }: { item: Item; grouped: boolean }) {
  const words = texts.message;
  const me = app.store.myId.value;
  const name = personName(me);
  const failed = item.state === "failed";
  const text = item.payload.text ?? "";
  const change = () => {
    writeAgain.value = { channelId: item.channel_id, thread: item.payload.thread_id, text };
    void app.outbox.discard(item.id);
  };
  return (
    <article class={`message message--waiting ${grouped ? "message--grouped" : ""}`} aria-label={words.by(name, timeOfDay(item.created_at))}>
      {grouped ? <span class="message__time" /> : <Avatar id={me} name={name} />}
      <div class="message__main">
        {!grouped && (
          <p class="message__head">
            <b>{name}</b>
          </p>
        )}
        <div class="message__body">
          <Text text={text} />
          {!failed && <small class="message__note">{app.store.ready.value ? words.sending : words.waiting}</small>}
        </div>
        {failed && (
          <Alert text={words.failed(item.error?.message ?? "")}>
            <button type="button" class="button" onClick={() => app.outbox.retry(item.id)}>
              {words.retry}
            </button>
            <button type="button" class="button" onClick={change}>
              {words.change}
            </button>
            <button type="button" class="button" onClick={() => app.outbox.discard(item.id)}>
              {words.discard}
            </button>
          </Alert>
        )}
      </div>
    </article>
  );
}
