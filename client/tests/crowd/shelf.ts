// An outbox's shelf in a file, so that a process that is killed finds what it had not sent yet.
import { existsSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from "node:fs";
import type { Item } from "../../src/outbox/item";
import type { Shelf } from "../../src/outbox/shelf";

type Entry = { put: Item } | { remove: string };

/** Every change is a line at the file's end; opening it writes what is left anew. */
export class FileShelf implements Shelf {
  private readonly items = new Map<string, Item>();
  private readonly file: number;

  constructor(path: string) {
    for (const entry of existsSync(path) ? entries(readFileSync(path, "utf8")) : []) this.apply(entry);
    writeFileSync(`${path}.new`, [...this.items.values()].map((put) => line({ put })).join(""));
    renameSync(`${path}.new`, path);
    this.file = openSync(path, "a");
  }

  async all(): Promise<Item[]> {
    return [...this.items.values()].sort((a, b) => a.n - b.n);
  }

  async put(item: Item): Promise<void> {
    this.add({ put: item });
  }

  async remove(id: string): Promise<void> {
    if (this.items.has(id)) this.add({ remove: id });
  }

  private add(entry: Entry): void {
    writeSync(this.file, line(entry));
    this.apply(entry);
  }

  private apply(entry: Entry): void {
    if ("put" in entry) this.items.set(entry.put.id, entry.put);
    else this.items.delete(entry.remove);
  }
}

const line = (entry: Entry): string => `${JSON.stringify(entry)}\n`;

/** What stands behind the last line's end was cut off by a kill, and never counted. */
const entries = (text: string): Entry[] =>
  text
    .split("\n")
    .slice(0, -1)
    .map((written) => JSON.parse(written) as Entry);
