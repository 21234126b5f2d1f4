// Whatever the wire does to a connection, this client comes to hold what the server has.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Store } from "../../src/state/store";
import { closeThread, openThread, type Stretch } from "../../src/state/window";
import { badge, setWindow } from "../../src/state/world";
import { Sync } from "../../src/sync/sync";
import { Random } from "../support/random";
import type { Message } from "../../src/wire";
import { FakeRest, FakeTransport, Server, person } from "../support/server";

const SEEDS = Number(import.meta.env.VITE_SEEDS ?? 150);
const FIRST = Number(import.meta.env.VITE_FIRST_SEED ?? 1);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
  test(`at rest the client equals the server (seed ${seed})`, () => run(seed));
}

async function run(seed: number): Promise<void> {
  const random = new Random(seed);
  const server = new Server();
  // Some have more channels than a hello shows and a page of the list holds.
  if (random.chance(0.3)) server.perPage = 1;
  const ids = [server.channel("town"), server.channel("crew", "private"), server.channel("lab", "public", ["bo"])];
  const transport = new FakeTransport(server);
  const store = new Store();
  store.signIn(person("ana"));
  const sync = new Sync(store, transport, new FakeRest(server));
  const stop = sync.start();
  let backup = server.snapshot();
  sync.open("town");

  for (let i = 0; i < 220; i++) {
    const id = random.pick(ids);
    const messages = server.all(id).filter((message) => !message.deleted_at);
    const message = messages.length ? random.pick(messages) : null;
    const what = random.below(100);
    if (what < 22) server.post(id, random.pick(["bo", "bo", "cy", "ana"]), `${i}`, "", random.chance(0.2) ? ["ana"] : []);
    else if (what < 30 && message) server.change(message, { text: `${i}`, rev: message.rev + 1 });
    else if (what < 31 && message && !message.thread_id) server.reply(message, random.pick(["bo", "ana"]), `${i}`);
    else if (what < 32 && message) server.change(message, { reactions: [{ emoji: "👍", count: 1, user_ids: [`${i}`] }] });
    else if (what < 34 && message) server.change(message, { text: "", deleted_at: "now" });
    else if (what < 37) (server.isIn(id, "cy") ? server.leave : server.join).call(server, id, "cy");
    else if (what < 41) (server.isIn(id, "ana") ? server.leave : server.join).call(server, id, "ana");
    else if (what < 44) server.topic(id, `${i}`);
    else if (what < 48) server.mark(id, random.below(server.state.heads.get(id)! + 1));
    else if (what < 52) sync.open(random.pick([...ids, null]));
    else if (what < 55) turn(sync, store, random);
    else if (what < 57) void sync.members(store.open.value ?? "town").catch(() => {});
    else if (what < 58) void sync.list().catch(() => {});
    else if (what < 60) transport.cut();
    else if (what < 62) server.heads();
    else if (what < 63 && random.chance(0.2)) backup = server.snapshot();
    else if (what < 64 && random.chance(0.2)) server.restore(backup);
    else if (what < 75) await vi.advanceTimersByTimeAsync(random.below(600));
    else if (what < 80) server.pages.splice(random.below(server.pages.length), 1)[0]?.();
    else server.step(random, true);
    await vi.advanceTimersByTimeAsync(0);
  }

  for (let i = 0; i < 60; i++) {
    if (i % 10 === 0) server.heads();
    while (server.frames.length || server.pages.length) {
      server.step(random, false);
      server.pages.shift()?.();
      await vi.advanceTimersByTimeAsync(0);
    }
    await vi.advanceTimersByTimeAsync(700);
  }

  const world = store.world.value;
  expect(store.ready.value).toBe(true);
  expect(world.own.cursor, "own stream").toBe(server.state.heads.get("own"));
  const mine = [...world.channels.values()].filter((channel) => channel.role).map((channel) => channel.id);
  expect(mine.sort(), "my channels").toEqual(server.mine().sort());
  for (const id of server.mine()) {
    const { unread, mentions } = server.read(id);
    expect(badge(world, id), `badge of ${id}`).toMatchObject({ unread, mentions });
  }
  for (const id of world.windows.keys()) {
    if (world.live !== id) continue;
    const window = world.windows.get(id)!;
    expect(server.mayRead(id), `may read ${id}`).toBe(true);
    expect(window.cursor, `cursor of ${id}`).toBe(server.state.heads.get(id));
    expect(window.held.size).toBe(0);
    expect(window.messages, `messages of ${id}`).toEqual(held(server.messages(id), window));
    const { thread } = window;
    if (thread && thread.low !== Infinity) {
      expect(thread.messages, `thread in ${id}`).toEqual(held(server.messages(id, thread.id), thread));
      expect(thread.root).toEqual(server.state.messages.get(thread.id));
    }
    expect(world.channels.get(id)).toMatchObject({ topic: server.state.channels.get(id)!.topic });
    if (window.members) expect([...window.members.values()].sort(by)).toEqual(server.members(id).sort(by));
  }
  const open = store.open.value;
  if (open && server.mayRead(open)) expect(world.live, "the open channel is live").toBe(open);
  else if (open) expect(store.missing.value).toBe(true);
  expect(world.windows.has("crew") && !server.isIn("crew", "ana"), "nothing is left of a private channel").toBe(false);
  stop();
}

const held = (line: Message[], { low, high }: Stretch) => line.filter(({ seq }) => seq >= low && seq <= high);

/** Read on in the channel on the page or in a thread of it, or jump to somewhere else in it. */
function turn(sync: Sync, store: Store, random: Random): void {
  const id = store.open.value;
  const window = id ? store.world.value.windows.get(id) : undefined;
  if (!id || !window?.messages.length) return;
  const line = window.thread && random.chance(0.4) ? window.thread : window;
  const message = random.pick([...window.messages]);
  const place = random.pick([{ before: line.low }, { after: line.high }, { around: message.seq }, {}]);
  const known = Object.values(place).every((seq) => seq > 0 && seq < Infinity);
  if (random.chance(0.3)) sync.change((world) => setWindow(world, id, openThread(window, message.id)));
  else if (random.chance(0.1)) sync.change((world) => setWindow(world, id, closeThread(window)));
  else if (known) void (line === window ? sync.page(place) : sync.threadPage(window.thread!.id, place)).catch(() => {});
}

const by = (a: { user_id: string }, b: { user_id: string }) => a.user_id.localeCompare(b.user_id);
