// Messages in their order, as many as the page needs: of a channel, or of a thread. What waits to be sent stands at their end.
import { Fragment, type ComponentChildren, type TargetedKeyboardEvent } from "preact";
import { useEffect, useLayoutEffect, useState } from "preact/hooks";
import { app } from "../../app";
import { dayKey, dayName } from "../../lib/time";
import type { Item } from "../../outbox/item";
import { overlay } from "../../outbox/overlay";
import type { Place, Stretch } from "../../state/window";
import { texts } from "../../texts";
import type { Channel, Message } from "../../wire";
import { actionsOf } from "./actions";
import { Alert } from "../basics/Alert";
import { MessageRow } from "./MessageRow";
import { PendingRow } from "./PendingRow";
import { useRoving } from "./roving";
import { useScroll } from "./scroll";
import { earlier, granted, later, shown, type Wish } from "./slice";
import { useTask } from "../basics/task";

const GROUP_MS = 5 * 60_000;

/** How the log is moved from outside. */
export interface Control {
  toEnd(): void;
  /** Show a message that is held. */
  goTo(seq: number, then?: (row: HTMLElement) => void): void;
  /** The first message in sight. */
  firstSeen(): number;
}

interface Props {
  channel: Channel;
  inThread?: boolean;
  label: string;
  line: Stretch;
  pending: readonly Item[];
  /** The message that what is new begins with. */
  newId?: string;
  atEnd: boolean;
  onAtEnd(atEnd: boolean): void;
  /** Read on, or somewhere else. */
  turn(place: Place): Promise<unknown>;
  control: { current: Control | null };
  /** What stands before the first message. */
  children?: ComponentChildren;
  /** What lies over the messages. */
  over?: ComponentChildren;
}

export function Log({ channel, inThread = false, label, line, pending, newId, atEnd, onAtEnd, turn, control, children, over }: Props) {
  const { messages, low, high } = line;
  const loaded = low !== Infinity;
  const [wish, setWish] = useState<Wish>("newest");
  const slice = granted(messages, wish, atEnd);
  const rows = shown(messages, slice);
  const paging = useTask();
  const page = (place: Place) => !paging.busy && void paging.run(() => turn(place));
  const scroll = useScroll({
    whole: slice.to === Infinity && high === Infinity,
    onAtEnd,
    onNearStart: () => {
      const next = earlier(messages, slice);
      if (next) setWish(next);
      else if (loaded && low > 0 && !paging.error) page({ before: low });
    },
    onNearEnd: () => {
      const next = later(messages, slice);
      if (next) setWish(next);
      else if (high !== Infinity && !paging.error) page({ after: high });
    },
  });
  control.current = {
    toEnd: () => {
      setWish("newest");
      scroll.toEnd();
    },
    goTo: (seq, then) => {
      setWish({ around: seq });
      scroll.bring(seq, then);
    },
    firstSeen: scroll.firstSeen,
  };
  useLayoutEffect(() => {
    if (messages.length && slice !== wish) setWish(slice);
    scroll.settle();
  });
  const onFocus = useRoving(scroll.frame);
  // What one just wrote is always in sight.
  const written = pending.at(-1)?.id;
  useEffect(() => {
    if (!written) return;
    if (high !== Infinity) void turn({}).then(() => control.current?.toEnd(), () => {});
    else control.current?.toEnd();
  }, [written]);

  return (
    <div class="log-frame">
      <div class="log" role="log" aria-live="off" tabIndex={0} aria-label={label} aria-busy={!loaded} ref={scroll.frame} onScroll={scroll.onScroll} onFocusIn={onFocus} onKeyDown={(event) => onKey(event, rows, channel)}>
        <div class="log__rows" ref={scroll.content}>
          {low === 0 && rows[0] === messages[0] && children}
          {(!loaded || (paging.busy && rows[0] === messages[0] && low > 0)) && <Loading few={loaded} />}
          <Alert text={paging.error && texts.log.olderFailed}>
            <button type="button" class="button" onClick={() => page(high === Infinity ? { before: low } : { after: high })}>
              {texts.log.tryAgain}
            </button>
          </Alert>
          <Rows rows={rows} newId={newId} inThread={inThread} />
          {slice.to === Infinity && high === Infinity && <Waiting pending={pending} last={messages.at(-1)} />}
        </div>
      </div>
      {over}
    </div>
  );
}

function Rows({ rows, newId, inThread }: { rows: readonly Message[]; newId: string | undefined; inThread: boolean }) {
  const me = app.store.myId.value;
  const items = app.outbox.items.value;
  const drawn = overlay(rows, items, me);
  return drawn.map(({ message, pending, failed }, at) => {
    const before = drawn[at - 1]?.message;
    const newDay = !before || dayKey(before.created_at) !== dayKey(message.created_at);
    const isNew = message.id === newId;
    return (
      <Fragment key={message.user_id === me ? message.client_msg_id || message.id : message.id}>
        {newDay && <Day iso={message.created_at} />}
        {isNew && (
          <p class="log__new">
            <span>{texts.log.unread}</span>
          </p>
        )}
        <MessageRow message={message} pending={pending} failed={failed} grouped={!newDay && !isNew && follows(before, message)} inThread={inThread} />
      </Fragment>
    );
  });
}

function Waiting({ pending, last }: { pending: readonly Item[]; last: Message | undefined }) {
  const follows = (item: Item) => last?.user_id === app.store.myId.value && last.kind === "user" && isRecent(last.created_at, item.created_at);
  return pending.map((item, at) => <PendingRow key={item.id} item={item} grouped={at > 0 || follows(item)} />);
}

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

/** Where messages will be, or, when there are some already, that more come. */
function Loading({ few }: { few: boolean }) {
  if (few) return <p class="log__note">{texts.log.loading}</p>;
  return (
    <div class="log__blank">
      <p class="visually-hidden">{texts.log.loading}</p>
      {[60, 85, 40, 70, 55, 80].map((width) => (
        <p key={width} class={`blank blank--${width}`} aria-hidden="true" />
      ))}
    </div>
  );
}

/** Arrows go from message to message; a letter does something with the one that has the focus. */
function onKey(event: TargetedKeyboardEvent<HTMLDivElement>, rows: readonly Message[], channel: Channel): void {
  const target = event.target as HTMLElement;
  if (event.ctrlKey || event.metaKey || event.altKey || target.matches("input, textarea")) return;
  const articles = [...event.currentTarget.querySelectorAll<HTMLElement>("[data-seq]")];
  const row = target.closest<HTMLElement>("[data-seq]");
  const at = row ? articles.indexOf(row) : articles.length;
  if (event.key === "ArrowUp" || event.key === "ArrowDown") {
    const next = articles[at + (event.key === "ArrowUp" ? -1 : 1)];
    if (!next) return;
    event.preventDefault();
    next.focus();
    next.scrollIntoView({ block: "nearest" });
  } else if (row && (target === row || target.closest(".message__actions"))) {
    const message = rows.find(({ seq }) => seq === Number(row.dataset.seq));
    const action = message && actionsOf(message, channel).find(({ key }) => key === event.key);
    if (!action) return;
    event.preventDefault();
    action.run(row);
  }
}
