// What people and channels are called on the page.
import { computed } from "@preact/signals";
import { app } from "../../app";
import { channelRefs, type ChannelRefs } from "../../lib/mentions";
import { texts } from "../../texts";
import { isDirect, type Channel } from "../../wire";

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

let refs: ChannelRefs | undefined;

/** Where "#name" in a text leads: channels this person can see. The same as long as they are called the same. */
export const linkable = computed(() => {
  const ids = new Map<string, string>();
  for (const { id, name } of app.store.channels.value.values()) if (name) ids.set(name.toLowerCase(), id);
  const known = refs?.ids;
  if (ids.size !== (known?.size ?? 0) || [...ids].some(([name, id]) => known?.get(name) !== id)) refs = channelRefs(ids);
  return refs;
});

const ASK_CHANNELS_MS = 60_000;
let asked = -Infinity;

/** Ask for the public channels one is not in. Nobody is told of those; so now and then, where a text may mean one. */
export function wantChannels(): void {
  const now = Date.now();
  if (now - asked < ASK_CHANNELS_MS || !app.store.ready.value) return;
  asked = now;
  // Where it fails, they are asked for again later.
  app.sync.list().catch(() => (asked = 0));
}
