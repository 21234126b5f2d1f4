// Which message is being edited, and what a refused one gives back to the composer.
import { signal } from "@preact/signals";
import { app } from "../../app";
import type { Message } from "../../wire";

/** A message may stand in the channel and in the thread beside it; it is edited in one of them. */
export const editing = signal<{ id: string; inThread: boolean } | null>(null);
/** What its text is so far: rows come and go as one scrolls, what was typed stays. */
export const edited = signal("");

export function edit({ id, text }: Message, inThread = false): void {
  editing.value = { id, inThread };
  edited.value = text;
}

export const writeAgain = signal<{ channelId: string; thread?: string; text: string } | null>(null);

/** Where one writes into the channel, and where into the open thread: each is once on the page. */
export const COMPOSER = "composer";
export const THREAD_COMPOSER = "composer-thread";

/** The up arrow in an empty composer: my last message here. */
export function editLast(channelId: string): boolean {
  const { me, windows } = app.store.world.value;
  const mine = windows.get(channelId)?.messages.findLast((message) => isEditable(message, me));
  if (mine) edit(mine);
  return !!mine;
}

const isEditable = (message: { user_id: string; kind: string; deleted_at: string | null }, me: string): boolean =>
  message.user_id === me && message.kind === "user" && !message.deleted_at;
