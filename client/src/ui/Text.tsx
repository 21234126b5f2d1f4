// A message's text: Markdown, with links to click and mentions to see.
import { useLayoutEffect, useRef } from "preact/hooks";
import { app } from "../app";
import { toHtml } from "../lib/markdown";
import type { Readers } from "../lib/mentions";
import { Recent } from "../lib/recent";
import { clean } from "./clean";
import { mentionable } from "./names";

// Rows are drawn more often than texts change.
const made = new Recent<string>(1_000);
let madeFor: Readers = { names: new Set(), me: undefined };

function draw(text: string, readers: Readers): string {
  if (madeFor.names !== readers.names || madeFor.me !== readers.me) made.clear();
  madeFor = readers;
  return made.get(text, () => clean(toHtml(text, readers)));
}

const EMOJI_ONLY = /^[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\u200d\ufe0f\s]{1,24}$/u;

export function Text({ text }: { text: string }) {
  const ref = useRef<HTMLDivElement>(null);
  const html = draw(text, { names: mentionable.value, me: app.store.me.value?.username });
  useLayoutEffect(() => watchCode(ref.current!), [html]);
  return (
    <div
      ref={ref}
      class={EMOJI_ONLY.test(text) ? "message__text message__text--emoji" : "message__text"}
      dir="auto"
      dangerouslySetInnerHTML={{ __html: html }}
    />
  );
}

/** Code that is wider than the page can be reached, and so scrolled, with the keyboard. */
function watchCode(element: HTMLElement): (() => void) | undefined {
  const blocks = element.querySelectorAll("pre");
  if (!blocks.length) return;
  const observer = new ResizeObserver(() => {
    for (const block of blocks)
      if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
      else block.removeAttribute("tabindex");
  });
  for (const block of blocks) observer.observe(block);
  return () => observer.disconnect();
}
