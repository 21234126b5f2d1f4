// A message's text: plain, with its line breaks, links to click and mentions to see.
import { app } from "../app";
import { pieces } from "../lib/rich";
import { isMentionable } from "./names";

export function Text({ text }: { text: string }) {
  const me = app.store.me.value?.username;
  return (
    <div class="message__text" dir="auto">
      {pieces(text, isMentionable).map((piece) => {
        if (piece.kind === "link")
          return (
            <a href={piece.text} target="_blank" rel="noopener noreferrer nofollow">
              {piece.text}
            </a>
          );
        if (piece.kind === "mention")
          return <b class={piece.text.toLowerCase() === `@${me}` ? "mention mention--me" : "mention"}>{piece.text}</b>;
        return piece.text;
      })}
    </div>
  );
}
