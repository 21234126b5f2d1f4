// What is said of the connection, from the first moment to the end of the session.
import { signal } from "@preact/signals";
import { expect, test } from "vitest";
import { connectionOf } from "../src/connection";
import { Store } from "../src/state/store";
import { emptyWindow } from "../src/state/window";
import { setWindow } from "../src/state/world";
import type { Transport, TransportState } from "../src/transport/transport";

const fakeTransport = () => ({
  state: signal<TransportState>("idle"),
  retryAt: signal<number | null>(null),
  draining: signal(false),
});

function connected() {
  const store = new Store();
  const transport = fakeTransport();
  store.change((world) => ({ ...world, epoch: "e" }));
  store.ready.value = true;
  return { store, transport, state: connectionOf(store, transport as unknown as Transport) };
}

test("it is being made at first, and missing after a try that failed", () => {
  const store = new Store();
  const transport = fakeTransport();
  const state = connectionOf(store, transport as unknown as Transport);
  expect(state.value).toBe("connecting");
  transport.retryAt.value = Date.now();
  expect(state.value).toBe("offline");
  transport.retryAt.value = null;
  store.change((world) => ({ ...world, epoch: "e" }));
  store.ready.value = true;
  expect(state.value).toBe("live");
});

test("lost after it stood, it is missing", () => {
  const { store, state } = connected();
  store.ready.value = false;
  expect(state.value).toBe("offline");
});

test("a browser without network counts as offline until the server was heard again", () => {
  const { store, state } = connected();
  store.doubted.value = true;
  expect(state.value).toBe("offline");
  store.doubted.value = false;
  expect(state.value).toBe("live");
});

test("it catches up until the open channel is subscribed to and nothing is missing", () => {
  const { store, state } = connected();
  store.open.value = "town";
  expect(state.value).toBe("catchingUp");
  store.change((world) => setWindow(world, "town", { ...emptyWindow, cursor: 3 }));
  store.current.value = "town";
  expect(state.value).toBe("live");
  store.change((world) => setWindow(world, "town", { ...emptyWindow, cursor: 3, behind: true }));
  expect(state.value).toBe("catchingUp");
});

test("a channel that nobody may see is not waited for", () => {
  const { store, state } = connected();
  store.open.value = "nothing";
  store.missing.value = true;
  expect(state.value).toBe("live");
});

test("a server that said goodbye restarts, whether the connection still stands or not", () => {
  const { store, transport, state } = connected();
  transport.draining.value = true;
  expect(state.value).toBe("draining");
  store.ready.value = false;
  expect(state.value).toBe("draining");
});

test("an ended session goes before everything else", () => {
  const { store, transport, state } = connected();
  transport.draining.value = true;
  store.sessionEnded.value = true;
  expect(state.value).toBe("ended");
});
