// The emoji themselves, from packages; only ever brought by `import()`, since they are many.
import rows from "emojibase-data/en/compact.json";
// The short names that most chats share, and with them their exports.
import codes from "emojibase-data/en/shortcodes/iamcal.json";
import { EmojiBook, type EmojiRow } from "./emoji";

export const book = new EmojiBook(rows as EmojiRow[], codes as Record<string, string | string[]>);
