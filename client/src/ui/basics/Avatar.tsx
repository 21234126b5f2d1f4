// A person's initials on a colour of their own.

export function Avatar({ id, name }: { id: string; name: string }) {
  // Drawn by the style sheet: the name stands beside it, and nobody should hear or copy both.
  return <span class={`avatar avatar--${hue(id)}`} data-initials={initials(name)} aria-hidden="true" />;
}

const COLOURS = 8;

const hue = (id: string): number => [...id].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)!) % 9973, 7) % COLOURS;

function initials(name: string): string {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]];
  return letters.map((word) => [...(word ?? "?")][0]).join("").toUpperCase();
}
