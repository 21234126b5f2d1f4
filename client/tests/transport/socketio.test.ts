// When the connection over Socket.IO says it will try again, and that the server restarts.
import { afterEach, beforeEach, expect, test, vi } from "vitest";

type Listener = (...values: any[]) => void;

/** What of the library the transport leans on. */
const socket = {
  connected: false,
  sendBuffer: [] as unknown[],
  listeners: new Map<string, Listener>(),
  any: (() => {}) as Listener,
  tries: 0,
  on: (name: string, listener: Listener) => void socket.listeners.set(name, listener),
  onAny: (listener: Listener) => void (socket.any = listener),
  connect: () => void socket.tries++,
  disconnect: () => void (socket.connected = false),
};
vi.mock("socket.io-client", () => ({ io: () => socket }));
const { SocketIOTransport } = await import("../../src/transport/socketio");

const happens = (name: string, ...values: unknown[]) => socket.listeners.get(name)!(...values);
const refused = (code: string) => Object.assign(new Error(code), { data: { code, message: code } });

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  socket.tries = 0;
});
afterEach(() => vi.useRealTimers());

function standing() {
  const transport = new SocketIOTransport();
  transport.connect();
  happens("connect");
  return transport;
}

test("a lost connection is tried again at the moment that was said", () => {
  const transport = standing();
  expect(transport.retryAt.value).toBeNull();
  happens("disconnect");
  expect(transport.state.value).toBe("waiting");
  const wait = transport.retryAt.value! - Date.now();
  expect(wait).toBeGreaterThan(0);
  vi.advanceTimersByTime(wait - 1);
  expect(socket.tries).toBe(1);
  vi.advanceTimersByTime(1);
  expect(socket.tries).toBe(2);
  expect(transport.retryAt.value).not.toBeNull();
  happens("connect");
  expect(transport.retryAt.value).toBeNull();
});

test("who does not want to wait need not", () => {
  const transport = standing();
  happens("disconnect");
  transport.retry();
  expect([socket.tries, transport.state.value]).toEqual([2, "connecting"]);
  transport.retry(); // nothing was heard of that one
  expect([socket.tries, transport.state.value]).toEqual([3, "connecting"]);
  happens("connect");
  expect(transport.state.value).toBe("connected");
});

test("after a goodbye the next try comes when the server said, and it counts as a restart until it is back", () => {
  const transport = standing();
  socket.any("goodbye", { reason: "restart", reconnect_after_ms: 4_000 });
  expect(transport.draining.value).toBe(true);
  happens("disconnect");
  expect(transport.retryAt.value).toBe(Date.now() + 4_000);
  vi.advanceTimersByTime(3_999);
  expect(socket.tries).toBe(1);
  vi.advanceTimersByTime(1);
  expect(socket.tries).toBe(2);
  happens("connect_error", new Error("nobody there yet"));
  expect(transport.draining.value).toBe(true);
  happens("connect");
  expect(transport.draining.value).toBe(false);
});

test("a server that is away for long does not merely restart", () => {
  const transport = standing();
  socket.any("goodbye", {});
  happens("disconnect");
  for (let tries = 0; tries < 10; tries++) {
    vi.advanceTimersByTime(60_000);
    happens("connect_error", new Error("nobody there"));
  }
  expect(transport.draining.value).toBe(false);
  expect(transport.retryAt.value).not.toBeNull();
});

test("a server that refuses because it restarts says so", () => {
  const transport = standing();
  happens("disconnect");
  happens("connect_error", refused("draining"));
  expect(transport.draining.value).toBe(true);
});

test("a server that says when it will have room is tried no sooner", () => {
  const transport = standing();
  happens("disconnect");
  happens("connect_error", Object.assign(new Error(), { data: { code: "rate_limited", message: "", retry_after_ms: 7_000 } }));
  expect(transport.state.value).toBe("waiting");
  expect(transport.retryAt.value).toBe(Date.now() + 7_000);
});

test("an ended session is not tried again", () => {
  const transport = standing();
  happens("disconnect");
  happens("connect_error", refused("session_expired"));
  expect([transport.state.value, transport.retryAt.value]).toEqual(["ended", null]);
  vi.advanceTimersByTime(120_000);
  expect(socket.tries).toBe(1);
});
