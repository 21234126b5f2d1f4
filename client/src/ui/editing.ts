// Which message is being edited, and what a refused one gives back to the composer.
import { signal } from "@preact/signals";
import { app } from "../app";

export const editing = signal<string | null>(null);
export const writeAgain = signal<{ channelId: string; thread?: string; text: string } | null>(null);

/** Where one writes into the channel, and where into the open thread: each is once on the page. */
export const COMPOSER = "composer";
export const THREAD_COMPOSER = "composer-thread";

/** The up arrow in an empty composer: my last message here. */
export function editLast(channelId: string): boolean {
  const { me, windows } = app.store.world.value;
  const mine = windows.get(channelId)?.messages.findLast((message) => isEditable(message, me));
  if (mine) editing.value = mine.id;
  return !!mine;
}

const isEditable = (message: { user_id: string; kind: string; deleted_at: string | null }, me: string): boolean =>
  message.user_id === me && message.kind === "user" && !message.deleted_at;
