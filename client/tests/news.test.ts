// What is news of an open channel: what others wrote at its end.
import { expect, test } from "vitest";
import { newsAfter } from "../src/news";
import { message } from "./support/rows";

const from = (user_id: string, seq: number, change = {}) => ({ ...message(seq), user_id, ...change });

test("only what came after the last one known, and from others", () => {
  const held = [from("bo", 1), from("bo", 2), from("ana", 3), from("bo", 4)];
  expect(newsAfter(held, 2, "ana").map(({ seq }) => seq)).toEqual([4]);
  expect(newsAfter(held, 4, "ana")).toEqual([]);
});

test("neither what is gone already nor what the system says", () => {
  const held = [from("bo", 1, { deleted_at: "2026-01-01T00:00:00.000Z" }), from("bo", 2, { kind: "system" as const })];
  expect(newsAfter(held, 0, "ana")).toEqual([]);
});
