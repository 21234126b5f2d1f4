// What can be done with a message, by whom: one list for its buttons, its menu and the keyboard.
import { signal } from "@preact/signals";
import { app } from "../../app";
import { messagePath, threadPath } from "../../lib/paths";
import { navigate } from "../../routes";
import { texts } from "../../texts";
import { isDirect, type Channel, type Message } from "../../wire";
import { edit } from "../write/editing";
import type { IconName } from "../basics/icons";
import { isAdmin } from "../channel/may";
import { picking } from "./ReactionPicker";

export interface Action {
  /** Pressed while the message has the focus. */
  key: string;
  words: string;
  icon: IconName;
  /** In the menu instead of beside the message. */
  more?: boolean;
  run(opener: HTMLElement): unknown;
}

/** The message whose menu is open, whose earlier texts or whose reactions are shown. */
export const menu = signal<{ message: Message; opener: HTMLElement } | null>(null);
export const history = signal<Message | null>(null);
export const reactors = signal<Message | null>(null);

export function actionsOf(message: Message, channel: Channel | undefined): Action[] {
  if (!channel || message.deleted_at || message.kind !== "user") return [];
  const words = texts.message;
  const writable = !!channel.role && !channel.archived_at;
  const own = message.user_id === app.store.myId.value;
  const mayDelete = own || (isAdmin(channel) && !isDirect(channel));
  const reply = message.thread_id ?? message.id;
  const actions: (Action | false)[] = [
    writable && { key: "r", words: words.react, icon: "smile", run: (opener) => (picking.value = { message, opener }) },
    (writable || message.reply_count > 0) && { key: "t", words: words.reply, icon: "thread", run: () => navigate(threadPath(channel.id, reply)) },
    writable && own && { key: "e", words: words.edit, icon: "pencil", run: (opener) => edit(message, !!opener.closest(".thread")) },
    writable && mayDelete && { key: "Delete", words: words.delete, icon: "trash", run: () => app.outbox.do("delete", message) },
    !!channel.role && !message.thread_id && { key: "u", words: words.markUnread, icon: "unread", more: true, run: () => app.reading.unread(channel.id, message.seq).catch(() => {}) },
    { key: "l", words: words.copyLink, icon: "link", more: true, run: () => copy(location.origin + messagePath(channel.id, message.id)) },
    { key: "c", words: words.copyText, icon: "copy", more: true, run: () => copy(message.text) },
    message.reactions.length > 0 && { key: "w", words: words.whoReacted, icon: "people", more: true, run: () => (reactors.value = message) },
    !!message.edited_at && { key: "h", words: words.revisions, icon: "clock", more: true, run: () => (history.value = message) },
  ];
  return actions.filter((action): action is Action => !!action);
}

/** Plain http has no clipboard interface; there the old way still works. */
async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = document.createElement("textarea");
    field.value = text;
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  }
}
