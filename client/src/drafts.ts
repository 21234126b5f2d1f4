// What is written and not sent yet, per channel; kept on this machine so that a reload loses nothing.

const PREFIX = "parley.draft.";

const key = (userId: string, channelId: string): string => `${PREFIX}${userId}.${channelId}`;

export const readDraft = (userId: string, channelId: string): string => attempt(() => localStorage.getItem(key(userId, channelId))) ?? "";

export function keepDraft(userId: string, channelId: string, text: string): void {
  attempt(() => (text ? localStorage.setItem(key(userId, channelId), text) : localStorage.removeItem(key(userId, channelId))));
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
