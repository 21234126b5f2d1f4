// Channels that were open lately are held ready; what was open before them is let go.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Store } from "../../src/state/store";
import { CACHED, Sync } from "../../src/sync/sync";
import { FakeRest, FakeTransport, Server, person } from "../support/server";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function visiting(count: number) {
  const server = new Server();
  const ids = Array.from({ length: count }, (_, n) => server.channel(`town-${n}`));
  for (const id of ids) server.post(id, "bo", `hello from ${id}`);
  const transport = new FakeTransport(server);
  const store = new Store();
  store.signIn(person("ana"));
  const sync = new Sync(store, transport, new FakeRest(server));
  const stop = sync.start();
  const arrive = async () => {
    for (let i = 0; i < 5; i++) {
      while (server.frames.length) server.frames.shift()!.deliver();
      await vi.advanceTimersByTimeAsync(1);
    }
  };
  for (const id of ids) {
    sync.open(id);
    await arrive();
  }
  return { ids, store, sync, transport, arrive, stop };
}

test("twenty channels are held, the ones visited last", async () => {
  const { ids, store, stop } = await visiting(25);
  expect([...store.windows.value.keys()].sort()).toEqual(ids.slice(-CACHED).sort());
  stop();
});

test("one that is held is shown before the server has answered, and asked about from where it was left", async () => {
  const { ids, store, sync, transport, stop } = await visiting(3);
  sync.open(ids[0]!);
  const window = store.windows.value.get(ids[0]!)!;
  expect(window.messages.map(({ text }) => text)).toEqual([`hello from ${ids[0]}`]);
  expect(transport.requests.at(-1)).toEqual(["subscribe", expect.objectContaining({ channel_id: ids[0], since: window.cursor })]);
  stop();
});

test("whoever leaves a channel unsubscribes from it, once", async () => {
  const { ids, transport, stop } = await visiting(3);
  const left = transport.requests.filter(([action]) => action === "unsubscribe").map(([, { channel_id }]) => channel_id);
  expect(left).toEqual(ids.slice(0, -1));
  stop();
});
