// What is news of an open channel: what others wrote at its end.
import { expect, test } from "vitest";
import { newsSince } from "../../src/lib/aloud";
import { emptyWindow } from "../../src/state/window";
import type { Message } from "../../src/wire";
import { message } from "../support/rows";

const from = (user_id: string, seq: number, change: Partial<Message> = {}) => ({ ...message(seq), user_id, ...change });
const window = (cursor: number, ...messages: Message[]) => ({ ...emptyWindow, cursor, low: 0, messages });
const news = (since: number, held: ReturnType<typeof window>) => newsSince(since, held, "ana").map(({ seq }) => seq);

test("only what came since then, and from others", () => {
  const held = window(4, from("bo", 1), from("bo", 2), from("ana", 3), from("bo", 4));
  expect(news(2, held)).toEqual([4]);
  expect(news(4, held)).toEqual([]);
});

test("also what was written ahead of one's own message, and came after its answer", () => {
  expect(news(1, window(1, from("bo", 1), from("ana", 3)))).toEqual([]);
  expect(news(1, window(3, from("bo", 1), from("bo", 2), from("ana", 3)))).toEqual([2]);
});

test("neither an edit, nor what is gone already, nor what the system says", () => {
  const gone = from("bo", 2, { deleted_at: "2026-01-01T00:00:00.000Z" });
  const held = window(9, from("bo", 1, { changed_seq: 9, rev: 2 }), gone, from("bo", 3, { kind: "system" }));
  expect(news(1, held)).toEqual([]);
});
