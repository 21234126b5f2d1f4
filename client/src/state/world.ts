// Everything the server told that this client holds, as one value, and how to read it.
import type { Channel, Read, StreamEvent } from "../wire";
import { isDirect } from "../wire";
import { countWindow, type Badge } from "./counts";
import type { Window } from "./window";

/** The own stream: what concerns this person alone. */
export interface Own {
  readonly stream: string | null;
  readonly cursor: number;
  readonly held: ReadonlyMap<number, StreamEvent>;
  readonly behind: boolean;
  /** More changed than `sync` tells: take the whole list of channels anew. */
  readonly stale: boolean;
}

export interface World {
  readonly me: string;
  readonly epoch: string | null;
  readonly own: Own;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly reads: ReadonlyMap<string, Read>;
  readonly windows: ReadonlyMap<string, Window>;
  /** The channel that is subscribed to; its counts follow from its messages. */
  readonly live: string | null;
  /** Channels whose counts are in doubt: ask for them. */
  readonly ask: ReadonlySet<string>;
}

export const newWorld = (me: string): World => ({
  me,
  epoch: null,
  own: { stream: null, cursor: -1, held: new Map(), behind: false, stale: false },
  channels: new Map(),
  reads: new Map(),
  windows: new Map(),
  live: null,
  ask: new Set(),
});

export const isMine = (channel: Channel | undefined): boolean => !!channel?.role;

/** What a channel's badge shows. `marked` is how far this client has said it read, before it was answered. */
export function badge(world: World, id: string, marked = 0): Badge {
  const read = world.reads.get(id);
  if (!read || !isMine(world.channels.get(id))) return { unread: 0, mentions: 0 };
  const window = world.live === id ? world.windows.get(id) : undefined;
  return (window && countWindow(window, Math.max(read.last_read_seq, marked), world.me)) ?? read;
}

export function myChannels(world: World): { rooms: Channel[]; directs: Channel[] } {
  const mine = [...world.channels.values()].filter((channel) => isMine(channel) && !channel.archived_at);
  return {
    rooms: mine.filter((channel) => !isDirect(channel)).sort((a, b) => (a.name ?? "").localeCompare(b.name ?? "")),
    directs: mine.filter(isDirect),
  };
}

// Copies with one thing changed.
export const withEntry = <Value>(map: ReadonlyMap<string, Value>, key: string, value: Value): ReadonlyMap<string, Value> =>
  map.get(key) === value ? map : new Map(map).set(key, value);

export function withoutEntry<Value>(map: ReadonlyMap<string, Value>, key: string): ReadonlyMap<string, Value> {
  if (!map.has(key)) return map;
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}

export const setWindow = (world: World, id: string, window: Window): World => {
  const windows = withEntry(world.windows, id, window);
  return windows === world.windows ? world : { ...world, windows };
};

export const inDoubt = (world: World, id: string): World =>
  world.ask.has(id) ? world : { ...world, ask: new Set(world.ask).add(id) };
