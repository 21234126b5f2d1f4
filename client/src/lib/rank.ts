// Finds what someone means by a few letters: names that begin so before names that only contain them.

export interface Findable {
  /** What it is called, the usual name first. */
  names: readonly string[];
  /** How much it wants to be looked at: mentions before other unread messages before none. */
  attention: number;
  /** When one was there last; 0 is never. */
  visited: number;
}

const EXACT = 5;
const BEGINS = 4;
const WORD_BEGINS = 3;
const CONTAINS = 2;
const SCATTERED = 1;

/** The best first. Without a search: what is unread, then where one was lately. */
export function rank<Item extends Findable>(search: string, items: readonly Item[], most: number): Item[] {
  const words = fold(search).split(/\s+/).filter(Boolean);
  return items
    .map((item) => ({ item, score: scoreOf(words, item.names), name: item.names[0] ?? "" }))
    .filter(({ score }) => score > 0)
    .sort(
      (a, b) =>
        b.score - a.score ||
        b.item.attention - a.item.attention ||
        b.item.visited - a.item.visited ||
        collator.compare(a.name, b.name),
    )
    .slice(0, most)
    .map(({ item }) => item);
}

/** The usual name counts a little more than the others. */
const scoreOf = (words: readonly string[], names: readonly string[]): number =>
  Math.max(0, ...names.map((name, at) => matchAll(words, fold(name)) * (at ? 0.9 : 1)));

/** Every word has to be found; the worst of them decides. */
function matchAll(words: readonly string[], name: string): number {
  const whole = words.join(" ");
  if (name.startsWith(whole)) return name === whole ? EXACT : BEGINS;
  return Math.min(...words.map((word) => match(word, name)));
}

function match(word: string, name: string): number {
  if (name.startsWith(word)) return BEGINS;
  const at = name.indexOf(word);
  if (at > 0 && wordsBegin(name, word)) return WORD_BEGINS;
  if (at > 0) return CONTAINS;
  return word.length > 1 && isScattered(word, name) ? SCATTERED : 0;
}

const wordsBegin = (name: string, word: string): boolean => name.split(/[\s\-_.,#@]+/).some((part) => part.startsWith(word));

/** All letters in this order, with others between them: "gn" is in "garden". */
function isScattered(word: string, name: string): boolean {
  let at = -1;
  return [...word].every((letter) => (at = name.indexOf(letter, at + 1)) >= 0);
}

/** Small letters without accents. */
export const fold = (text: string): string =>
  text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().trim();

/** How names are put in order: "room 2" stands before "room 10". */
export const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
