// Someone in very many channels: hello and the list of channels come in pages, and all of them are there in the end.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Store } from "../../src/state/store";
import { badge } from "../../src/state/world";
import { Sync } from "../../src/sync/sync";
import { FakeRest, FakeTransport, Server, person } from "../support/server";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function signedIn(server: Server) {
  const transport = new FakeTransport(server);
  const store = new Store();
  store.signIn(person("ana"));
  const sync = new Sync(store, transport, new FakeRest(server));
  const mine = () => [...store.channels.value.values()].filter(({ role }) => role).map(({ id }) => id).sort();
  return { transport, store, sync, mine };
}

async function rest(server: Server): Promise<void> {
  for (let i = 0; i < 20; i++) {
    while (server.frames.length) server.frames.shift()!.deliver();
    server.pages.shift()?.();
    await vi.advanceTimersByTimeAsync(400);
  }
}

test("who is in more channels than a hello shows sees those first, then all of them, with what was missed", async () => {
  const server = new Server();
  server.perPage = 3;
  const ids = Array.from({ length: 8 }, (_, n) => server.channel(`town-${n}`));
  server.post(ids[7]!, "bo", "good morning");
  const { store, sync, mine } = signedIn(server);
  const stop = sync.start();
  expect(mine()).toEqual(ids.slice(0, 3));
  await rest(server);
  expect(mine()).toEqual(ids);
  expect(badge(store.world.value, ids[7]!).unread).toBe(1);
  stop();
});

test("a channel left while the pages come stays left, and one joined meanwhile is there", async () => {
  const server = new Server();
  server.perPage = 3;
  const ids = Array.from({ length: 8 }, (_, n) => server.channel(`town-${n}`, "private"));
  const { store, sync, mine } = signedIn(server);
  const stop = sync.start();
  server.pages.shift()!();
  await vi.advanceTimersByTimeAsync(0);
  server.leave(ids[1]!, "ana");
  const added = server.channel("a-first", "private");
  await rest(server);
  expect(mine()).toEqual([added, ...ids.filter((id) => id !== ids[1])]);
  expect(store.world.value.own.cursor).toBe(server.state.heads.get("own"));
  stop();
});

test("a list that was on its way when the connection was lost does not stand for what was said while away", async () => {
  const server = new Server();
  server.perPage = 3;
  const ids = Array.from({ length: 5 }, (_, n) => server.channel(`town-${n}`));
  const { store, sync, transport } = signedIn(server);
  const stop = sync.start();
  server.pages.shift()!();
  await vi.advanceTimersByTimeAsync(0);
  const late = server.pages.splice(0);
  transport.cut();
  server.post(ids[4]!, "bo", "while you were away");
  await vi.advanceTimersByTimeAsync(400);
  late.forEach((answer) => answer());
  await rest(server);
  expect(badge(store.world.value, ids[4]!).unread).toBe(1);
  stop();
});
