// The many emoji in the picker: by category, or those that fit what was searched for. Brought by `import()`.
import type { TargetedKeyboardEvent } from "preact";
import { useState } from "preact/hooks";
import { recent, tone, toned, TONES, type Tone } from "../../emoji";
import { GROUPS, type Emoji, type EmojiBook } from "../../lib/emoji";
import { texts } from "../../texts";

const RECENT = "recent";
const SIGNS = { 0: "😀", 1: "👋", 3: "🐻", 4: "🍎", 5: "🚗", 6: "⚽", 7: "💡", 8: "🔣", 9: "🏁" } as const;
const FOUND_AT_MOST = 80;

type Group = (typeof GROUPS)[number] | typeof RECENT;

interface Props {
  book: EmojiBook;
  query: string;
  anyName: boolean;
  onPick(text: string): void;
}

export function EmojiGrid({ book, query, anyName, onPick }: Props) {
  const words = texts.emoji;
  const [group, setGroup] = useState<Group>(() => (recent.value.length ? RECENT : 0));
  const [shown, setShown] = useState("");
  const found = query && book.find(query, recent.value, FOUND_AT_MOST);
  const cells = found ? found.map(asCell) : group === RECENT ? recent.value.map((text) => ({ text, name: book.byText(text)?.name ?? text })) : book.inGroup(group).map(asCell);
  const other = anyName && found && !found.length && isTaken(query) ? query : "";
  // One listener each for all the cells.
  const nameOf = (event: Event) => setShown((event.target as HTMLElement).closest(".picker__cell")?.getAttribute("aria-label") ?? "");
  return (
    <>
      {!query && <Categories group={group} onGroup={setGroup} />}
      <div
        key={query || group}
        class="picker__cells picker__all"
        role={query ? "group" : "tabpanel"}
        id="picker-panel"
        aria-label={query ? words.results : group === RECENT ? words.recent : words.groups[group]}
        onMouseOver={nameOf}
        onFocusIn={nameOf}
      >
        {cells.map(({ text, name }, at) => (
          // Named in words alone: that is what a screen reader says, and it names each once.
          <button type="button" key={text} class="picker__cell" aria-label={name} title={name} tabIndex={at ? -1 : 0} onClick={() => onPick(text)}>
            {text}
          </button>
        ))}
        {other && (
          <button type="button" class="picker__cell picker__cell--wide" onClick={() => onPick(other)}>
            {words.as(other)}
          </button>
        )}
        {!cells.length && !other && <p class="picker__none">{words.none}</p>}
      </div>
      <div class="picker__foot">
        <span aria-hidden="true">{shown}</span>
        <select aria-label={words.tone} title={words.tone} value={tone.value} onChange={(event) => (tone.value = event.currentTarget.value as Tone)}>
          {TONES.map((name, at) => (
            <option key={name} value={name} aria-label={words.tones[name]}>
              {at ? book.byText("✋")?.tones[at - 1] : "✋"}
            </option>
          ))}
        </select>
      </div>
    </>
  );
}

const asCell = (emoji: Emoji): { text: string; name: string } => ({ text: toned(emoji), name: emoji.name });

/** As the server takes reactions: a name between colons, or a pasted emoji. */
const isTaken = (query: string): boolean => /^:[\w+'-]{1,64}:$/.test(query) || /^[\p{Emoji}\p{M}\u200d]{1,20}$/u.test(query);

function Categories({ group, onGroup }: { group: Group; onGroup(group: Group): void }) {
  const words = texts.emoji;
  const groups: Group[] = recent.value.length ? [RECENT, ...GROUPS] : [...GROUPS];
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLDivElement>) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    const next = (groups.indexOf(group) + by + groups.length) % groups.length;
    onGroup(groups[next]!);
    (event.currentTarget.children[next] as HTMLElement).focus();
  };
  return (
    <div class="picker__groups" role="tablist" aria-label={words.categories} onKeyDown={onKeyDown}>
      {groups.map((one) => {
        const name = one === RECENT ? words.recent : words.groups[one];
        return (
          <button type="button" key={one} role="tab" aria-label={name} title={name} aria-selected={one === group} aria-controls="picker-panel" tabIndex={one === group ? 0 : -1} onClick={() => onGroup(one)}>
            {one === RECENT ? "🕒" : SIGNS[one]}
          </button>
        );
      })}
    </div>
  );
}
