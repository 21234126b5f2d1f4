// How someone wants this browser to behave: kept on this machine, the same in all its tabs.
import { signal, type Signal } from "@preact/signals";

const PREFIX = "parley.pref.";

/** A choice under a name. What is kept and is none of the values any more counts as never chosen. */
export function preference<Value>(name: string, fallback: Value, isOne: (value: unknown) => value is Value): Signal<Value> {
  const key = PREFIX + name;
  const chosen = signal(read(key, fallback, isOne));
  let told = chosen.value;
  chosen.subscribe((value) => {
    if (value === told) return;
    told = value;
    keep(key, value);
  });
  globalThis.addEventListener?.("storage", (event) => {
    if (event.key === key) chosen.value = told = read(key, fallback, isOne);
  });
  return chosen;
}

/** For preferences that are one of a few words. */
export const oneOf =
  <Word extends string>(...words: Word[]) =>
  (value: unknown): value is Word =>
    words.includes(value as Word);

function read<Value>(key: string, fallback: Value, isOne: (value: unknown) => value is Value): Value {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
    return isOne(value) ? value : fallback;
  } catch {
    return fallback;
  }
}

/** Storage can be switched off or full; then the choice holds until the page is left. */
function keep(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // As said above.
  }
}
