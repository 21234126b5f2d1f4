// A message's text: Markdown, with links to click, mentions to see and code to copy.
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { app } from "../../app";
import { emojis } from "../../emoji";
import { CODES } from "../../lib/emoji";
import { Later } from "../../lib/later";
import { toHtml } from "../../lib/markdown";
import type { Readers } from "../../lib/mentions";
import { Recent } from "../../lib/recent";
import { clean } from "./clean";
import { dressCode } from "./code";
import { linkable, mentionable, wantChannels } from "../people/names";

const highlighter = new Later(() => import("../../lib/highlighter").then(({ highlight }) => highlight));

// Rows are drawn more often than texts change.
const made = new Recent<string>(1_000);
let madeFor: readonly unknown[] = [];

function draw(text: string): string {
  const book = emojis.value;
  const highlight = highlighter.value;
  const [names, me, channels] = [mentionable.value, app.store.me.value?.username, linkable.value];
  const now = [names, me, channels, book, highlight];
  if (now.some((one, at) => one !== madeFor[at])) made.clear();
  madeFor = now;
  const readers: Readers = { names, me, channels, emoji: book ? (code) => book.byCode(code) : undefined, highlight: highlight ?? undefined };
  return made.get(text, () => clean(toHtml(text, readers)));
}

/** What this text could be shown better with. */
function want(text: string): void {
  if (text.search(CODES) >= 0) emojis.want();
  if (/(?:```|~~~)[\w+#.-]/.test(text)) highlighter.want();
  if (/(?<![\p{L}\p{N}_#&/])#\p{L}/u.test(text)) wantChannels();
}

const EMOJI_ONLY = /^[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}\u200d\ufe0f\s]{1,24}$/u;

const isEmojiOnly = (text: string, html: string): boolean =>
  EMOJI_ONLY.test(text) || (text.startsWith(":") && text.length < 100 && EMOJI_ONLY.test(html.replace(/<[^>]*>/g, "")));

export function Text({ text }: { text: string }) {
  const ref = useRef<HTMLDivElement>(null);
  const html = draw(text);
  useEffect(() => want(text), [text]);
  useLayoutEffect(() => dressCode(ref.current!), [html]);
  return (
    <div
      ref={ref}
      class={isEmojiOnly(text, html) ? "message__text message__text--emoji" : "message__text"}
      dir="auto"
      dangerouslySetInnerHTML={{ __html: html }}
    />
  );
}
