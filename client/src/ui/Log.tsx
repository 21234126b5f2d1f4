// What was said in a channel, oldest first, with what waits to be sent at its end.
import { useComputed } from "@preact/signals";
import { Fragment } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { app } from "../app";
import { dayKey, dayName } from "../lib/time";
import { overlay, waiting } from "../outbox/overlay";
import { isUnread } from "../state/counts";
import { emptyWindow } from "../state/window";
import { isMine } from "../state/world";
import { texts } from "../texts";
import { isDirect, type Channel, type Message } from "../wire";
import { Alert } from "./Alert";
import { Icon } from "./icons";
import { MessageRow } from "./MessageRow";
import { channelName } from "./names";
import { PendingRow } from "./PendingRow";
import { ReactionPicker } from "./ReactionPicker";
import { useScroll } from "./scroll";
import { useTask } from "./task";

const GROUP_MS = 5 * 60_000;

export function Log({ channel }: { channel: Channel }) {
  const { id } = channel;
  const { store } = app;
  const me = store.myId.value;
  const window = useComputed(() => store.windows.value.get(id) ?? emptyWindow).value;
  const items = app.outbox.items.value;
  const shown = overlay(window.messages, items, me);
  const pending = waiting(window.messages, items, id, me);
  const loaded = window.cursor >= 0;
  const older = useTask();
  const loadOlder = () => !older.busy && window.low > 0 && void older.run(() => app.sync.older());
  const first = window.messages[0];
  const last = window.messages.at(-1);
  const scroll = useScroll(loaded ? (first?.id ?? "") : "", () => !older.error && loadOlder());
  const divider = useDivider(id, loaded);

  useLayoutEffect(() => scroll.settle());
  // What one just wrote is always in sight.
  useEffect(() => scroll.toEnd(), [pending.at(-1)?.id]);
  useSeen(channel, last?.seq ?? 0, scroll.atEnd);

  return (
    <div class="log-frame">
      <div class="log" role="log" aria-live="off" tabIndex={0} aria-label={texts.log.name(channelName(channel))} ref={scroll.ref} onScroll={scroll.onScroll}>
        <div class="log__fill" />
        {loaded && window.low === 0 && <Beginning channel={channel} />}
        {!loaded && <p class="log__note">{texts.log.loading}</p>}
        {older.busy && <p class="log__note">{texts.log.loading}</p>}
        <Alert text={older.error && texts.log.olderFailed}>
          <button type="button" class="button" onClick={loadOlder}>
            {texts.log.tryAgain}
          </button>
        </Alert>
        {shown.map(({ message, pending, failed }, at) => {
          const before = shown[at - 1]?.message;
          const newDay = !before || dayKey(before.created_at) !== dayKey(message.created_at);
          const isFirstNew = isUnread(message, divider, me) && !(before && isUnread(before, divider, me)) && !anyBefore(shown, at, divider, me);
          return (
            <Fragment key={message.user_id === me ? message.client_msg_id || message.id : message.id}>
              {newDay && <Day iso={message.created_at} />}
              {isFirstNew && <p class="log__new"><span>{texts.log.unread}</span></p>}
              <MessageRow message={message} pending={pending} failed={failed} grouped={!newDay && !isFirstNew && follows(before, message)} />
            </Fragment>
          );
        })}
        {pending.map((item, at) => (
          <PendingRow key={item.id} item={item} grouped={at > 0 || (last?.user_id === me && last.kind === "user" && isRecent(last.created_at, item.created_at))} />
        ))}
      </div>
      <ReactionPicker />
      {!scroll.atEnd && (
        <button type="button" class="button log__down" onClick={scroll.goToEnd}>
          <Icon name="down" />
          {texts.log.toBottom}
        </button>
      )}
    </div>
  );
}

const anyBefore = (shown: { message: Message }[], at: number, divider: number, me: string): boolean =>
  divider === Infinity || shown.slice(0, at).some(({ message }) => isUnread(message, divider, me));

const follows = (before: Message | undefined, message: Message): boolean =>
  before?.kind === "user" && message.kind === "user" && before.user_id === message.user_id && !before.deleted_at && isRecent(before.created_at, message.created_at);

const isRecent = (before: string, after: string): boolean => Date.parse(after) - Date.parse(before) < GROUP_MS;

function Day({ iso }: { iso: string }) {
  return (
    <p class="log__day">
      <time dateTime={iso}>{dayName(iso, texts.log)}</time>
    </p>
  );
}

function Beginning({ channel }: { channel: Channel }) {
  const name = channelName(channel);
  return (
    <div class="log__beginning">
      <p>{texts.log.beginning(isDirect(channel) ? name : `#${name}`)}</p>
    </div>
  );
}

/** Where what is new began when one came here; it stays while one reads. */
function useDivider(id: string, loaded: boolean): number {
  const [divider, setDivider] = useState(Infinity);
  useEffect(() => {
    const read = app.store.world.value.reads.get(id);
    if (loaded && read?.unread) setDivider(read.last_read_seq);
  }, [loaded]);
  return divider;
}

/** Marks the channel read while its end is on the screen and someone is looking. */
function useSeen(channel: Channel, seq: number, atEnd: boolean): void {
  const [looking, setLooking] = useState(isLooking);
  useEffect(() => {
    const look = () => setLooking(isLooking());
    const events = [["focus", globalThis], ["blur", globalThis], ["visibilitychange", document]] as const;
    for (const [name, target] of events) target.addEventListener(name, look);
    return () => {
      for (const [name, target] of events) target.removeEventListener(name, look);
    };
  }, []);
  const ready = app.store.ready.value;
  const readUpTo = app.store.world.value.reads.get(channel.id)?.last_read_seq;
  useEffect(() => {
    if (looking && atEnd && ready && seq && isMine(channel)) app.reading.seen(channel.id, seq);
  }, [looking, atEnd, ready, seq, readUpTo, channel.role]);
}

const isLooking = (): boolean => document.visibilityState === "visible" && document.hasFocus();
