// Dates and times in the reader's own language and zone.

const clock = new Intl.DateTimeFormat(undefined, { hour: "numeric", minute: "2-digit" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const short = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const thisYear = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const dayOfYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short" });
const otherYear = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });

const date = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });

export const dateOf = (iso: string): string => date.format(new Date(iso));
export const timeOfDay = (iso: string): string => clock.format(new Date(iso));
export const fullTime = (iso: string): string => full.format(new Date(iso));
export const shortTime = (iso: string): string => short.format(new Date(iso));

/** The time of a moment today, the date of an earlier one. */
export function recentTime(iso: string, now = new Date()): string {
  const day = new Date(iso);
  if (day.toDateString() === now.toDateString()) return clock.format(day);
  return (day.getFullYear() === now.getFullYear() ? dayOfYear : otherYear).format(day);
}

/** A key that is equal for two moments of one local day. */
export const dayKey = (iso: string): string => new Date(iso).toDateString();

export function dayName(iso: string, words: { today: string; yesterday: string }, now = new Date()): string {
  const day = new Date(iso);
  if (day.toDateString() === now.toDateString()) return words.today;
  const before = new Date(now);
  before.setDate(before.getDate() - 1);
  if (day.toDateString() === before.toDateString()) return words.yesterday;
  return (day.getFullYear() === now.getFullYear() ? thisYear : otherYear).format(day);
}
