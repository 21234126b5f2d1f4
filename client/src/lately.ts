// When one was in a channel last, and when something was said in a conversation, as far as this browser knows:
// the server's answers tell no times.
import { preference } from "./prefs";

type Times = Readonly<Record<string, number>>;

const MOST = 200;

const areTimes = (value: unknown): value is Times =>
  typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every((time) => typeof time === "number");

export const visited = preference<Times>("visited", {}, areTimes);
export const active = preference<Times>("active", {}, areTimes);

export function note(times: typeof visited, id: string, now = Date.now()): void {
  const { [id]: _, ...others } = times.value;
  const kept = Object.entries(others).sort(([, a], [, b]) => b - a);
  times.value = { ...Object.fromEntries(kept.slice(0, MOST - 1)), [id]: now };
}
