// A file keeps an outbox through a kill, also when the last line was cut off.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { afterAll, expect, test } from "vitest";
import type { Item } from "../../src/outbox/item";
import { FileShelf } from "./shelf";

const item = (id: string, n: number): Item =>
  ({ id, n, channel_id: "town", action: "message", payload: { text: id }, created_at: "now", state: "queued", tries: 0 });

const folder = mkdtempSync(`${tmpdir()}/shelf-`);
afterAll(() => rmSync(folder, { recursive: true }));

test("whoever opens it again finds what was not taken off, in its order", async () => {
  const path = `${folder}/again`;
  const first = new FileShelf(path);
  await first.put(item("b", 2));
  await first.put(item("a", 1));
  await first.put(item("c", 3));
  await first.put({ ...item("b", 2), tries: 1 });
  await first.remove("c");
  expect(await new FileShelf(path).all()).toEqual([item("a", 1), { ...item("b", 2), tries: 1 }]);
});

test("half a line at the end never counted", async () => {
  const path = `${folder}/torn`;
  await new FileShelf(path).put(item("a", 1));
  writeFileSync(path, `${readFileSync(path, "utf8")}{"put":{"id":"b"`);
  const again = new FileShelf(path);
  await again.put(item("c", 3));
  expect((await new FileShelf(path).all()).map(({ id }) => id)).toEqual(["a", "c"]);
});
