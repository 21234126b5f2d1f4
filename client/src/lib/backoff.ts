// How long to wait before trying again: exponential with full jitter, so that a crowd does not come back at once.

const FIRST_MS = 300;
const LONGEST_MS = 30_000;

export function backoff(attempt: number, random: () => number = Math.random): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 20));
  return Math.round(random() * ceiling);
}
