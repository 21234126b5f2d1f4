// Where the outbox is kept: IndexedDB, so that it outlives a reload; memory where a browser has none to give.
import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from "idb";
import type { Item } from "./item";

export interface Shelf {
  all(): Promise<Item[]>;
  put(item: Item): Promise<void>;
  remove(id: string): Promise<void>;
}

interface OutboxSchema extends DBSchema {
  items: { key: string; value: Item };
}

const databaseName = (userId: string): string => `parley-outbox-${userId}`;

const inOrder = (items: Item[]): Item[] => items.sort((a, b) => a.n - b.n);

export async function openShelf(userId: string): Promise<Shelf> {
  try {
    const database = await openDB<OutboxSchema>(databaseName(userId), 1, {
      upgrade: (db) => void db.createObjectStore("items", { keyPath: "id" }),
      // Another tab deletes it on signing out; an open connection would block that.
      blocking: (_old, _new, event) => (event.target as IDBDatabase | null)?.close(),
    });
    return new DatabaseShelf(database);
  } catch {
    return new MemoryShelf();
  }
}

/** On signing out nothing stays on the machine. */
export const forgetShelf = (userId: string): Promise<void> => deleteDB(databaseName(userId)).catch(() => {});

/** A full disk or a closed database must not stop anyone from writing: what cannot be kept lives in memory. */
class DatabaseShelf implements Shelf {
  private readonly rest = new MemoryShelf();

  constructor(private readonly database: IDBPDatabase<OutboxSchema>) {}

  async all(): Promise<Item[]> {
    const unkept = await this.rest.all();
    const kept = await this.database.getAll("items").catch(() => []);
    return inOrder([...kept.filter(({ id }) => !unkept.some((item) => item.id === id)), ...unkept]);
  }

  async put(item: Item): Promise<void> {
    try {
      const transaction = this.database.transaction("items", "readwrite");
      void transaction.store.put(item).catch(() => {}); // its end says so too
      transaction.commit(); // at once: left to itself, it waits for this page, and ends with it if the tab is closed
      await transaction.done;
      await this.rest.remove(item.id);
    } catch {
      await this.rest.put(item);
    }
  }

  async remove(id: string): Promise<void> {
    await this.rest.remove(id);
    await this.database.delete("items", id).catch(() => {});
  }
}

export class MemoryShelf implements Shelf {
  private readonly items = new Map<string, Item>();

  async all(): Promise<Item[]> {
    return inOrder([...this.items.values()]);
  }

  async put(item: Item): Promise<void> {
    this.items.set(item.id, item);
  }

  async remove(id: string): Promise<void> {
    this.items.delete(id);
  }
}
