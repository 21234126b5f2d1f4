// What the browser keeps for this site; a browser may refuse even to be asked.
export const storage: Storage | undefined = open();

function open(): Storage | undefined {
  try {
    return globalThis.localStorage;
  } catch {
    return undefined;
  }
}
