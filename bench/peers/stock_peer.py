"""Stock python-socketio on eventlet with sqlite3, doing Parley's job the straightforward way: recognise the session,
check membership, number the message, keep it, commit it to disk, tell the room, acknowledge.

    python stock_peer.py DATABASE PORT
"""

import eventlet

eventlet.monkey_patch()

import hashlib  # noqa: E402
import re  # noqa: E402
import sqlite3  # noqa: E402
import sys  # noqa: E402
import traceback  # noqa: E402
import uuid  # noqa: E402
from collections.abc import Callable  # noqa: E402
from datetime import UTC, datetime  # noqa: E402
from typing import Any  # noqa: E402

import eventlet.wsgi  # noqa: E402
import socketio  # noqa: E402

FILE, PORT = sys.argv[1:]
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
db = sqlite3.connect(FILE, isolation_level=None, check_same_thread=False)
db.row_factory = sqlite3.Row
for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
    db.execute(f"PRAGMA {pragma}")

TOKEN = """SELECT id, user_id, username FROM live_sessions
    WHERE secret_hash = ? AND (expires_at IS NULL OR expires_at > ?)"""
SESSION = "SELECT 1 FROM live_sessions WHERE id = ? AND (expires_at IS NULL OR expires_at > ?)"
CHANNELS = """SELECT c.id, c.name, c.seq, r.last_read_seq FROM memberships m JOIN channels c ON c.id = m.channel_id
    LEFT JOIN read_cursors r ON r.channel_id = c.id AND r.user_id = m.user_id
    WHERE m.user_id = ? AND m.left_at IS NULL"""
MEMBER = """SELECT c.seq, c.archived_at FROM memberships m JOIN channels c ON c.id = m.channel_id
    WHERE m.channel_id = ? AND m.user_id = ? AND m.left_at IS NULL"""
PAGE = "SELECT * FROM messages WHERE channel_id = ? ORDER BY seq DESC LIMIT 50"
NUMBER = "UPDATE channels SET seq = seq + 1 WHERE id = ? RETURNING seq"
SENT = "SELECT * FROM messages WHERE user_id = ? AND client_msg_id = ?"
INSERT = """INSERT INTO messages (id, channel_id, seq, user_id, client_msg_id, text, created_at)
    VALUES (:id, :channel_id, :seq, :user_id, :client_msg_id, :text, :created_at)"""
READ = "UPDATE read_cursors SET last_read_seq = ? WHERE channel_id = ? AND user_id = ? AND last_read_seq < ?"

sio = socketio.Server(async_mode="eventlet", transports=["websocket"])
users: dict[str, dict[str, str]] = {}


class Refusal(Exception):
    """Something is refused; the text is the code."""


