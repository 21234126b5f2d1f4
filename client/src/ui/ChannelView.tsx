// A channel: what it is about, what was said, and where to write.
import { useEffect } from "preact/hooks";
import { app } from "../app";
import { keepLast } from "../drafts";
import { isMine } from "../state/world";
import { texts } from "../texts";
import type { Channel } from "../wire";
import { Alert } from "./Alert";
import { ChannelHead } from "./ChannelHead";
import { Composer } from "./Composer";
import { Log } from "./Log";
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
      <ChannelHead channel={channel} />
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
        <p>{texts.channel.missing}</p>
        <a href="/" data-route>{texts.channel.toHome}</a>
      </div>
    </>
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
