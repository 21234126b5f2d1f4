// The name of the tab: where one is, and how much waits for oneself elsewhere.
import { computed, effect, signal } from "@preact/signals";
import { app } from "../../app";
import { isMuted } from "../../notifications";
import { badge, myChannels } from "../../state/world";
import type { Channel } from "../../wire";
import { workspace } from "./workspace";

export const place = signal("");

/** Messages to oneself: mentions, and whatever is unread in direct conversations; muted ones do not count. */
export const forMe = computed(() => {
  const world = app.store.world.value;
  const { rooms, directs } = myChannels(world);
  const marked = app.store.marked.value;
  const count = (what: "mentions" | "unread") => (sum: number, { id }: Channel) =>
    isMuted(id) ? sum : sum + badge(world, id, marked.get(id))[what];
  return directs.reduce(count("unread"), rooms.reduce(count("mentions"), 0));
});

export function startTitle(): void {
  effect(() => {
    const name = place.value ? `${place.value} · ${workspace()}` : workspace();
    document.title = forMe.value ? `(${forMe.value}) ${name}` : name;
  });
}
