// A channel: what it is about, what was said, and where to write.
import { useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { app } from "../app";
import { keepLast } from "../drafts";
import { isMine } from "../state/world";
import { texts } from "../texts";
import { isDirect, type Channel } from "../wire";
import { Alert } from "./Alert";
import { Composer } from "./Composer";
import { Dialog } from "./Dialog";
import { Field } from "./Field";
import { Icon } from "./icons";
import { Log } from "./Log";
import { isAdmin, Members } from "./Members";
import { MenuButton } from "./MenuButton";
import { channelName, personName } from "./names";
import { useTask } from "./task";
import { place } from "./title";

export function ChannelView({ id }: { id: string }) {
  const channel = app.store.channels.value.get(id);
  useEffect(() => app.sync.open(id), [id]);
  useEffect(() => () => app.sync.open(null), []);
  const name = channel && channelName(channel);
  useEffect(() => {
    place.value = name ?? "";
    if (channel && isMine(channel)) keepLast(app.store.myId.value, id);
  }, [name, id]);
  if (app.store.missing.value && app.store.open.value === id) return <Missing />;
  if (!channel) return <Loading />;
  return (
    <>
      <Head channel={channel} />
      <Log key={`log ${id}`} channel={channel} />
      <TypingLine id={id} />
      <Foot channel={channel} />
    </>
  );
}

function Loading() {
  return (
    <>
      <header class="head">
        <MenuButton />
      </header>
      <p class="log__note">{texts.channel.loading}</p>
    </>
  );
}

function Missing() {
  return (
    <>
      <header class="head">
        <MenuButton />
      </header>
      <div class="missing">
        <h1>{texts.channel.missingTitle}</h1>
        <p>{texts.channel.missing}</p>
        <a class="button" href="/" data-route>{texts.channel.toHome}</a>
      </div>
    </>
  );
}

function Head({ channel }: { channel: Channel }) {
  const words = texts.channel;
  const dialog = useSignal<"members" | "topic" | null>(null);
  const close = () => (dialog.value = null);
  const direct = isDirect(channel);
  const mayEdit = isMine(channel) && !direct && !channel.archived_at && isAdmin(channel);
  return (
    <header class="head">
      <MenuButton />
      <div class="head__about">
        <h1 class="head__name">
          {!direct && <Icon name={channel.kind === "private" ? "lock" : "hash"} />}
          {channelName(channel)}
        </h1>
        {channel.topic && <p class="head__topic" title={channel.topic}>{channel.topic}</p>}
      </div>
      {mayEdit && (
        <button type="button" class="button button--icon" aria-label={channel.topic ? words.editTopic : words.addTopic} title={channel.topic ? words.editTopic : words.addTopic} onClick={() => (dialog.value = "topic")}>
          <Icon name="pencil" />
        </button>
      )}
      <button type="button" class="button button--quiet" onClick={() => (dialog.value = "members")}>
        <Icon name="people" />
        <span class="head__label">{words.members}</span>
      </button>
      {dialog.value === "members" && <Members channel={channel} onClose={close} />}
      {dialog.value === "topic" && <Topic channel={channel} onClose={close} />}
    </header>
  );
}

function Topic({ channel, onClose }: { channel: Channel; onClose(): void }) {
  const words = texts.channel;
  const [topic, setTopic] = useState(channel.topic);
  const task = useTask();
  const onSubmit = async (event: Event) => {
    event.preventDefault();
    if (await task.run(() => app.setTopic(channel.id, topic.trim()))) onClose();
  };
  return (
    <Dialog title={words.editTopic} onClose={onClose}>
      <form class="form" onSubmit={onSubmit}>
        <Field label={words.topic} value={topic} onValue={setTopic} maxLength={250} autofocus />
        <Alert text={task.error} />
        <div class="form__actions">
          <button class="button button--primary" disabled={task.busy}>
            {words.save}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function TypingLine({ id }: { id: string }) {
  const names = (app.store.typing.value.get(id) ?? []).map(personName);
  return <p class="typing">{names.length > 0 && texts.typing(names)}</p>;
}

function Foot({ channel }: { channel: Channel }) {
  const words = texts.channel;
  const task = useTask();
  if (channel.archived_at) return <p class="foot">{words.archived}</p>;
  if (isMine(channel)) return <Composer key={`write ${channel.id}`} channel={channel} />;
  return (
    <div class="foot">
      <p>{words.preview}</p>
      <button type="button" class="button button--primary" disabled={task.busy} onClick={() => task.run(() => app.join(channel))}>
        {words.join}
      </button>
      <Alert text={task.error} />
    </div>
  );
}
