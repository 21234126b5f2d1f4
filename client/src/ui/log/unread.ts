// What is new in the open channel: where it begins, how much it is, and telling the server when it was seen.
import { useEffect, useRef, useState } from "preact/hooks";
import { app } from "../../app";
import { isUnread } from "../../state/counts";
import { badge, isMine } from "../../state/world";
import { placeOf } from "../../state/window";
import type { Channel, Message } from "../../wire";

export interface Unread {
  /** The number after which everything was new when one came here or looked away; Infinity: nothing is. */
  after: number;
  clear(): void;
}

/** Stays while one reads, so that one can see what was new. `present`: what comes now is seen as it comes. */
export function useUnread({ id }: Channel, present: boolean): Unread {
  const world = app.store.world.value;
  const read = world.reads.get(id);
  const { unread } = badge(world, id, app.store.marked.value.get(id));
  const [after, setAfter] = useState(Infinity);
  const before = useRef<{ unread: number; last: number } | null>(null);
  const last = read?.last_read_seq;
  useEffect(() => {
    if (last === undefined) return;
    const was = before.current;
    before.current = { unread, last };
    if (!unread) return;
    const markedBack = !!was && last < was.last;
    // Several at once were missed, not seen coming.
    const missed = !was || (!was.unread && (!present || unread > 1));
    if (markedBack || missed) setAfter(last);
  }, [unread, last]);
  return { after, clear: () => setAfter(Infinity) };
}

/** The first message that is new, of those held. */
export function firstNew(messages: readonly Message[], after: number, me: string): Message | undefined {
  if (after === Infinity) return undefined;
  return messages.slice(placeOf(messages, after + 1)).find((message) => isUnread(message, after, me));
}

/** Marks the channel read while its end is on the screen and someone is looking. */
export function useSeen(channel: Channel, seq: number, atEnd: boolean, looking: boolean): void {
  const ready = app.store.ready.value;
  const readUpTo = app.store.world.value.reads.get(channel.id)?.last_read_seq;
  const held = app.reading.held.value;
  useEffect(() => {
    if (looking && atEnd && ready && seq && isMine(channel)) app.reading.seen(channel.id, seq);
  }, [looking, atEnd, ready, seq, readUpTo, channel.role, held]);
}

/** Whether someone is before this page. */
export function useLooking(): boolean {
  const [looking, setLooking] = useState(isLooking);
  useEffect(() => {
    const look = () => setLooking(isLooking());
    const events = [["focus", globalThis], ["blur", globalThis], ["visibilitychange", document]] as const;
    for (const [name, target] of events) target.addEventListener(name, look);
    return () => {
      for (const [name, target] of events) target.removeEventListener(name, look);
    };
  }, []);
  return looking;
}

const isLooking = (): boolean => document.visibilityState === "visible" && document.hasFocus();
