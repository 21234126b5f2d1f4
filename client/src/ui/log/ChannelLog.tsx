// What was said in a channel: where it begins, what is new in it, and ways to the first new message and to the newest.
import { useEffect, useRef, useState } from "preact/hooks";
import { app } from "../../app";
import { recentTime } from "../../lib/time";
import { waiting } from "../../outbox/overlay";
import { emptyWindow, type Place } from "../../state/window";
import { badge } from "../../state/world";
import { texts } from "../../texts";
import { isDirect, type Channel, type Message } from "../../wire";
import { Icon } from "../basics/icons";
import { Log, type Control } from "./Log";
import { channelName } from "../people/names";
import { firstNew, useLooking, useSeen, useUnread } from "./unread";

export function ChannelLog({ channel, messageId }: { channel: Channel; messageId: string | undefined }) {
  const { id } = channel;
  const { store } = app;
  const me = store.myId.value;
  const window = store.windows.value.get(id) ?? emptyWindow;
  const { messages, low, high } = window;
  const log = useRef<Control | null>(null);
  const [atEnd, setAtEnd] = useState(true);
  const [placed, setPlaced] = useState(false);
  const looking = useLooking();
  const unread = useUnread(channel, looking && atEnd && placed);
  const first = firstNew(messages, unread.after, me);
  const pending = waiting(messages, app.outbox.items.value, id, me);
  const turn = (place: Place) => app.sync.page(place);
  const wrote = pending.at(-1)?.id;
  useEffect(() => {
    if (!wrote) return;
    app.reading.release();
    unread.clear();
  }, [wrote]);
  useEffect(() => app.reading.release(), []);
  useOpening(channel, messageId, log, () => setPlaced(true));
  useSeen(channel, high === Infinity ? (messages.at(-1)?.seq ?? 0) : 0, atEnd && placed, looking);

  const toNewest = async () => {
    if (high !== Infinity) await turn({}).catch(() => {});
    log.current?.toEnd();
  };
  const toFirstNew = async () => {
    if (unread.after < low - 1) await turn({ around: unread.after + 1 }).catch(() => {});
    const target = firstNew(store.windows.value.get(id)?.messages ?? [], unread.after, me);
    if (target) log.current?.goTo(target.seq);
  };
  useEscape(() => {
    app.reading.release();
    unread.clear();
    void toNewest();
  });
  const before = unread.after !== Infinity && (unread.after < low - 1 || (first && (log.current?.firstSeen() ?? 0) > first.seq));
  const below = atEnd ? 0 : badge(store.world.value, id, store.marked.value.get(id)).unread;
  return (
    <Log
      channel={channel}
      label={texts.log.name(channelName(channel))}
      line={window}
      pending={pending}
      newId={first?.id}
      atEnd={atEnd}
      onAtEnd={setAtEnd}
      turn={turn}
      control={log}
      over={
        <>
          {before && <ToFirstNew first={first} onGo={toFirstNew} onClose={unread.clear} />}
          {(!atEnd || high !== Infinity) && <ToNewest count={below} onGo={toNewest} />}
        </>
      }
    >
      <Beginning channel={channel} />
    </Log>
  );
}

/** Come to where one wants to be: at the message that was asked for, at what is new, or at the end. */
function useOpening(channel: Channel, messageId: string | undefined, log: { current: Control | null }, done: () => void): void {
  const { store, sync } = app;
  const { id } = channel;
  const loaded = (store.windows.value.get(id)?.cursor ?? -1) >= 0;
  const live = store.world.value.live === id;
  const missed = !!store.world.value.reads.get(id)?.unread;
  // What was missed may not be here yet; then the end is shown meanwhile, and does not count as seen.
  const ready = loaded && (live || !missed || !!messageId);
  const show = async (seq: number, then?: (row: HTMLElement) => void) => {
    const window = store.windows.value.get(id);
    if (window && (seq < window.low || seq > window.high)) await sync.page({ around: seq });
    const held = store.windows.value.get(id)?.messages ?? [];
    const target = held.find((message) => message.seq >= seq);
    if (target) log.current?.goTo(target.seq, then);
  };
  useEffect(() => {
    if (!ready) return;
    const read = store.world.value.reads.get(id);
    const asked = messageId ? placeOf(messageId, id) : Promise.resolve(null);
    const arrive = async () => {
      const message = await asked;
      if (message) await show(message.seq, highlight);
      else if (!messageId && read?.unread) await show(firstUnread(id, read.last_read_seq));
    };
    void arrive()
      .catch(() => {})
      .then(done);
  }, [ready, messageId]);
}

/** A permalink may name a message that is not held here, or a reply: then the place of what it answers. */
async function placeOf(messageId: string, channelId: string): Promise<Message | null> {
  const held = app.store.windows.value.get(channelId)?.messages.find((message) => message.id === messageId);
  const ask = async (id: string) => (await app.api.get<{ message: Message }>(`/messages/${encodeURIComponent(id)}`)).message;
  const message = held ?? (await ask(messageId));
  if (message.channel_id !== channelId) return null;
  return message.thread_id && !message.also_to_channel ? ask(message.thread_id) : message;
}

function firstUnread(id: string, after: number): number {
  const { messages = [], low = 0 } = app.store.windows.value.get(id) ?? {};
  return (after + 1 >= low && firstNew(messages, after, app.store.myId.value)?.seq) || after + 1;
}

export function highlight(row: HTMLElement): void {
  row.focus({ preventScroll: true });
  row.classList.add("message--target");
  row.addEventListener("animationend", () => row.classList.remove("message--target"), { once: true });
}

function ToFirstNew({ first, onGo, onClose }: { first: Message | undefined; onGo(): void; onClose(): void }) {
  const words = texts.log;
  return (
    <div class="log__up">
      <button type="button" class="button" onClick={onGo}>
        <Icon name="up" />
        {first ? words.newSince(recentTime(first.created_at)) : words.toFirstNew}
      </button>
      <button type="button" class="button button--icon" aria-label={words.dismissNew} onClick={onClose}>
        <Icon name="close" />
      </button>
    </div>
  );
}

function ToNewest({ count, onGo }: { count: number; onGo(): void }) {
  return (
    <button type="button" class="button log__down" onClick={onGo}>
      <Icon name="down" />
      {count ? texts.log.newer(count) : texts.log.toBottom}
    </button>
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

/** Escape, where nothing else takes it: done with what is new. */
function useEscape(then: () => void): void {
  const latest = useRef(then);
  latest.current = then;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const busy = event.defaultPrevented || event.isComposing || event.shiftKey || document.querySelector("dialog[open], :popover-open, .shell--drawer");
      if (event.key === "Escape" && !busy) latest.current();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
}
