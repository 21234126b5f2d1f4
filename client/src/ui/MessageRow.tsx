// One message: who, when, what, the reactions, and what can be done with it.
import { app } from "../app";
import { fullTime, timeOfDay } from "../lib/time";
import type { Item } from "../outbox/item";
import { texts } from "../texts";
import type { Message } from "../wire";
import { Alert } from "./Alert";
import { Avatar } from "./Avatar";
import { Editor } from "./Editor";
import { editing } from "./editing";
import { Files } from "./Files";
import { Icon } from "./icons";
import { isAdmin } from "./Members";
import { memo } from "./memo";
import { personName } from "./names";
import { picking } from "./ReactionPicker";
import { Chips } from "./Reactions";
import { Text } from "./Text";

interface Props {
  message: Message;
  pending: boolean;
  failed: readonly Item[];
  grouped: boolean;
}

export const MessageRow = memo(function MessageRow({ message, pending, failed, grouped }: Props) {
  const words = texts.message;
  const name = personName(message.user_id);
  const label = words.by(name, timeOfDay(message.created_at));
  if (message.kind === "system")
    return (
      <article class="message message--system" aria-label={label}>
        <Text text={message.text} />
        <time dateTime={message.created_at}>{timeOfDay(message.created_at)}</time>
      </article>
    );
  const isEditing = editing.value === message.id && !message.deleted_at;
  const kind = [grouped && "message--grouped", pending && "message--pending", named(message) && "message--mention"];
  return (
    <article class={["message", ...kind].filter(Boolean).join(" ")} aria-label={label}>
      <Side message={message} name={name} grouped={grouped} />
      <div class="message__main">
        {!grouped && (
          <p class="message__head">
            <b>{name}</b>
            <time dateTime={message.created_at} title={fullTime(message.created_at)}>
              {timeOfDay(message.created_at)}
            </time>
          </p>
        )}
        {message.deleted_at ? (
          <p class="message__deleted">{words.deleted}</p>
        ) : isEditing ? (
          <Editor message={message} />
        ) : (
          <div class="message__body">
            <Text text={message.text} />
            {(message.edited_at || pending) && <small class="message__note">{pending ? words.saving : words.edited}</small>}
          </div>
        )}
        {!message.deleted_at && <Files files={message.files} />}
        {!message.deleted_at && <Chips message={message} />}
        {failed.map((item) => (
          <Failure key={item.id} item={item} />
        ))}
      </div>
      {!message.deleted_at && !isEditing && <Actions message={message} />}
    </article>
  );
});

const named = (message: Message): boolean => {
  const me = app.store.myId.value;
  return !message.deleted_at && message.user_id !== me && (message.everyone || message.mentions.includes(me));
};

function Side({ message, name, grouped }: { message: Message; name: string; grouped: boolean }) {
  if (!grouped) return <Avatar id={message.user_id} name={name} />;
  return (
    <time class="message__time" dateTime={message.created_at} title={fullTime(message.created_at)}>
      {timeOfDay(message.created_at)}
    </time>
  );
}

function Actions({ message }: { message: Message }) {
  const words = texts.message;
  const channel = app.store.channels.value.get(message.channel_id);
  if (!channel?.role || channel.archived_at) return null;
  const own = message.user_id === app.store.myId.value;
  const direct = channel.kind === "dm" || channel.kind === "group_dm";
  const onReact = (event: MouseEvent) => (picking.value = { message, opener: event.currentTarget as HTMLElement });
  return (
    <div class="message__actions">
      <button type="button" class="button button--icon" aria-label={words.react} title={words.react} aria-haspopup="dialog" onClick={onReact}>
        <Icon name="smile" />
      </button>
      {own && (
        <button type="button" class="button button--icon" aria-label={words.edit} title={words.edit} onClick={() => (editing.value = message.id)}>
          <Icon name="pencil" />
        </button>
      )}
      {(own || (isAdmin(channel) && !direct)) && (
        <button type="button" class="button button--icon" aria-label={words.delete} title={words.delete} onClick={() => app.outbox.do("delete", message)}>
          <Icon name="trash" />
        </button>
      )}
    </div>
  );
}

function Failure({ item }: { item: Item }) {
  const words = texts.message;
  const what = item.action === "message" ? "" : words.failedAction[item.action];
  return (
    <Alert text={texts.errors.action(what, item.error?.message ?? "")}>
      <button type="button" class="button" onClick={() => app.outbox.retry(item.id)}>
        {words.retry}
      </button>
      <button type="button" class="button" onClick={() => app.outbox.discard(item.id)}>
        {words.dismiss}
      </button>
    </Alert>
  );
}