def now() -> str:
    """This moment as the protocol writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def one(query: str, *values: Any) -> Any:
    """The one row, or None."""
    return db.execute(query, values).fetchone()


def present(row: Any) -> dict[str, Any]:
    """The same object, field for field, as Parley tells."""
    return {
        "id": row["id"],
        "channel_id": row["channel_id"],
        "seq": row["seq"],
        "changed_seq": row["seq"],
        "rev": 1,
        "posted": row["seq"],
        "kind": "user",
        "client_msg_id": row["client_msg_id"],
        "user_id": row["user_id"],
        "text": row["text"],
        "thread_id": None,
        "also_to_channel": False,
        "reply_count": 0,
        "last_reply_at": None,
        "reactions": [],
        "mentions": [],
        "everyone": False,
        "files": [],
        "pinned_at": None,
        "created_at": row["created_at"],
        "edited_at": None,
        "deleted_at": None,
    }


def recognise(user: dict[str, str]) -> None:
    """Refuse whose session no longer holds."""
    if not one(SESSION, user["session"], now()):
        raise Refusal("session_expired")


def answering(work: Callable[[str, dict[str, Any]], dict[str, Any]]) -> Callable[[str, Any], dict[str, Any]]:
    """Answer always, whatever happens inside."""

    def answer(sid: str, payload: Any) -> dict[str, Any]:
        try:
            return {"ok": True, "data": work(sid, payload or {})}
        except Refusal as refusal:
            return {"ok": False, "error": {"code": str(refusal), "message": str(refusal)}}
        except Exception:
            traceback.print_exc()
            return {"ok": False, "error": {"code": "internal_error", "message": "internal_error"}}

    return answer


@sio.on("connect")
def connect(sid: str, environ: dict[str, Any], auth: Any = None) -> None:
    """Let in who shows a token that holds."""
    secret = hashlib.sha256(str((auth or {}).get("token")).encode()).hexdigest()
    session = one(TOKEN, secret, now())
    if not session:
        raise socketio.exceptions.ConnectionRefusedError("not_authed")
    user = users[sid] = {"session": session["id"], "id": session["user_id"], "username": session["username"]}
    channels = [dict(row) for row in db.execute(CHANNELS, (user["id"],))]
    hello = {"user": {"id": user["id"], "username": user["username"]}, "protocol": 1, "channels": channels}
    # From a task of its own: the answer to CONNECT has to leave first.
    sio.start_background_task(sio.emit, "hello", {**hello, "server_time": now()}, room=sid)


@sio.on("disconnect")
def disconnect(sid: str, *_: Any) -> None:
    """Forget who was there."""
    users.pop(sid, None)


def subscribe(sid: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Hear a channel; its latest page."""
    channel_id = payload.get("channel_id")
    if not isinstance(channel_id, str):
        raise Refusal("invalid_arguments")
    user = users[sid]
    recognise(user)
    channel = one(MEMBER, channel_id, user["id"])
    if not channel:
        raise Refusal("channel_not_found")
    page = [present(row) for row in db.execute(PAGE, (channel_id,))]
    sio.enter_room(sid, channel_id)
    return {"seq": channel["seq"], "messages": page[::-1]}


def send(sid: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Post a message; sending the same id again answers with the first one."""
    channel_id, client_msg_id, text = (payload.get(key) for key in ("channel_id", "client_msg_id", "text"))
    if not isinstance(channel_id, str) or not isinstance(text, str):
        raise Refusal("invalid_arguments")
    if not isinstance(client_msg_id, str) or not UUID.fullmatch(client_msg_id):
        raise Refusal("invalid_arguments")
    if not text.strip():
        raise Refusal("no_text")
    if len(text.strip()) > 4000:
        raise Refusal("msg_too_long")
    db.execute("BEGIN IMMEDIATE")
    try:
        data = post(users[sid], channel_id, client_msg_id, text)
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    if not data["duplicate"]:
        event = {"stream": channel_id, "prev": data["seq"] - 1, "seq": data["seq"], "message": data["message"]}
        sio.emit("message", event, room=channel_id)
    return data


def post(user: dict[str, str], channel_id: str, client_msg_id: str, text: str) -> dict[str, Any]:
    """What of it happens in one transaction."""
    recognise(user)
    if earlier := one(SENT, user["id"], client_msg_id):
        if (earlier["channel_id"], earlier["text"]) != (channel_id, text):
            raise Refusal("idempotency_mismatch")
        return {"message": present(earlier), "seq": earlier["seq"], "duplicate": True}
    numbered = one(NUMBER, channel_id)
    if not numbered:
        raise Refusal("channel_not_found")
    channel = one(MEMBER, channel_id, user["id"])
    if not channel:
        raise Refusal("not_in_channel")
    if channel["archived_at"]:
        raise Refusal("is_archived")
    row = {
        "id": str(uuid.uuid4()),
        "channel_id": channel_id,
        "seq": numbered["seq"],
        "user_id": user["id"],
        "client_msg_id": client_msg_id,
        "text": text,
        "created_at": now(),
    }
    db.execute(INSERT, row)
    db.execute(READ, (row["seq"], channel_id, user["id"], row["seq"]))
    return {"message": present(row), "seq": row["seq"], "duplicate": False}


sio.on("subscribe", answering(subscribe))
sio.on("message", answering(send))

if __name__ == "__main__":
    listener = eventlet.listen(("127.0.0.1", int(PORT)), backlog=2048)
    eventlet.wsgi.server(listener, socketio.WSGIApp(sio), log_output=False, max_size=20_000)
