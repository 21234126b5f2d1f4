// Puts ``` on lines of their own. In Markdown, what follows an opening one on its line is lost, and one at the end of a
// line closes nothing; but people write ```so, and
// so```.

const BLOCK = /(?<!`)```(?!`)([^]+?)(?<!`)```(?!`)/g;
const ALONE_BEFORE = /^[ \t>*+\-\d.)]*$/;
const ALONE_AFTER = /^[ \t]*(?:\n|$)/;
const LANGUAGE = /^[\w+#.-]*[ \t]*\n/;

export function fences(text: string): string {
  // Longer fences are written by those who know what they do.
  if (!text.includes("```") || text.includes("````")) return text;
  return text.replace(BLOCK, (block: string, inside: string, at: number) => {
    if (!inside.includes("\n")) return block;
    const before = text.slice(0, at);
    const after = text.slice(at + block.length);
    const opens = ALONE_BEFORE.test(before.slice(before.lastIndexOf("\n") + 1));
    if (opens && LANGUAGE.test(inside) && ALONE_BEFORE.test(inside.slice(inside.lastIndexOf("\n") + 1)) && ALONE_AFTER.test(after)) return block;
    const start = opens || before.endsWith("\n") ? "" : "\n";
    return `${start}\`\`\`\n${inside.replace(/^\n|\n$/g, "")}\n\`\`\`${ALONE_AFTER.test(after) ? "" : "\n"}`;
  });
}
