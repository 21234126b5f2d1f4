// The name of the tab: where one is, and how much waits for oneself elsewhere.
import { computed, effect, signal } from "@preact/signals";
import { app } from "../app";
import { badge, myChannels } from "../state/world";
import { workspace } from "./workspace";

export const place = signal("");

/** Messages to oneself: mentions, and whatever is unread in direct conversations. */
export const forMe = computed(() => {
  const world = app.store.world.value;
  const { rooms, directs } = myChannels(world);
  const marked = app.store.marked.value;
  const mentions = rooms.reduce((sum, { id }) => sum + badge(world, id, marked.get(id)).mentions, 0);
  return directs.reduce((sum, { id }) => sum + badge(world, id, marked.get(id)).unread, mentions);
});

export function startTitle(): void {
  effect(() => {
    const name = place.value ? `${place.value} · ${workspace()}` : workspace();
    document.title = forMe.value ? `(${forMe.value}) ${name}` : name;
  });
}
