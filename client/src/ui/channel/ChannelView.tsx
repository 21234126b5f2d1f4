// A channel: what it is about, what was said, and where to write.
import { useEffect } from "preact/hooks";
import { app } from "../../app";
import { keepLast } from "../../drafts";
import { isMine } from "../../state/world";
import { texts } from "../../texts";
import type { Channel } from "../../wire";
import { Alert } from "../basics/Alert";
import { ChannelHead } from "./ChannelHead";
import { Composer } from "../write/Composer";
import { ChannelLog } from "../log/ChannelLog";
import { MenuButton } from "../frame/MenuButton";
import { MessageMenu } from "../log/MessageMenu";
import { channelName, personName } from "../people/names";
import { ReactionPicker } from "../log/ReactionPicker";
import { useTask } from "../basics/task";
import { ThreadPanel } from "../log/ThreadPanel";
import { place } from "../frame/title";

export function ChannelView({ id, thread, message }: { id: string; thread?: string; message?: string }) {
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
    <div class={thread ? "channel channel--thread" : "channel"}>
      <div class="channel__main">
        <ChannelHead channel={channel} />
        <ChannelLog key={`log ${id}`} channel={channel} messageId={thread ? undefined : message} />
        <TypingLine id={id} />
        <Foot channel={channel} />
      </div>
      {thread && <ThreadPanel key={`thread ${id}`} channel={channel} id={thread} messageId={message} />}
      <ReactionPicker />
      <MessageMenu />
    </div>
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
