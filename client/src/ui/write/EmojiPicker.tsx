// Picks an emoji. The common ones are there at once; all the others with their names are brought when it opens.
import type { TargetedKeyboardEvent } from "preact";
import { useSignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { emojis, remember } from "../../emoji";
import { Later } from "../../lib/later";
import { texts } from "../../texts";
import { Icon } from "../basics/icons";
import { Popover } from "../basics/Popover";
import { isTouch } from "./WriteField";

const COMMON = ["👍", "❤️", "😂", "🎉", "😮", "😢", "🙏", "👀", "✅", "❌", "🔥", "💯", "👏", "🤔", "🚀", "👎"];

const grid = new Later(() => import("./EmojiGrid").then(({ EmojiGrid }) => EmojiGrid));

interface Props {
  title: string;
  opener: HTMLElement;
  /** Whether a name may be given that is none of the known: reactions take any. */
  anyName?: boolean;
  onPick(text: string): void;
  onClose(): void;
}

export function EmojiPicker({ title, opener, anyName = false, onPick, onClose }: Props) {
  const words = texts.emoji;
  const [query, setQuery] = useState("");
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => (grid.want(), emojis.want()), []);
  const pick = (text: string) => {
    remember(text);
    onClose();
    onPick(text);
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLDivElement>) => {
    if (event.isComposing) return;
    const input = box.current!.querySelector("input");
    if (event.key === "Enter" && document.activeElement === input) {
      event.preventDefault();
      if (query.trim()) box.current!.querySelector<HTMLElement>(".picker__cell")?.click();
    } else if (walk(box.current!, event)) event.preventDefault();
  };
  const Grid = grid.value;
  const book = emojis.value;
  return (
    // A touch keyboard would cover what is to be picked.
    <Popover box={box} opener={opener} first={isTouch() ? "button" : "input"} role="dialog" label={title} class="picker" onClose={onClose} onKeyDown={onKeyDown}>
      <input type="search" value={query} aria-label={words.search} placeholder={words.search} autocomplete="off" onInput={(event) => setQuery(event.currentTarget.value)} />
      {!query.trim() && (
        <div class="picker__cells picker__common" role="group" aria-label={words.common}>
          {COMMON.map((emoji, at) => (
            <button type="button" key={emoji} class="picker__cell" title={book?.byText(emoji)?.name} tabIndex={at ? -1 : 0} onClick={() => pick(emoji)}>
              {emoji}
            </button>
          ))}
        </div>
      )}
      {Grid && book ? <Grid book={book} query={query.trim()} anyName={anyName} onPick={pick} /> : <p class="picker__none">{words.loading}</p>}
    </Popover>
  );
}

/** A button that opens the picker, and closes it again. */
export function EmojiButton({ onPick }: { onPick(text: string): void }) {
  const words = texts.emoji;
  const open = useSignal(false);
  const button = useRef<HTMLButtonElement>(null);
  // Pressing anywhere closes the picker; on this button the click after it must not open it again.
  const wasOpen = useRef(false);
  return (
    <>
      <button
        type="button"
        ref={button}
        class="button button--icon composer__tool"
        aria-label={words.open}
        title={words.open}
        aria-haspopup="dialog"
        aria-expanded={open.value}
        onPointerDown={() => (wasOpen.current = open.value)}
        onClick={() => {
          open.value = !wasOpen.current;
          wasOpen.current = false;
        }}
      >
        <Icon name="smile" />
      </button>
      {open.value && <EmojiPicker title={words.title} opener={button.current!} onPick={onPick} onClose={() => (open.value = false)} />}
    </>
  );
}

/** Arrow keys go to the next emoji in their direction, wherever it stands; up from the first, to the search. */
function walk(box: HTMLElement, { key, target }: KeyboardEvent): boolean {
  const cells = [...box.querySelectorAll<HTMLElement>(".picker__cell")];
  const at = cells.indexOf(target as HTMLElement);
  if (at < 0 && !(target instanceof HTMLInputElement && key === "ArrowDown")) return false;
  const next = at < 0 ? cells[0] : step(cells, at, key);
  if (next) next.focus();
  else if (key === "ArrowUp") box.querySelector("input")!.focus();
  return key.startsWith("Arrow") || key === "Home" || key === "End";
}

function step(cells: HTMLElement[], at: number, key: string): HTMLElement | undefined {
  if (key === "ArrowRight") return cells[at + 1];
  if (key === "ArrowLeft") return cells[at - 1];
  const here = cells[at]!.getBoundingClientRect();
  const places = cells.map((cell) => ({ cell, top: cell.getBoundingClientRect().top, left: cell.getBoundingClientRect().left }));
  const inRow = (top: number) => places.filter((place) => Math.abs(place.top - top) < 2);
  if (key === "Home") return inRow(here.top)[0]?.cell;
  if (key === "End") return inRow(here.top).at(-1)?.cell;
  const beyond = places.filter(({ top }) => (key === "ArrowDown" ? top > here.top + 2 : key === "ArrowUp" && top < here.top - 2));
  if (!beyond.length) return undefined;
  const row = inRow(key === "ArrowDown" ? Math.min(...beyond.map(({ top }) => top)) : Math.max(...beyond.map(({ top }) => top)));
  return row.reduce((best, place) => (Math.abs(place.left - here.left) < Math.abs(best.left - here.left) ? place : best)).cell;
}
