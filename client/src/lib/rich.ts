// Cuts a message's text into plain pieces, links and mentions. Nothing here makes HTML.

export type Piece = { kind: "text" | "link" | "mention"; text: string };

const PIECES = /(https?:\/\/[^\s<>"']+)|(?<![\w@.])@([a-z0-9][a-z0-9._-]{0,39})/giu;

export function pieces(text: string, isName: (name: string) => boolean): Piece[] {
  const found: Piece[] = [];
  let end = 0;
  const add = (kind: Piece["kind"], from: number, to: number) => {
    if (to > from) found.push({ kind, text: text.slice(from, to) });
  };
  for (const match of text.matchAll(PIECES)) {
    const link = match[1] ? trimLink(match[1]) : "";
    const name = match[2] ? trimName(match[2], isName) : "";
    if (!link && !name) continue;
    const length = link ? link.length : name.length + 1;
    add("text", end, match.index);
    add(link ? "link" : "mention", match.index, match.index + length);
    end = match.index + length;
  }
  add("text", end, text.length);
  return found;
}

/** A sentence's own punctuation is no part of the address; a closing bracket is one only if it was opened inside. */
function trimLink(link: string): string {
  let trimmed = link.replace(/[.,;:!?*_]+$/u, "");
  while (trimmed.endsWith(")") && !trimmed.includes("(")) trimmed = trimmed.slice(0, -1);
  return URL.canParse(trimmed) ? trimmed : "";
}

/** "@bo." at the end of a sentence names bo. */
function trimName(name: string, isName: (name: string) => boolean): string {
  let trimmed = name.toLowerCase();
  while (trimmed && !isName(trimmed)) {
    if (!/[._-]$/.test(trimmed)) return "";
    trimmed = trimmed.slice(0, -1);
  }
  return trimmed;
}
