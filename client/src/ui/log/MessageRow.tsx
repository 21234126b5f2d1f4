// One message: who, when, what, the reactions, and what can be done with it.
import { app } from "../../app";
import { messagePath, threadPath } from "../../lib/paths";
import { fullTime, recentTime, timeOfDay } from "../../lib/time";
import type { Item } from "../../outbox/item";
import { texts } from "../../texts";
import type { Message } from "../../wire";
import { actionsOf, history, menu } from "./actions";
import { Alert } from "../basics/Alert";
import { Avatar } from "../basics/Avatar";
import { Editor } from "../write/Editor";
import { editing } from "../write/editing";
import { Files } from "./Files";
import { Icon } from "../basics/icons";
import { memo } from "./memo";
import { personName } from "../people/names";
import { Chips } from "./Reactions";
import { Text } from "./Text";

interface Props {
  message: Message;
  pending: boolean;
  failed: readonly Item[];
  grouped: boolean;
  inThread?: boolean;
}

export const MessageRow = memo(function MessageRow({ message, pending, failed, grouped, inThread = false }: Props) {
  const words = texts.message;
  const name = personName(message.user_id);
  const label = words.by(name, timeOfDay(message.created_at));
  if (message.kind === "system")
    return (
      <article class="message message--system" aria-label={label} data-seq={message.seq} tabIndex={-1}>
        <Text text={message.text} />
        <time dateTime={message.created_at}>{timeOfDay(message.created_at)}</time>
      </article>
    );
  const isEditing = editing.value?.id === message.id && editing.value.inThread === inThread && !message.deleted_at;
  const kind = [grouped && "message--grouped", pending && "message--pending", named(message) && "message--mention"];
  return (
    <article class={["message", ...kind].filter(Boolean).join(" ")} aria-label={label} data-seq={message.seq} tabIndex={-1}>
      <Side message={message} name={name} grouped={grouped} />
      <div class="message__main">
        {!inThread && message.thread_id && message.also_to_channel && (
          <a class="message__note" href={threadPath(message.channel_id, message.thread_id)} data-route>
            {words.repliedTo}
          </a>
        )}
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
            {pending ? <small class="message__note">{words.saving}</small> : message.edited_at && <Edited message={message} />}
          </div>
        )}
        {!message.deleted_at && <Files files={message.files} />}
        {!message.deleted_at && <Chips message={message} />}
        {!inThread && <Thread message={message} />}
        {failed.map((item) => (
          <Failure key={item.id} item={item} />
        ))}
      </div>
      {!message.deleted_at && !isEditing && <Actions message={message} inThread={inThread} />}
    </article>
  );
});

/** Whoever wonders what it said before can look. A link, so that the message has one button whose name is about editing. */
function Edited({ message }: { message: Message }) {
  const onClick = (event: MouseEvent) => {
    event.preventDefault();
    history.value = message;
  };
  return (
    <a class="message__note message__edited" href={messagePath(message.channel_id, message.id)} title={texts.message.revisions} onClick={onClick}>
      {texts.message.edited}
    </a>
  );
}

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

function Actions({ message, inThread }: { message: Message; inThread: boolean }) {
  const words = texts.message;
  const all = actionsOf(message, app.store.channels.value.get(message.channel_id));
  const actions = all.filter(({ more, key }) => !more && !(inThread && key === "t"));
  if (!all.length) return null;
  const onMore = (event: MouseEvent) => (menu.value = { message, opener: event.currentTarget as HTMLElement });
  return (
    <div class="message__actions">
      {actions.map(({ key, words, icon, run }) => (
        <button type="button" class="button button--icon" key={key} tabIndex={-1} aria-label={words} title={words} aria-keyshortcuts={key} onClick={(event) => run(event.currentTarget)}>
          <Icon name={icon} />
        </button>
      ))}
      <button type="button" class="button button--icon" tabIndex={-1} aria-label={words.more} title={words.more} aria-haspopup="menu" onClick={onMore}>
        <Icon name="more" />
      </button>
    </div>
  );
}

/** Under what was answered: how much, and the way there. */
function Thread({ message }: { message: Message }) {
  const { reply_count, last_reply_at, channel_id, id } = message;
  if (!reply_count) return null;
  return (
    <a class="message__thread" href={threadPath(channel_id, id)} data-route>
      <Icon name="thread" />
      {texts.message.replies(reply_count, recentTime(last_reply_at ?? message.created_at))}
    </a>
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
