// Picks an emoji to react with. One for the page, beside the button that asked for it.
import { signal } from "@preact/signals";
import { app } from "../../app";
import { texts } from "../../texts";
import type { Message } from "../../wire";
import { EmojiPicker } from "../write/EmojiPicker";

export const picking = signal<{ message: Message; opener: HTMLElement } | null>(null);

export function ReactionPicker() {
  if (!picking.value) return null;
  const { message, opener } = picking.value;
  const onPick = (emoji: string) => {
    void app.outbox.do("addReaction", message, { emoji });
    opener.focus();
  };
  return <EmojiPicker key={message.id} title={texts.reactions.title} opener={opener} anyName onPick={onPick} onClose={() => (picking.value = null)} />;
}
