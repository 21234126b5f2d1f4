// Socket.IO on Node with node:sqlite, doing Parley's job the straightforward way: recognise the session, check
// membership, number the message, keep it, commit it to disk, tell the room, acknowledge.
//     node node_peer.mjs DATABASE PORT

import { createHash, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { DatabaseSync } from "node:sqlite";
import { Server } from "socket.io";

const [file, port] = process.argv.slice(2);
const db = new DatabaseSync(file);
for (const pragma of ["journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"])
  db.exec(`PRAGMA ${pragma}`);

const sql = {
  token: db.prepare(`SELECT id, user_id, username FROM live_sessions
    WHERE secret_hash = ? AND (expires_at IS NULL OR expires_at > ?)`),
  session: db.prepare("SELECT 1 FROM live_sessions WHERE id = ? AND (expires_at IS NULL OR expires_at > ?)"),
  channels: db.prepare(`SELECT c.id, c.name, c.seq, r.last_read_seq FROM memberships m
    JOIN channels c ON c.id = m.channel_id
    LEFT JOIN read_cursors r ON r.channel_id = c.id AND r.user_id = m.user_id
    WHERE m.user_id = ? AND m.left_at IS NULL`),
  member: db.prepare(`SELECT c.seq, c.archived_at FROM memberships m JOIN channels c ON c.id = m.channel_id
    WHERE m.channel_id = ? AND m.user_id = ? AND m.left_at IS NULL`),
  page: db.prepare("SELECT * FROM messages WHERE channel_id = ? ORDER BY seq DESC LIMIT 50"),
  number: db.prepare("UPDATE channels SET seq = seq + 1 WHERE id = ? RETURNING seq"),
  sent: db.prepare("SELECT * FROM messages WHERE user_id = ? AND client_msg_id = ?"),
  insert: db.prepare(`INSERT INTO messages (id, channel_id, seq, user_id, client_msg_id, text, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?)`),
  read: db.prepare(`UPDATE read_cursors SET last_read_seq = ?
    WHERE channel_id = ? AND user_id = ? AND last_read_seq < ?`),
};
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

class Refusal extends Error {}

// The same object, field for field, as Parley tells.
const present = (row) => ({
  id: row.id, channel_id: row.channel_id, seq: row.seq, changed_seq: row.seq, rev: 1, posted: row.seq, kind: "user",
  client_msg_id: row.client_msg_id, user_id: row.user_id, text: row.text, thread_id: null, also_to_channel: false,
  reply_count: 0, last_reply_at: null, reactions: [], mentions: [], everyone: false, files: [], pinned_at: null,
  created_at: row.created_at, edited_at: null, deleted_at: null,
});

function subscribe(user, { channel_id }) {
  if (typeof channel_id !== "string") throw new Refusal("invalid_arguments");
  const channel = sql.member.get(channel_id, user.id);
  if (!channel) throw new Refusal("channel_not_found");
  return { seq: channel.seq, messages: sql.page.all(channel_id).reverse().map(present) };
}

function send(user, { channel_id, client_msg_id, text }) {
  if (typeof channel_id !== "string" || typeof text !== "string") throw new Refusal("invalid_arguments");
  if (typeof client_msg_id !== "string" || !UUID.test(client_msg_id)) throw new Refusal("invalid_arguments");
  if (!text.trim()) throw new Refusal("no_text");
  if (text.trim().length > 4000) throw new Refusal("msg_too_long");
  db.exec("BEGIN IMMEDIATE");
  try {
    recognise(user);
    const earlier = sql.sent.get(user.id, client_msg_id);
    if (earlier) {
      if (earlier.channel_id !== channel_id || earlier.text !== text) throw new Refusal("idempotency_mismatch");
      db.exec("COMMIT");
      return { message: present(earlier), seq: earlier.seq, duplicate: true };
    }
    const seq = sql.number.get(channel_id)?.seq;
    if (!seq) throw new Refusal("channel_not_found");
    const channel = sql.member.get(channel_id, user.id);
    if (!channel) throw new Refusal("not_in_channel");
    if (channel.archived_at) throw new Refusal("is_archived");
    const row = {
      id: randomUUID(), channel_id, seq, user_id: user.id, client_msg_id, text, created_at: new Date().toISOString(),
    };
    sql.insert.run(row.id, channel_id, seq, user.id, client_msg_id, text, row.created_at);
    sql.read.run(seq, channel_id, user.id, seq);
    db.exec("COMMIT");
    return { message: present(row), seq, duplicate: false };
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

function recognise(user) {
  if (!sql.session.get(user.session, new Date().toISOString())) throw new Refusal("session_expired");
}

function answering(work) {
  return (payload, ack) => {
    try {
      ack({ ok: true, data: work(payload ?? {}) });
    } catch (error) {
      if (!(error instanceof Refusal)) console.error(error);
      const code = error instanceof Refusal ? error.message : "internal_error";
      ack({ ok: false, error: { code, message: code } });
    }
  };
}

const http = createServer();
const io = new Server(http, { transports: ["websocket"], serveClient: false });
// As its documentation advises for memory: the handshake's request is not needed any more.
io.engine.on("connection", (socket) => { socket.request = null; });

io.use((socket, next) => {
  const secret = createHash("sha256").update(String(socket.handshake.auth.token)).digest("hex");
  const session = sql.token.get(secret, new Date().toISOString());
  if (!session) return next(new Error("not_authed"));
  socket.data = { session: session.id, id: session.user_id, username: session.username };
  next();
});

io.on("connection", (socket) => {
  const user = socket.data;
  socket.emit("hello", {
    user: { id: user.id, username: user.username }, protocol: 1, channels: sql.channels.all(user.id),
    server_time: new Date().toISOString(),
  });
  socket.on("subscribe", answering((payload) => {
    recognise(user);
    const data = subscribe(user, payload);
    socket.join(payload.channel_id);
    return data;
  }));
  socket.on("message", answering((payload) => {
    const data = send(user, payload);
    if (!data.duplicate) {
      const { seq, message } = data;
      io.to(payload.channel_id).emit("message", { stream: payload.channel_id, prev: seq - 1, seq, message });
    }
    return data;
  }));
});

http.listen({ port: Number(port), host: "127.0.0.1", backlog: 2048 });
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => process.exit(0));
