// All emoji with their names, how one is found by what people type, and how ":name:" becomes one.

export interface Emoji {
  text: string;
  /** In words. */
  name: string;
  group: number;
  /** What may stand between colons. */
  codes: readonly string[];
  /** All that it is found by, in small letters: pieces of codes and name, and what it stands for. */
  words: readonly string[];
  /** The same in five skin tones, light to dark; empty where there are none. */
  tones: readonly string[];
}

/** A row of emojibase's compact data. */
export interface EmojiRow {
  hexcode: string;
  label: string;
  unicode: string;
  group?: number;
  tags?: string[];
  skins?: EmojiRow[];
}

// Skin tones and kinds of hair by themselves.
const COMPONENTS = 2;
export const GROUPS = [0, 1, 3, 4, 5, 6, 7, 8, 9] as const;
const TONES = 5;

export class EmojiBook {
  readonly all: readonly Emoji[];
  private readonly codes = new Map<string, Emoji>();
  private readonly texts = new Map<string, Emoji>();

  constructor(rows: readonly EmojiRow[], codes: Readonly<Record<string, string | string[]>>) {
    // What has no short name yet is so new that most machines show a box for it.
    this.all = rows.filter((row) => row.group !== undefined && row.group !== COMPONENTS && codes[row.hexcode]).map((row) => entry(row, codes[row.hexcode]!));
    for (const emoji of this.all) {
      for (const code of emoji.codes) this.codes.set(code, emoji);
      for (const text of [emoji.text, ...emoji.tones]) this.texts.set(text, emoji);
    }
  }

  inGroup(group: number): readonly Emoji[] {
    return this.all.filter((emoji) => emoji.group === group);
  }

  byCode(code: string): Emoji | undefined {
    return this.codes.get(code.toLowerCase());
  }

  byText(text: string): Emoji | undefined {
    return this.texts.get(text);
  }

  /** What fits the words best, first; of what fits equally, what was used last. */
  find(query: string, recent: readonly string[] = [], most = Infinity): Emoji[] {
    const words = query.toLowerCase().split(/[\s:_]+/).filter(Boolean);
    if (!words.length) return [];
    const code = words.join("_");
    const used = new Map(recent.map((text, at) => [this.texts.get(text), at]));
    return this.all
      .map((emoji) => ({ emoji, fit: fit(emoji, words, code) }))
      .filter(({ fit }) => fit < MISS)
      .map(({ emoji, fit }) => ({ emoji, fit, used: used.get(emoji) ?? recent.length, rest: rest(emoji, code) }))
      .sort((a, b) => a.fit - b.fit || a.used - b.used || a.rest - b.rest)
      .slice(0, most)
      .map(({ emoji }) => emoji);
  }
}

function entry({ label, unicode, group, tags = [], skins = [] }: EmojiRow, codes: string | string[]): Emoji {
  const tones = skins.slice(0, TONES).map((skin) => asWritten(skin.unicode));
  const names = [codes].flat();
  // Made once: it is searched with every key.
  const words = [...names, ...names.flatMap((code) => code.split(/[_-]/)), ...label.toLowerCase().split(/[^\p{L}\p{N}]+/u), ...tags];
  return { text: asWritten(unicode), name: label, group: group!, codes: names, words: [...new Set(words)], tones };
}

/** Where a character is a picture by itself, the data's mark that asks for one is too much: "👍" is one character. */
const asWritten = (text: string): string => (/^\p{Emoji_Presentation}\ufe0f$/u.test(text) ? text.slice(0, -1) : text);

const MISS = 4;

/** 0: is called so; 1: its code begins so; 2: words of it begin so; 3: they stand somewhere in its words. */
function fit({ codes, words }: Emoji, wanted: readonly string[], code: string): number {
  if (codes.includes(code)) return 0;
  if (codes.some((one) => one.startsWith(code))) return 1;
  if (wanted.every((part) => words.some((word) => word.startsWith(part)))) return 2;
  // Two letters stand somewhere in almost anything.
  return wanted.every((part) => part.length > 2 && words.some((word) => word.includes(part))) ? 3 : MISS;
}

/** How much of a code is still to be written: ":hea" is nearer to "heart" than to "heart_eyes". */
const rest = ({ codes }: Emoji, code: string): number => codes.find((one) => one.startsWith(code))?.length ?? 0;

/** Stands between words, alone or in a row; "10:30:45" and "std::string::size" hold none. */
export const CODES = /(?<![\p{L}\p{N}_:/])(?::[a-z0-9_+'-]+:)+(?![\p{L}\p{N}_:/])/giu;

export type Named = (code: string) => Emoji | undefined;

/** The codes of a run like ":wave::skin-tone-3::tada:" with their emoji; what is none stays as it is. */
export function readCodes(run: string, named: Named): { code: string; text: string | null }[] {
  const read: { code: string; text: string | null }[] = [];
  let before: Emoji | undefined;
  for (const code of run.match(/:[^:]+:/g) ?? []) {
    const tone = /^:skin-tone-([2-6]):$/.exec(code);
    const toned = tone && before?.tones[Number(tone[1]) - 2];
    if (toned) {
      const last = read.pop()!;
      read.push({ ...last, code: last.code + code, text: toned });
      before = undefined;
      continue;
    }
    before = named(code.slice(1, -1));
    read.push({ code, text: before?.text ?? null });
  }
  return read;
}
