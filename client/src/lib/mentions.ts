// Marks the names of people in a text; what stands in code or in a link names nobody.
import type { MarkdownIt, Token } from "markdown-it";

export interface Readers {
  /** Whom "@name" may name, in small letters. */
  names: ReadonlySet<string>;
  me: string | undefined;
}

// As the server finds them.
const MENTION = /(?<![\p{L}\p{N}_@/.])@([a-zA-Z0-9][a-zA-Z0-9._-]{0,39})/gu;

export function mentions(md: MarkdownIt): void {
  // After everything else: by then the pieces of a text are joined, and code and links are known.
  md.core.ruler.push("mentions", ({ tokens, env, Token }) => {
    const { names } = env.readers as Readers;
    const make = (type: string, content: string, level: number) => Object.assign(new Token(type, "", 0), { content, level });
    for (const token of tokens) {
      if (!token.children?.some(({ content }) => content.includes("@"))) continue;
      let links = 0;
      token.children = token.children.flatMap((child) => {
        if (child.type === "link_open") links += 1;
        if (child.type === "link_close") links -= 1;
        return child.type === "text" && !links ? cut(child, names, make) : child;
      });
    }
  });
  md.renderer.rules.mention = (tokens, at, _options, env) => {
    const { content } = tokens[at]!;
    const mine = content.toLowerCase() === `@${(env?.readers as Readers).me}`;
    return `<span class="${mine ? "mention mention--me" : "mention"}">${md.utils.escapeHtml(content)}</span>`;
  };
}

function cut({ content, level }: Token, names: ReadonlySet<string>, make: (type: string, content: string, level: number) => Token): Token[] {
  const found: Token[] = [];
  let end = 0;
  for (const match of content.matchAll(MENTION)) {
    const name = known(match[1]!, names);
    if (!name) continue;
    const next = match.index + 1 + name.length;
    found.push(make("text", content.slice(end, match.index), level), make("mention", content.slice(match.index, next), level));
    end = next;
  }
  return [...found, make("text", content.slice(end), level)];
}

/** "@bo." at the end of a sentence names bo. */
function known(written: string, names: ReadonlySet<string>): string {
  let name = written;
  while (name && !names.has(name.toLowerCase())) {
    if (!/[._-]$/.test(name)) return "";
    name = name.slice(0, -1);
  }
  return name;
}
