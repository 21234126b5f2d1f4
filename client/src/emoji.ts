// The emoji once they are there, those this person used lately, and the skin tone they chose.
import type { Emoji } from "./lib/emoji";
import { Later } from "./lib/later";
import { oneOf, preference } from "./prefs";

const REMEMBERED = 32;

export const emojis = new Later(() => import("./lib/emojidata").then(({ book }) => book));

const areTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every((one) => typeof one === "string");

/** The last used first. */
export const recent = preference<readonly string[]>("emoji.recent", [], areTexts);

export const TONES = ["", "light", "medium-light", "medium", "medium-dark", "dark"] as const;
export type Tone = (typeof TONES)[number];
export const tone = preference<Tone>("emoji.tone", "", oneOf(...TONES));

export function remember(text: string): void {
  recent.value = [text, ...recent.value.filter((other) => other !== text)].slice(0, REMEMBERED);
}

/** In the chosen skin tone, where it has one. */
export const toned = (emoji: Emoji): string => emoji.tones[TONES.indexOf(tone.value) - 1] ?? emoji.text;
