// A server that wants it slower is waited for: nothing is let go of, and nothing is asked before it said.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Reading } from "../../src/reading";
import { Store } from "../../src/state/store";
import { badge } from "../../src/state/world";
import { Sync } from "../../src/sync/sync";
import { NO_ANSWER, Refusal } from "../../src/transport/refusal";
import { FakeRest, FakeTransport, Server, person } from "../support/server";

const AFTER_MS = 5_000;
const tooFast = () => new Refusal({ code: "rate_limited", message: "", retryable: true, retry_after_ms: AFTER_MS });

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function looking() {
  const server = new Server();
  const [town, garden] = [server.channel("town"), server.channel("garden")];
  server.post(town, "bo", "hello");
  const transport = new FakeTransport(server);
  const store = new Store();
  store.signIn(person("ana"));
  const sync = new Sync(store, transport, new FakeRest(server));
  sync.start();
  sync.open(town);
  const pass = async (ms: number) => {
    for (let passed = 0; passed <= ms; passed += 50) {
      while (server.frames.length) server.frames.shift()!.deliver();
      while (server.pages.length) server.pages.shift()!();
      await vi.advanceTimersByTimeAsync(passed < ms ? Math.min(50, ms - passed) : 0);
    }
  };
  const asked = (action: string) => transport.requests.filter(([name]) => name === action).length;
  await pass(1_000);
  return { server, town, garden, transport, store, sync, pass, asked };
}

const texts = (store: Store, id: string) => store.windows.value.get(id)?.messages.map(({ text }) => text);

test("a channel that is opened too fast is shown as it was, and subscribed to later", async () => {
  const { server, town, transport, store, pass, asked } = await looking();
  transport.cut();
  server.refusals.set("subscribe", tooFast());
  await pass(1_000);
  expect(asked("subscribe")).toBe(2);
  server.post(town, "bo", "meanwhile");
  await pass(AFTER_MS - 2_000);
  expect(asked("subscribe")).toBe(2);
  expect(store.missing.value).toBe(false);
  expect(texts(store, town)).toEqual(["hello"]);
  await pass(2_000);
  expect(asked("subscribe")).toBe(3);
  expect(texts(store, town)).toEqual(["hello", "meanwhile"]);
  expect(store.catchingUp.value).toBe(false);
});

test("one that was never seen before is waited for, not called missing", async () => {
  const { server, garden, store, sync, pass } = await looking();
  server.post(garden, "bo", "flowers");
  server.refusals.set("subscribe", tooFast());
  sync.open(garden);
  await pass(AFTER_MS - 500);
  expect([store.missing.value, store.catchingUp.value]).toEqual([false, true]);
  await pass(1_000);
  expect(texts(store, garden)).toEqual(["flowers"]);
});

test("what is missing is asked for when the server said, and what is held stays", async () => {
  const { server, town, store, pass, asked } = await looking();
  server.refusals.set("sync", tooFast());
  server.post(town, "bo", "lost");
  server.frames.splice(0);
  server.post(town, "bo", "early");
  await pass(AFTER_MS - 500);
  expect(asked("sync")).toBe(1);
  expect(texts(store, town)).toEqual(["hello"]);
  await pass(1_000);
  expect(asked("sync")).toBe(2);
  expect(texts(store, town)).toEqual(["hello", "lost", "early"]);
});

test.each([
  ["too fast", tooFast(), AFTER_MS],
  ["unheard", new Refusal({ code: NO_ANSWER, message: "", retryable: true }), 2_000],
])("a count that could not be asked for (%s) is asked for again", async (_, refusal, ms) => {
  const { server, garden, store, pass } = await looking();
  server.refusals.set(`/channels/${garden}`, refusal);
  const message = server.post(garden, "bo", "one");
  server.frames.splice(0);
  server.post(garden, "bo", "two");
  server.change(message, { text: "one, changed" });
  await pass(ms);
  await pass(1_500);
  expect(badge(store.world.value, garden)).toMatchObject({ unread: 2 });
});

test("a page that comes back from sleep keeps a connection that says not now", async () => {
  const { server, store, sync, pass, asked } = await looking();
  store.doubted.value = true;
  server.refusals.set("ping", tooFast());
  sync.wake();
  await pass(1_000);
  expect(store.doubted.value).toBe(false);
  expect(asked("subscribe")).toBe(1);
});

test("what was read is said again when the server said", async () => {
  const { server, town, transport, store, sync, pass, asked } = await looking();
  const eyes = new Reading(store, sync, transport);
  const message = server.post(town, "bo", "news");
  await pass(100);
  server.refusals.set("markRead", tooFast());
  eyes.seen(town, message.seq);
  await pass(AFTER_MS - 500);
  expect(asked("markRead")).toBe(1);
  await pass(1_500);
  expect(asked("markRead")).toBe(2);
});
