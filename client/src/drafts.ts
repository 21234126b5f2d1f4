// What is written and not sent yet, per channel and thread; kept on this machine so that a reload loses nothing.

const PREFIX = "parley.draft.";

/** A place is a channel, or a thread by its first message: both ids, and no two things share one. */
const key = (userId: string, place: string): string => `${PREFIX}${userId}.${place}`;

export const readDraft = (userId: string, place: string): string => attempt(() => localStorage.getItem(key(userId, place))) ?? "";

export function keepDraft(userId: string, place: string, text: string): void {
  attempt(() => (text ? localStorage.setItem(key(userId, place), text) : localStorage.removeItem(key(userId, place))));
}

export const readLast = (userId: string): string | null => attempt(() => localStorage.getItem(`parley.last.${userId}`)) ?? null;

export const keepLast = (userId: string, channelId: string): void =>
  void attempt(() => localStorage.setItem(`parley.last.${userId}`, channelId));

/** On signing out. */
export function forgetDrafts(userId: string): void {
  attempt(() => {
    for (const name of Object.keys(localStorage)) if (name.startsWith(`${PREFIX}${userId}.`)) localStorage.removeItem(name);
  });
}

/** Storage can be switched off or full; then nothing is kept, and nothing breaks. */
function attempt<Value>(work: () => Value): Value | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
