// Keys as they are pressed, as the table of shortcuts writes them, and as they stand on the keyboard.
import { texts } from "../texts";

export const isMac = /Mac|iPhone|iPad/.test(globalThis.navigator?.platform ?? "");

type Press = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

/** What was pressed, written as in the table. */
export function pressed({ key, ctrlKey, metaKey, altKey, shiftKey }: Press, mac = isMac): string {
  // Signs like "?" and "/" need Shift on some keyboards and not on others.
  const isSign = [...key].length === 1 && key.toLowerCase() === key.toUpperCase();
  const parts = [
    (mac ? metaKey : ctrlKey) && "mod",
    (mac ? ctrlKey : metaKey) && "other",
    altKey && "alt",
    shiftKey && !isSign && "shift",
    key.toLowerCase(),
  ];
  return parts.filter(Boolean).join("+");
}

/** Each key of a combination as it stands on the keyboard. */
export const keyNames = (keys: string, mac = isMac): string[] =>
  keys.split("+").map((key) => (mac ? texts.shortcuts.macKeys : texts.shortcuts.keys)[key] ?? key.toUpperCase());
