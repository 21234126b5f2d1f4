// A handful of common emoji, and a field for any other. One for the page, beside the button that asked for it.
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { app } from "../app";
import { texts } from "../texts";
import type { Message } from "../wire";

const COMMON = ["👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "👀", "✅", "❌", "🔥", "💯", "👏", "🤔", "🚀", "👎"];
const MARGIN = 8;

export const picking = signal<{ message: Message; opener: HTMLElement } | null>(null);

export function ReactionPicker() {
  if (!picking.value) return null;
  return <Picker key={picking.value.message.id} {...picking.value} />;
}

function Picker({ message, opener }: { message: Message; opener: HTMLElement }) {
  const words = texts.reactions;
  const [other, setOther] = useState("");
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    // The top layer: no scrolling list clips it, Escape and a click elsewhere close it.
    box.current!.showPopover();
    place(box.current!, opener.getBoundingClientRect());
    box.current!.querySelector("button")!.focus();
  }, []);
  const close = () => {
    picking.value = null;
    opener.focus();
  };
  const pick = (emoji: string) => {
    if (emoji.trim()) void app.outbox.do("addReaction", message, { emoji: emoji.trim() });
    close();
  };
  const onToggle = (event: { newState: string }) => {
    if (event.newState === "closed") picking.value = null;
  };
  return (
    <div class="picker" ref={box} popover="auto" role="dialog" aria-label={words.title} onToggle={onToggle}>
      <div class="picker__grid">
        {COMMON.map((emoji) => (
          <button type="button" key={emoji} onClick={() => pick(emoji)}>
            {emoji}
          </button>
        ))}
      </div>
      <form class="picker__other" onSubmit={(event) => (event.preventDefault(), pick(other))}>
        <input type="text" value={other} aria-label={words.other} placeholder={words.other} maxLength={40} onInput={(event) => setOther(event.currentTarget.value)} />
        <button class="button" disabled={!other.trim()}>
          {words.add}
        </button>
      </form>
    </div>
  );
}

/** Beside its button, inside the page. */
function place(box: HTMLElement, at: DOMRect): void {
  const { width, height } = box.getBoundingClientRect();
  const above = at.top - height - MARGIN;
  const top = above > MARGIN ? above : Math.min(at.bottom + MARGIN, innerHeight - height - MARGIN);
  box.style.top = `${Math.max(MARGIN, top)}px`;
  box.style.left = `${Math.max(MARGIN, Math.min(at.right - width, innerWidth - width - MARGIN))}px`;
}
