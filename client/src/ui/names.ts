// What people and channels are called on the page.
import { computed } from "@preact/signals";
import { app } from "../app";
import { texts } from "../texts";
import { isDirect, type Channel } from "../wire";

export const personName = (userId: string): string => app.nameOf(userId) ?? texts.channel.someone;

export function channelName(channel: Channel): string {
  if (!isDirect(channel)) return channel.name ?? "";
  const others = (channel.user_ids ?? []).filter((id) => id !== app.store.myId.value);
  return others.length ? others.map(personName).join(", ") : texts.channel.emptyDirect;
}

/** Whose picture stands for a conversation. */
export const otherOf = (channel: Channel): string => channel.user_ids?.find((id) => id !== app.store.myId.value) ?? channel.id;

const EVERYONE = ["channel", "everyone", "all", "here"];
let known: ReadonlySet<string> = new Set();

/** Whom "@name" in a text may name. The same set as long as nobody comes along, so that texts need not be made again. */
export const mentionable = computed(() => {
  const names = new Set(EVERYONE);
  for (const user of app.store.users.value.values()) names.add(user.username);
  if (names.size !== known.size || [...names].some((name) => !known.has(name))) known = names;
  return known;
});
