// My channels in the order the sidebar shows them; moving from one to the next follows it too.
import { computed } from "@preact/signals";
import { app } from "../../app";
import { active } from "../../lately";
import { collator } from "../../lib/rank";
import { isMuted } from "../../notifications";
import { badge, isMine } from "../../state/world";
import { isDirect, type Channel } from "../../wire";
import { channelName } from "../people/names";

const mine = computed(() => [...app.store.channels.value.values()].filter((channel) => isMine(channel) && !channel.archived_at));

export const rooms = computed(() =>
  mine.value.filter((channel) => !isDirect(channel)).sort((a, b) => collator.compare(a.name ?? "", b.name ?? "")),
);

/** Unread ones first, then those where something was said last, as far as this browser heard. */
export const directs = computed(() => {
  const unread = new Set(unreadDirects.value.split(" "));
  const time = (channel: Channel) => active.value[channel.id] ?? Date.parse(channel.created_at);
  return mine.value.filter(isDirect).sort((a, b) => Number(unread.has(b.id)) - Number(unread.has(a.id)) || time(b) - time(a));
});

// As a text it is equal while nothing changed, and the list is not made anew.
const unreadDirects = computed(() => {
  const world = app.store.world.value;
  return mine.value.filter((channel) => isDirect(channel) && badge(world, channel.id).unread && !isMuted(channel.id)).map(({ id }) => id).join(" ");
});

export const inOrder = computed(() => [...rooms.value, ...directs.value]);

export interface Attention {
  unread: number;
  mentions: number;
  muted: boolean;
  /** Someone wants oneself: a mention, or anything in a conversation. */
  loud: boolean;
}

export function attentionOf(channel: Channel): Attention {
  const { world, marked } = app.store;
  const { unread, mentions } = badge(world.value, channel.id, marked.value.get(channel.id));
  const muted = isMuted(channel.id);
  return { unread, mentions, muted, loud: !muted && (mentions > 0 || (isDirect(channel) && unread > 0)) };
}

/** The channel so many places further, going round at the ends; only unread ones where one wants those. */
export function neighbour(from: string | null, step: 1 | -1, unreadOnly = false): Channel | undefined {
  const all = inOrder.value;
  const here = all.findIndex((channel) => channel.id === from);
  const wanted = (channel: Channel) => !unreadOnly || (attentionOf(channel).unread > 0 && !attentionOf(channel).muted);
  const start = here < 0 && step < 0 ? all.length : here;
  const ahead = all.map((_, at) => all[(start + step * (at + 1) + all.length * 2) % all.length]!);
  return ahead.find((channel) => channel.id !== from && wanted(channel));
}

export const fullName = (channel: Channel): string => (isDirect(channel) ? channelName(channel) : `#${channel.name ?? ""}`);
