// A client written from docs/protocol.md alone, with the stock socket.io-client: prints one line for each thing that works.
// node stock_client.mjs URL LOGIN PASSWORD cookie|token TRANSPORT,…

import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";

const require = createRequire(new URL("../../client/package.json", import.meta.url));
const { io } = require("socket.io-client");

const [url, login, password, credential, transportList] = process.argv.slice(2);
const transports = transportList.split(",");
const check = (name) => console.log(`ok ${name}`);

// REST ---------------------------------------------------------------------------------------------

let cookie = "";
let csrfToken = "";

async function rest(method, path, body) {
  const headers = { "Content-Type": "application/json", Cookie: cookie, "X-CSRF-Token": csrfToken };
  const response = await fetch(`${url}/api/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  for (const line of response.headers.getSetCookie()) cookie = line.split(";")[0];
  return { status: response.status, ...(await response.json()) };
}

const me = await rest("POST", "/session", { login, password });
csrfToken = me.csrf_token;
assert.equal(me.user.username, login);
const auth = credential === "token" ? { token: (await rest("POST", "/tokens", { name: "stock" })).token } : undefined;
const options = { auth, transports, autoConnect: false, reconnectionDelay: 50, forceNew: true };
if (credential === "cookie") options.extraHeaders = { Cookie: cookie };
const { channel } = await rest("POST", "/channels", { name: `stock-${randomUUID()}`, kind: "private" });
check("signed in and opened a channel over REST");

// The connection -----------------------------------------------------------------------------------

const socket = io(url, options);
const told = [];
socket.onAny((name, payload) => told.push({ name, payload }));

async function until(that, what) {
  for (let tries = 0; tries < 1000; tries += 1) {
    const found = that();
    if (found) return found;
    await sleep(10);
  }
  throw new Error(`did not happen: ${what}; told: ${JSON.stringify(told)}`);
}

const hears = (name, that = () => true) =>
  until(() => told.find((event) => event.name === name && that(event.payload))?.payload, name);

async function ask(action, payload) {
  const answer = await socket.timeout(8000).emitWithAck(action, payload);
  if (answer.ok !== true) throw Object.assign(new Error(answer.error.code), answer.error);
  return answer.data;
}

const send = (text, more) =>
  ask("message", { channel_id: channel.id, client_msg_id: randomUUID(), text, ...more });

async function refused(code, action, payload) {
  const error = await ask(action, payload).then(() => assert.fail("was not refused"), (reason) => reason);
  assert.equal(error.code, code);
  assert.deepEqual([error.retryable, error.retry_after_ms], [false, null]);
}

const buffered = send("written before there was a connection");
socket.connect();
const first = await buffered;
assert.equal(first.duplicate, false);
check("flushed what was written before connecting");

const hello = await hears("hello");
assert.equal(hello.user.id, me.user.id);
assert.equal(hello.stream, me.user.id);
assert.ok(hello.channels.some(({ id, seq, read }) => id === channel.id && seq > 0 && read));
assert.ok(hello.epoch && hello.limits.text === 4000 && Date.parse(hello.server_time));
check("was greeted");

if (transports.includes("websocket")) {
  await until(() => socket.io.engine.transport.name === "websocket", "the upgrade");
}
check("uses the best transport it may");

// Actions and events -------------------------------------------------------------------------------

const page = await ask("subscribe", { channel_id: channel.id });
assert.deepEqual(page.messages, [first.message]);
assert.deepEqual([page.limited, page.epoch, page.seq], [false, hello.epoch, first.seq]);
check("subscribed");

const same = randomUUID();
const sent = await send("hello 🙂", { client_msg_id: same });
const repeated = await send("hello 🙂", { client_msg_id: same });
assert.deepEqual([sent.duplicate, repeated.duplicate], [false, true]);
assert.deepEqual(repeated.message, sent.message);
const event = await hears("message", ({ seq }) => seq === sent.seq);
assert.deepEqual(event, { stream: channel.id, prev: sent.seq - 1, seq: sent.seq, message: sent.message });
check("sent a message, heard it, and sent it again to no effect");

const id = { message_id: sent.message.id };
for (const [action, more] of [
  ["edit", { text: "changed", base_rev: sent.message.rev }],
  ["addReaction", { emoji: "👍" }],
  ["removeReaction", { emoji: "👍" }],
  ["delete", {}],
]) {
  const answer = await ask(action, { ...id, ...more });
  assert.equal(answer.changed, true);
  assert.deepEqual((await hears("message", ({ seq }) => seq === answer.seq)).message, answer.message);
}
check("edited, reacted, took it back and deleted");

await refused("invalid_arguments", "message", { channel_id: channel.id });
await refused("no_text", "message", { channel_id: channel.id, client_msg_id: randomUUID(), text: " " });
await refused("channel_not_found", "subscribe", { channel_id: "nothing" });
await refused("message_not_found", "edit", { ...id, text: "too late" });
await refused("unknown_action", "nonsense", {});
await refused("invalid_arguments", "message", { channel_id: channel.id, text: Buffer.from("bytes") });
check("was refused what is not in order");

await ask("typing", { channel_id: channel.id, on: true });
assert.deepEqual(await hears("typing"), { channel_id: channel.id, user_ids: [me.user.id] });
await ask("typing", { channel_id: channel.id, on: false });
await hears("typing", ({ user_ids: ids }) => ids.length === 0);
check("showed that it types");

const { read } = await ask("markRead", { channel_id: channel.id, seq: 1, unread: true });
assert.equal(read.last_read_seq, 1);
assert.deepEqual((await hears("read", (payload) => payload.channel_id === channel.id)).read, read);
check("marked as read");

const pong = await ask("ping");
assert.ok(Date.parse(pong.server_time) && pong.heads[channel.id] >= sent.seq && me.user.id in pong.heads);
check("pinged");

// Gaps ---------------------------------------------------------------------------------------------

const { seq: cursor } = await ask("subscribe", { channel_id: channel.id });
socket.disconnect();
const missed = await rest("POST", `/channels/${channel.id}/messages`, { client_msg_id: randomUUID(), text: "missed" });
socket.connect();
const { streams } = await ask("sync", { cursors: { [channel.id]: cursor, nothing: 0 }, epoch: hello.epoch });
const [change] = streams[channel.id].events;
assert.deepEqual(change, { event: "message", stream: channel.id, prev: cursor, seq: missed.seq, message: missed.message });
assert.deepEqual([streams[channel.id].seq, streams[channel.id].limited], [missed.seq, false]);
assert.deepEqual(streams.nothing, { gone: true });
check("caught up after a gap");

const greetings = () => told.filter(({ name }) => name === "hello").length;
await until(() => greetings() === 2, "the second hello");
await ask("subscribe", { channel_id: channel.id, since: missed.seq, epoch: hello.epoch });
const dropped = new Promise((resolve) => socket.once("disconnect", resolve));
for (let number = 0; number < 30; number += 1) socket.io.engine.write("x"); // no Socket.IO packet
assert.match(await dropped, /^transport/); // whatever is not a word of the server's: the client comes back
const queued = await send("written while there was no connection");
await until(() => greetings() === 3, "the third hello");
const since = await ask("subscribe", { channel_id: channel.id, since: missed.seq, epoch: hello.epoch });
assert.deepEqual(since.messages, [queued.message]);
check("came back by itself after the server hung up, and sent what was written meanwhile");

await ask("unsubscribe", { channel_id: channel.id });
const unheard = await send("nobody looks");
await ask("ping");
assert.ok(!told.some(({ name, payload }) => name === "message" && payload.seq === unheard.seq));
await hears("activity", ({ seq }) => seq === unheard.seq);
check("unsubscribed, and hears that there is news");

const ended = new Promise((resolve) => socket.once("disconnect", resolve));
for (const session of (await rest("GET", "/sessions")).sessions) {
  if (!session.current) await rest("DELETE", `/sessions/${session.id}`);
}
await rest("DELETE", "/session");
assert.equal(await ended, "io server disconnect");
const refusal = new Promise((resolve) => socket.once("connect_error", resolve));
socket.connect();
assert.equal((await refusal).data.code, "session_expired");
assert.equal(socket.active, false);
check("is out for good when its session ends");
socket.disconnect();
