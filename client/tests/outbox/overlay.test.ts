// A channel is shown as it will be once what waits is through.
import { expect, test } from "vitest";
import type { Item } from "../../src/outbox/item";
import { overlay, waiting } from "../../src/outbox/overlay";
import { message } from "../support/rows";

const item = (action: Item["action"], payload: Item["payload"], state: Item["state"] = "queued"): Item => ({
  id: "i", n: 1, channel_id: "town", action, payload, created_at: "2026-01-01T00:00:00Z", state, tries: 0,
});
const show = (...items: Item[]) => overlay([message(4, "before")], items, "ana")[0]!;

test("an edit shows its new text", () => {
  expect(show(item("edit", { message_id: "m4", text: "after" }))).toMatchObject({ message: { text: "after" }, pending: true });
});

test("a refused edit shows the text as it is, and the refusal", () => {
  const refused = item("edit", { message_id: "m4", text: "after" }, "failed");
  expect(show(refused)).toMatchObject({ message: { text: "before" }, pending: false, failed: [refused] });
});

test("a deletion hides the text", () => {
  expect(show(item("delete", { message_id: "m4" })).message).toMatchObject({ text: "", deleted_at: expect.any(String) });
});

test("a reaction and its withdrawal cancel each other out", () => {
  const add = item("addReaction", { message_id: "m4", emoji: "👍" });
  expect(show(add).message.reactions).toEqual([{ emoji: "👍", count: 1, user_ids: ["ana"] }]);
  expect(show(add, item("removeReaction", { message_id: "m4", emoji: "👍" })).message.reactions).toEqual([]);
});

test("a message without anything waiting is the very same object", () => {
  const same = message(4);
  expect(overlay([same], [item("edit", { message_id: "other" })], "ana")[0]!.message).toBe(same);
});

test("a written message is not shown twice once it is in the channel", () => {
  const written = { ...item("message", { text: "hello" }), id: "c4" };
  expect(waiting([{ ...message(4), user_id: "ana" }], [written], "town", "ana")).toEqual([]);
  expect(waiting([message(4)], [written], "town", "ana")).toEqual([written]);
});

test("a reply waits in its thread, and in the channel too when it goes there or was refused", () => {
  const reply = (more = {}, state: Item["state"] = "queued") => item("message", { text: "hello", thread_id: "m4", ...more }, state);
  expect(waiting([], [reply()], "town", "ana")).toEqual([]);
  expect(waiting([], [reply()], "town", "ana", "m4")).toHaveLength(1);
  expect(waiting([], [reply()], "town", "ana", "m5")).toEqual([]);
  expect(waiting([], [reply({ also_to_channel: true })], "town", "ana")).toHaveLength(1);
  expect(waiting([], [reply({}, "failed")], "town", "ana")).toHaveLength(1);
});
