// Who may do what with a channel, as the server's table of permissions has it; the server decides all the same.
import { app } from "../../app";
import { isMine } from "../../state/world";
import { isDirect, type Channel } from "../../wire";

export function isAdmin(channel: Channel): boolean {
  const role = app.store.me.value?.role;
  return channel.role === "owner" || channel.role === "admin" || role === "owner" || role === "admin";
}

export const mayAdminister = (channel: Channel): boolean => !isDirect(channel) && isAdmin(channel);
export const mayChange = (channel: Channel): boolean => mayAdminister(channel) && !channel.archived_at;
export const mayAddPeople = (channel: Channel): boolean => !isDirect(channel) && isMine(channel) && !channel.archived_at;
export const mayLeave = (channel: Channel): boolean => !isDirect(channel) && isMine(channel);
