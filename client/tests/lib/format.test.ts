// Marks around what is selected: "[" and "]" are its ends.
import { expect, test } from "vitest";
import { toggleMark, type Mark } from "../../src/lib/format";

function press(marked: string, mark: Mark): string {
  const text = marked.replace(/[[\]]/g, "");
  const { from, to, insert, start, end } = toggleMark(text, marked.indexOf("["), marked.indexOf("]") - 1, mark);
  const next = text.slice(0, from) + insert + text.slice(to);
  return `${next.slice(0, start)}[${next.slice(start, end)}]${next.slice(end)}`;
}

test.each<[Mark, string, string]>([
  ["**", "a [b] c", "a **[b]** c"],
  ["**", "a **[b]** c", "a [b] c"],
  ["**", "a [**b**] c", "a [b] c"],
  ["**", "a [b ]c", "a **[b]** c"],
  ["**", "[]", "**[]**"],
  ["**", "**[]**", "[]"],
  ["_", "**[b]**", "**_[b]_**"],
  ["_", "[_b_]", "[b]"],
  ["~~", "[gone]", "~~[gone]~~"],
  ["`", "[a b]", "`[a b]`"],
  ["`", "so: [a\nb]", "so: \n```\n[a\nb]\n```"],
  ["`", "[a\nb]\nc", "```\n[a\nb]\n```\nc"],
  ["`", "[a\nb]c", "```\n[a\nb]\n```\nc"],
])("%s on %j", (mark, before, after) => expect(press(before, mark)).toBe(after));
