// A message's text as HTML: the Markdown that chats use, with every line break and space as it was typed.
import MarkdownIt from "markdown-it";
import { fences } from "./fences";
import { mentions, type Readers } from "./mentions";

/** What a message's links may lead to. */
export const ADDRESS = /^(?:https?|mailto):/i;
export const REL = "noopener noreferrer nofollow";

/** How a language may be called. */
export const LANGUAGE = /^[\w+#.-]{1,20}(?!\S)/;

// Named one by one, so that no version of the library adds to them: no HTML, headings, tables, pictures, rules,
// entities, code by indentation, or definitions that vanish. A newline stays what it is; the page's style keeps it.
const RULES = ["fence", "blockquote", "list", "backticks", "emphasis", "strikethrough", "link", "autolink", "linkify", "escape"];

const md = new MarkdownIt("zero", { linkify: true }).enable(RULES).use(mentions);

md.validateLink = (url) => ADDRESS.test(url);
// What a link shows is what was written, not a prettier address.
md.normalizeLinkText = (url) => url;

// A quote or list ends with its lines; elsewhere, Markdown takes an answer right below a quote for part of it.
md.block.ruler.before(
  "paragraph",
  "own_lines",
  (state, line, _end, silent) => silent && (state.parentType === "blockquote" || state.sCount[line]! < state.blkIndent),
  { alt: ["blockquote", "paragraph"] },
);

// All running text stands in paragraphs, also in short lists, so that they alone need to keep white space.
md.core.ruler.push("paragraphs", ({ tokens }) => {
  for (const token of tokens) token.hidden = false;
});

md.core.ruler.push("links", ({ tokens }) => {
  for (const { children } of tokens)
    children?.forEach((token, at) => {
      if (token.type !== "link_open" || token.info) return;
      const before = children[at - 1];
      const close = children.find((other, after) => after > at && other.type === "link_close");
      if (token.attrGet("href")) {
        // A picture is shown as the link to it.
        if (before?.type === "text") before.content = before.content.replace(/!$/, "");
      } else if (close) {
        // "call[name]()" leads nowhere.
        Object.assign(token, { type: "text", content: "[" });
        Object.assign(close, { type: "text", content: "]()" });
      }
    });
});

md.renderer.rules.hardbreak = () => "\n";
md.renderer.rules.link_open = (tokens, at, options, _env, self) => {
  tokens[at]!.attrSet("target", "_blank");
  tokens[at]!.attrSet("rel", REL);
  return self.renderToken(tokens, at, options);
};

// The language of a block is what stands behind its fence: shown with it, and coloured by, once that can be done.
md.renderer.rules.fence = (tokens, at, _options, env) => {
  const { content, info } = tokens[at]!;
  const language = LANGUAGE.exec(info)?.[0];
  if (!language) return `<pre><code>${md.utils.escapeHtml(content)}</code></pre>\n`;
  const html = (env?.readers as Readers).highlight?.(content, language) ?? md.utils.escapeHtml(content);
  return `<pre data-language="${md.utils.escapeHtml(language)}"><code>${html}</code></pre>\n`;
};

export function toHtml(text: string, readers: Readers): string {
  const html = md.render(fences(text), { readers });
  // Of "-" or "[](…)" nothing would be seen; then the text is shown as it is.
  return /\S/.test(html.replace(/<[^>]*>/g, "")) ? html : `<p>${md.utils.escapeHtml(text)}</p>\n`;
}
