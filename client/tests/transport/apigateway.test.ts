// The connection over the API Gateway: a ticket before each, one request in flight for each channel, and when it is renewed.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Rest } from "../../src/api";
import { ApiGatewayTransport } from "../../src/transport/apigateway";
import { Refusal } from "../../src/transport/refusal";

/** A browser's WebSocket, as far as the transport leans on it. */
class Socket {
  static readonly OPEN = 1;
  static all: Socket[] = [];
  readyState = 0;
  sent: any[] = [];
  onopen = () => {};
  onclose = () => {};
  onmessage = (_: { data: string }) => {};

  constructor(readonly url: string) {
    Socket.all.push(this);
  }

  send(text: string) {
    this.sent.push(JSON.parse(text));
  }

  close() {
    this.readyState = 3;
    this.onclose();
  }

  opens() {
    this.readyState = 1;
    this.onopen();
  }

  says(frame: object) {
    this.onmessage({ data: JSON.stringify(frame) });
  }

  answers(index: number, answer: object = { ok: true, data: {} }) {
    this.says({ event: "ack", request_id: this.sent[index].request_id, ...answer });
  }
}

let refusal: Refusal | null;
let tickets = 0;
const api: Rest = {
  get: () => Promise.resolve({ channels: [{ id: "mine", role: "member" }, { id: "other", role: null }], seq: 9 } as never),
  send: () => (refusal ? Promise.reject(refusal) : Promise.resolve({ ticket: `ticket-${++tickets}` } as never)),
};
const settled = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  vi.stubGlobal("WebSocket", Socket);
  vi.spyOn(Math, "random").mockReturnValue(0.5);
  Socket.all = [];
  refusal = null;
  tickets = 0;
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function standing() {
  const transport = new ApiGatewayTransport("wss://gateway.example/live", api);
  transport.connect();
  await settled();
  const [socket] = Socket.all;
  socket!.opens();
  socket!.answers(0, { ok: true, data: { server_time: "", heads: {} } });
  await settled();
  return { transport, socket: socket! };
}

const send = (channel_id: string, text: string) => ({ channel_id, client_msg_id: text, text });

test("each connection is opened with a ticket of its own", async () => {
  const { transport, socket } = await standing();
  expect([socket.url, transport.state.value]).toEqual(["wss://gateway.example/live?ticket=ticket-1", "connected"]);
  socket.close();
  expect(transport.state.value).toBe("waiting");
  await vi.advanceTimersByTimeAsync(transport.retryAt.value! - Date.now());
  expect(Socket.all[1]!.url).toBe("wss://gateway.example/live?ticket=ticket-2");
});

test("the first thing that is asked is a ping, which brings the hello", async () => {
  const { socket } = await standing();
  expect(socket.sent[0].action).toBe("ping");
});

test("an answer finds its request, whatever came first", async () => {
  const { transport, socket } = await standing();
  const first = transport.request("message", send("a", "one"));
  const second = transport.request("message", send("b", "two"));
  await settled();
  socket.answers(2, { ok: true, data: { seq: 2 } });
  socket.answers(1, { ok: true, data: { seq: 1 } });
  expect(await Promise.all([first, second])).toEqual([{ seq: 1 }, { seq: 2 }]);
});

test("what concerns one channel goes one after the other", async () => {
  const { transport, socket } = await standing();
  const asked = [transport.request("message", send("a", "one")), transport.request("message", send("a", "two"))];
  void transport.request("message", send("b", "elsewhere"));
  await settled();
  expect(socket.sent.slice(1).map(({ text }) => text)).toEqual(["one", "elsewhere"]);
  socket.answers(1);
  await settled();
  expect(socket.sent.at(-1).text).toBe("two");
  socket.answers(3);
  await Promise.all(asked);
});

test("a refusal holds up nobody", async () => {
  const { transport, socket } = await standing();
  const refused = transport.request("message", send("a", "one"));
  const next = transport.request("message", send("a", "two"));
  await settled();
  socket.answers(1, { ok: false, error: { code: "no_text", message: "" } });
  await expect(refused).rejects.toMatchObject({ code: "no_text" });
  await settled();
  socket.answers(2);
  await next;
});

test("what waited for its turn as the connection was lost is not sent over the next one", async () => {
  const { transport, socket } = await standing();
  const asked = [transport.request("message", send("a", "one")), transport.request("message", send("a", "two"))];
  const outcomes = Promise.allSettled(asked);
  await settled();
  socket.close();
  expect((await outcomes).map((outcome) => (outcome as PromiseRejectedResult).reason.code)).toEqual(["no_answer", "offline"]);
});

test("no answer in time is no answer", async () => {
  const { transport } = await standing();
  const asked = expect(transport.request("message", send("a", "one"))).rejects.toMatchObject({ code: "no_answer", retryable: true });
  await vi.advanceTimersByTimeAsync(8_000);
  await asked;
});

test("what AWS itself could not bring is tried again, not waited for", async () => {
  const { transport, socket } = await standing();
  const asked = expect(transport.request("message", send("a", "one"))).rejects.toMatchObject({ code: "no_answer", retryable: true });
  await settled();
  socket.says({ message: "Internal server error", connectionId: "x=", requestId: "y" });
  await asked;
});

test("events are told, and the heads of a ping like those that Socket.IO brings by itself", async () => {
  const { transport, socket } = await standing();
  const told: unknown[] = [];
  transport.on((...event) => told.push(event));
  socket.says({ event: "typing", data: { channel_id: "a", user_ids: [] } });
  await vi.advanceTimersByTimeAsync(46_000);
  expect(socket.sent.at(-1).action).toBe("ping");
  socket.answers(socket.sent.length - 1, { ok: true, data: { server_time: "", heads: { a: 7 } } });
  await vi.advanceTimersByTimeAsync(20);
  expect(told).toEqual([["typing", { channel_id: "a", user_ids: [] }], ["heads", { a: 7 }]]);
});

test("a ping that nobody answers ends the connection", async () => {
  const { transport, socket } = await standing();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([transport.state.value === "connected", socket.readyState]).toEqual([false, 3]);
});

test("it is renewed before AWS ends it after two hours", async () => {
  const { transport } = await standing();
  for (let minute = 0; minute < 119 && Socket.all.length === 1; minute++) {
    await vi.advanceTimersByTimeAsync(60_000);
    const socket = Socket.all[0]!;
    if (socket.readyState === 1) socket.answers(socket.sent.length - 1, { ok: true, data: { server_time: "", heads: {} } });
  }
  expect([Socket.all.length, Socket.all[0]!.readyState, transport.state.value]).toEqual([2, 3, "connecting"]);
});

test("who is signed out is not connected again", async () => {
  const { transport, socket } = await standing();
  refusal = new Refusal({ code: "session_expired", message: "" });
  socket.close();
  await vi.advanceTimersByTimeAsync(120_000);
  expect([transport.state.value, transport.retryAt.value, Socket.all.length]).toEqual(["ended", null, 1]);
});

test("a server that cannot make tickets now is asked again later", async () => {
  const { transport, socket } = await standing();
  refusal = new Refusal({ code: "unavailable", message: "", retryable: true, retry_after_ms: 7_000 });
  socket.close();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(transport.state.value).toBe("waiting");
  refusal = null;
  await vi.advanceTimersByTimeAsync(8_000);
  Socket.all[1]!.opens();
  expect(transport.state.value).toBe("connected");
});
