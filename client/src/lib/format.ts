// Marks around a stretch of text, put there and taken away again.

export interface Edit {
  from: number;
  to: number;
  insert: string;
  /** What is selected afterwards. */
  start: number;
  end: number;
}

export type Mark = "**" | "_" | "~~" | "`";

/** Mark what is selected, or unmark it where it is marked already. */
export function toggleMark(text: string, start: number, end: number, mark: Mark): Edit {
  const chosen = text.slice(start, end);
  if (mark === "`" && chosen.includes("\n")) return fence(text, start, end);
  // Marks hold to words: spaces at the ends stay outside.
  const from = start + (chosen.length - chosen.trimStart().length);
  const to = Math.max(from, end - (chosen.length - chosen.trimEnd().length));
  const size = mark.length;
  if (isMark(text, from - size, mark) && isMark(text, to, mark))
    return { from: from - size, to: to + size, insert: text.slice(from, to), start: from - size, end: to - size };
  if (to - from > 2 * size && isMark(text, from, mark) && isMark(text, to - size, mark))
    return { from, to, insert: text.slice(from + size, to - size), start: from, end: to - 2 * size };
  return { from, to, insert: mark + text.slice(from, to) + mark, start: from + size, end: to + size };
}

const isMark = (text: string, at: number, mark: string): boolean => at >= 0 && text.startsWith(mark, at);

/** Several lines of code stand between fences, on lines of their own. */
function fence(text: string, start: number, end: number): Edit {
  const before = start > 0 && text[start - 1] !== "\n" ? "\n```\n" : "```\n";
  const after = end < text.length && text[end] !== "\n" ? "\n```\n" : "\n```";
  return { from: start, to: end, insert: before + text.slice(start, end) + after, start: start + before.length, end: end + before.length };
}
