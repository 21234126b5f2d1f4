// What someone is in the middle of writing: a name, a channel or an emoji; and what it may become.

export interface Token {
  sign: "@" | "#" | ":";
  query: string;
  from: number;
  to: number;
}

const TOKENS = [
  /(?<![\p{L}\p{N}_@/.])(@)([\p{L}\p{N}._-]{0,40})$/u,
  /(?<![\p{L}\p{N}_#&/])(#)([\p{L}\p{N}._-]{0,80})$/u,
  /(?<![\p{L}\p{N}_:/])(:)([a-z0-9_+-]{2,40})$/iu,
];

/** The token that ends where one writes; in code nothing is one. */
export function tokenAt(text: string, caret: number): Token | null {
  const before = text.slice(0, caret);
  if (/^[\p{L}\p{N}_]/u.test(text.slice(caret)) || inCode(before)) return null;
  for (const pattern of TOKENS) {
    const [whole, sign, query] = pattern.exec(before) ?? [];
    if (whole !== undefined) return { sign: sign as Token["sign"], query: query!.toLowerCase(), from: caret - whole.length, to: caret };
  }
  return null;
}

function inCode(before: string): boolean {
  const [block = "", ...fences] = before.split("```").reverse();
  return fences.length % 2 === 1 || block.slice(block.lastIndexOf("\n") + 1).split("`").length % 2 === 0;
}

/** What can be chosen, by the words it is known by; the first word is what is written in the end. */
export interface Candidate<Value> {
  value: Value;
  words: readonly string[];
  /** Those that are near, members of the channel, come before those that are not. */
  near: boolean;
}

const MISS = 4;

/** What fits, best first: what begins so before what only has it somewhere, what is near before what is far. */
export function rank<Value>(candidates: readonly Candidate<Value>[], query: string, most: number): Value[] {
  return candidates
    .map((candidate) => ({ ...candidate, fit: fit(candidate.words, query) }))
    .filter(({ fit }) => fit < MISS)
    .sort((a, b) => Number(a.fit === SOMEWHERE) - Number(b.fit === SOMEWHERE) || Number(b.near) - Number(a.near) || a.fit - b.fit)
    .slice(0, most)
    .map(({ value }) => value);
}

const SOMEWHERE = 3;

/** 0: is the first word; 1: the first word begins so; 2: another, or a part of one, begins so; 3: it stands somewhere. */
function fit([first = "", ...others]: readonly string[], query: string): number {
  if (first === query) return 0;
  if (first.startsWith(query)) return 1;
  const parts = [first, ...others].flatMap((word) => word.split(/[\s._-]+/)).concat(others);
  if (parts.some((part) => part.startsWith(query))) return 2;
  // Numbers are more often issues than parts of a name.
  const telling = query.length > 1 && !/^\d+$/.test(query);
  return telling && [first, ...others].some((word) => word.includes(query)) ? SOMEWHERE : MISS;
}
