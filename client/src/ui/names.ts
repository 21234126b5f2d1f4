// What people and channels are called on the page.
import { app } from "../app";
import { texts } from "../texts";
import { isDirect, type Channel } from "../wire";

export const personName = (userId: string): string => app.nameOf(userId) ?? texts.channel.someone;

export function channelName(channel: Channel): string {
  if (!isDirect(channel)) return channel.name ?? "";
  const others = (channel.user_ids ?? []).filter((id) => id !== app.store.myId.value);
  return others.length ? others.map(personName).join(", ") : texts.channel.emptyDirect;
}

/** Whether "@name" in a text names someone here. */
export function isMentionable(name: string): boolean {
  if (["channel", "everyone", "all", "here"].includes(name)) return true;
  for (const user of app.store.users.value.values()) if (user.username === name) return true;
  return false;
}
