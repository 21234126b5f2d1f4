// Marks what a text refers to: people, channels, and emoji by their short names. What stands in code or in a link
// refers to nothing.
import type { MarkdownIt, Token } from "markdown-it";
import { CODES, readCodes, type Named } from "./emoji";
import { channelPath } from "./paths";

export interface Readers {
  /** Whom "@name" may name, in small letters. */
  names: ReadonlySet<string>;
  me: string | undefined;
  /** Channels that "#name" may lead to: those the reader can see. */
  channels?: ChannelRefs;
  /** Short names are shown as their emoji once those are known. The text stays as it was sent; other programs read it. */
  emoji?: Named;
  /** Colours code, once it can. */
  highlight?: (code: string, language: string) => string | null;
}

export interface ChannelRefs {
  pattern: RegExp;
  ids: ReadonlyMap<string, string>;
}

interface Found {
  type: "mention" | "channel" | "emoji";
  from: number;
  to: number;
  /** A channel's id, an emoji. */
  info?: string;
}

/** Longer names first: "#town-hall" is not "#town". Names hold whatever people like, also spaces. */
export function channelRefs(ids: ReadonlyMap<string, string>): ChannelRefs | undefined {
  if (!ids.size) return undefined;
  const names = [...ids.keys()].sort((a, b) => b.length - a.length).map((name) => name.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&"));
  return { ids, pattern: new RegExp(`(?<![\\p{L}\\p{N}_#&/])#(${names.join("|")})(?![\\p{L}\\p{N}_-]|\\.[\\p{L}\\p{N}])`, "giu") };
}

export function mentions(md: MarkdownIt): void {
  // After everything else: by then the pieces of a text are joined, and code and links are known.
  md.core.ruler.push("mentions", ({ tokens, env, Token }) => {
    const make = (type: string, content: string, level: number) => Object.assign(new Token(type, "", 0), { content, level });
    const cutAll = (child: Token): Token[] =>
      FINDERS.reduce<Token[]>(
        (pieces, find) => pieces.flatMap((piece) => (piece.type === "text" ? cut(piece, find(piece.content, env.readers as Readers), make) : piece)),
        [child],
      );
    for (const token of tokens) {
      if (!token.children?.some(({ content }) => /[@#:]/.test(content))) continue;
      let links = 0;
      token.children = token.children.flatMap((child) => {
        if (child.type === "link_open") links += 1;
        if (child.type === "link_close") links -= 1;
        return child.type === "text" && !links ? cutAll(child) : child;
      });
    }
  });
  md.renderer.rules.mention = (tokens, at, _options, env) => {
    const { content } = tokens[at]!;
    const mine = content.toLowerCase() === `@${(env?.readers as Readers).me}`;
    return `<span class="${mine ? "mention mention--me" : "mention"}">${md.utils.escapeHtml(content)}</span>`;
  };
  md.renderer.rules.channel = (tokens, at) => {
    const { content, info } = tokens[at]!;
    return `<a href="${md.utils.escapeHtml(channelPath(info))}" data-route="">${md.utils.escapeHtml(content)}</a>`;
  };
  md.renderer.rules.emoji = (tokens, at) => {
    const { content, info } = tokens[at]!;
    return `<span class="emoji" title="${md.utils.escapeHtml(content)}">${md.utils.escapeHtml(info)}</span>`;
  };
}

function cut({ content, level }: Token, founds: Found[], make: (type: string, content: string, level: number) => Token): Token[] {
  const pieces: Token[] = [];
  let end = 0;
  for (const { type, from, to, info = "" } of founds) {
    pieces.push(make("text", content.slice(end, from), level), Object.assign(make(type, content.slice(from, to), level), { info }));
    end = to;
  }
  return [...pieces, make("text", content.slice(end), level)];
}

// As the server finds them.
const MENTION = /(?<![\p{L}\p{N}_@/.])@([a-zA-Z0-9][a-zA-Z0-9._-]{0,39})/gu;

function people(content: string, { names }: Readers): Found[] {
  return [...content.matchAll(MENTION)].flatMap((match) => {
    const name = known(match[1]!, names);
    return name ? { type: "mention" as const, from: match.index, to: match.index + 1 + name.length } : [];
  });
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

function channels(content: string, { channels }: Readers): Found[] {
  if (!channels || !content.includes("#")) return [];
  return [...content.matchAll(channels.pattern)].flatMap((match) => {
    const info = channels.ids.get(match[1]!.toLowerCase());
    return info ? { type: "channel" as const, from: match.index, to: match.index + match[0].length, info } : [];
  });
}

function emoji(content: string, { emoji }: Readers): Found[] {
  if (!emoji || !content.includes(":")) return [];
  return [...content.matchAll(CODES)].flatMap((match) => {
    let from = match.index;
    return readCodes(match[0], emoji).flatMap(({ code, text }) => {
      const found = { type: "emoji" as const, from, to: from + code.length, info: text ?? "" };
      from = found.to;
      return text ? found : [];
    });
  });
}

const FINDERS = [people, channels, emoji];
