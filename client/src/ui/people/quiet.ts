// How long a quiet while lasts.
export type Pause = "half" | "hour" | "tomorrow";

const MINUTE = 60_000;
// When "tomorrow" begins for someone who wanted peace in the evening.
const MORNING = 8;

export function endOf(pause: Pause, now: Date): number {
  if (pause !== "tomorrow") return now.getTime() + (pause === "half" ? 30 : 60) * MINUTE;
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + 1, MORNING).getTime();
}
