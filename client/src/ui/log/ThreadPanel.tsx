// A thread beside its channel: what it answers, its replies, and where to write one.
import { useEffect, useRef, useState } from "preact/hooks";
import { app } from "../../app";
import { channelPath } from "../../lib/paths";
import { waiting } from "../../outbox/overlay";
import { navigate } from "../../routes";
import { closeThread, openThread, type Place, type Thread, type Window } from "../../state/window";
import { isMine, setWindow, type World } from "../../state/world";
import { texts } from "../../texts";
import type { Channel } from "../../wire";
import { Alert } from "../basics/Alert";
import { highlight } from "./ChannelLog";
import { Composer } from "../write/Composer";
import { Icon } from "../basics/icons";
import { Log, type Control } from "./Log";
import { MessageRow } from "./MessageRow";
import { channelName } from "../people/names";
import { useTask } from "../basics/task";

export function ThreadPanel({ channel, id, messageId }: { channel: Channel; id: string; messageId: string | undefined }) {
  const words = texts.thread;
  const window = app.store.windows.value.get(channel.id);
  const loaded = (window?.cursor ?? -1) >= 0;
  const thread = window?.thread?.id === id ? window.thread : null;
  const load = useTask();
  const turn = (place: Place) => app.sync.threadPage(id, place);
  const panel = useRef<HTMLElement>(null);
  const close = () => {
    navigate(channelPath(channel.id));
    document.getElementById("composer")?.focus();
  };
  useEffect(() => {
    if (loaded) app.sync.change(inWindow(channel.id, (window) => openThread(window, id)));
  }, [loaded, id, !thread]);
  useEffect(() => () => app.sync.change(inWindow(channel.id, closeThread)), []);
  const missing = !!thread && thread.low === Infinity;
  useEffect(() => {
    if (missing) void load.run(() => turn({}));
  }, [missing, id, app.store.ready.value]);
  useEffect(() => {
    if (matchMedia("(hover: hover)").matches) panel.current?.querySelector("textarea")?.focus();
  }, [id]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    event.preventDefault();
    close();
  };
  return (
    <aside class="thread" aria-label={words.title} ref={panel} onKeyDown={onKeyDown}>
      <header class="head thread__head">
        <div class="head__about">
          <h2 class="head__name">{words.title}</h2>
          <p class="head__topic">{channelName(channel)}</p>
        </div>
        <button type="button" class="button button--icon" aria-label={words.close} title={words.close} onClick={close}>
          <Icon name="close" />
        </button>
      </header>
      <Alert text={load.error}>
        <button type="button" class="button" onClick={() => load.run(() => turn({}))}>
          {texts.log.tryAgain}
        </button>
      </Alert>
      {thread && <Replies key={id} channel={channel} thread={thread} messageId={messageId} turn={turn} />}
      {isMine(channel) && !channel.archived_at && thread && !thread.root?.deleted_at && <Composer key={`write ${id}`} channel={channel} thread={id} />}
    </aside>
  );
}

function Replies({ channel, thread, messageId, turn }: { channel: Channel; thread: Thread; messageId: string | undefined; turn(place: Place): Promise<unknown> }) {
  const { root, messages, low } = thread;
  const me = app.store.myId.value;
  const log = useRef<Control | null>(null);
  const [atEnd, setAtEnd] = useState(true);
  const pending = waiting(messages, app.outbox.items.value, channel.id, me, thread.id);
  const loaded = low !== Infinity;
  useEffect(() => {
    const target = messages.find((message) => message.id === messageId);
    if (target) log.current?.goTo(target.seq, highlight);
  }, [loaded, messageId]);
  return (
    <Log channel={channel} inThread label={texts.thread.log} line={thread} pending={pending} atEnd={atEnd} onAtEnd={setAtEnd} turn={turn} control={log}>
      {root && (
        <div class="thread__root">
          <MessageRow message={root} pending={false} failed={NONE} grouped={false} inThread />
          <p class="thread__count">{texts.thread.replies(root.reply_count)}</p>
        </div>
      )}
    </Log>
  );
}

const NONE: readonly never[] = [];

const inWindow =
  (id: string, step: (window: Window) => Window) =>
  (world: World): World => {
    const window = world.windows.get(id);
    return window ? setWindow(world, id, step(window)) : world;
  };
