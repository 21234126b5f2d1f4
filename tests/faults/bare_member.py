"""Someone of the crowd who speaks Engine.IO and Socket.IO by hand: no library stands between them and the server.

What they hold is kept by the reference client (tests/delivery/reducer.py), in one channel; every step goes into the
history. What they had not sent yet is gone when they are killed.
"""

from __future__ import annotations

import json
import random
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from select import select
from typing import Any
from urllib.parse import urlsplit

from tests.delivery.reducer import Client, Feed
from tests.doors.wire import Gone, Wire
from tests.faults.history import History, Row, digest, row_name
from tests.support import PATIENCE, Server, until

Trace = Callable[..., None]
Answer = dict[str, Any]
EMOJI = ("👍", "🎉", "👀")
TICK = 0.05
STEP = 0.25  # seconds between questions; what is missing may yet come by itself
ANSWER_SECONDS = 8.0
COME_BACK = 0.6


class TracedClient(Client):
    """The reference client, which says what moves it: events, rows out of answers, and cursors that an answer set."""

    def __init__(self, user_id: str, channel_id: str, ask: Callable[..., None], trace: Trace) -> None:
        self.trace = trace
        self.via: str | None = None  # what is being taken in; None: an event, whose row stands in its own line
        self.written: dict[str, int] = {}  # where each stream's cursor stands in the history
        super().__init__(user_id, channel_id, ask)

    def on_hello(self, hello: dict[str, Any]) -> None:
        self.via = "hello"
        super().on_hello(hello)

    def on_answer(self, name: str, mark: dict[str, Any], answer: Answer) -> None:
        if name != "subscribe" and not answer["ok"]:
            self.asked.discard(name)
            self.wanted.add(name)
            return
        self.via = "sync"
        if name == "subscribe" and answer["ok"]:
            self.via = "page" if "since" not in mark or answer["data"]["limited"] else "since"
        super().on_answer(name, mark, answer)

    def on_acknowledged(self, message: Row) -> None:
        """A message out of the answer to what was asked with it: put in, and the cursor stays."""
        if self.channel and self.channel.cursor >= 0 and message["channel_id"] == self.channel_id:
            self.via = "ack"
            self.upsert(dict(message))

    def drain(self, feed: Feed, apply: Callable[[dict[str, Any]], None]) -> None:
        stream = self.user_id if feed is self.own else self.channel_id
        if feed.cursor != self.written.get(stream, -1):
            self.trace("cursor", stream=stream, cursor=feed.cursor, via=self.via, low=self.low_of(feed))
            self.written[stream] = feed.cursor
        super().drain(feed, apply)

    def low_of(self, feed: Feed) -> int:
        return 0 if feed is self.own else self.low

    def apply_own(self, event: dict[str, Any]) -> None:
        self.trace_event(event)
        super().apply_own(event)

    def apply_channel(self, event: dict[str, Any]) -> None:
        row = event.get(event["name"])
        self.trace_event(event, low=self.low, **({"row": row} if row else {}))
        via, self.via = self.via, None
        super().apply_channel(event)
        self.via = via

    def trace_event(self, event: dict[str, Any], **more: Any) -> None:
        place = {name: event[name] for name in ("stream", "prev", "seq", "name")}
        self.trace("applied", **place, **more)
        self.written[event["stream"]] = event["seq"]

    def upsert(self, message: dict[str, Any]) -> None:
        if self.via:
            self.trace("row", stream=self.channel_id, row=message, via=self.via)
        super().upsert(message)

    def upsert_member(self, member: dict[str, Any]) -> None:
        if self.via:
            self.trace("row", stream=self.channel_id, row=member, via=self.via)
        super().upsert_member(member)

    def purge(self) -> None:
        if self.written.get(self.channel_id, -1) >= 0:
            self.trace("cursor", stream=self.channel_id, cursor=-1, via="purge")
            self.written[self.channel_id] = -1
        super().purge()

    def is_even(self, heads: dict[str, int]) -> bool:
        """Whether everything is here that the server has."""
        if (self.asked | self.wanted) - {"count"} or self.subscribed != self.is_member:
            return False
        at = self.channel.cursor if self.channel and self.subscribed else None
        return heads.get(self.user_id) == self.own.cursor and heads.get(self.channel_id) == at


class BareMember:
    """A thread that keeps a connection, and what is to be sent over it: one after the other, until answered."""

    def __init__(self, config: dict[str, Any], url: str, history: History) -> None:
        self.name, self.user_id, self.channel_id = config["name"], config["user_id"], config["channels"][0]
        self.token, self.server = config["token"], Server(Path(), port=urlsplit(url).port or 80)
        self.history = history
        self.client = TracedClient(self.user_id, self.channel_id, self._ask_for_client, self.trace)
        self.applied = 0
        self.outbox: deque[tuple[str, str, dict[str, Any]]] = deque()
        self.wire: Wire | None = None
        self.asked: dict[int, tuple[float, Callable[[Answer], None]]] = {}  # number -> when, and what then
        self.number = 0
        self.sending = self.even = self.closing = False
        self.send_at = 0.0
        self.lock = threading.RLock()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def trace(self, do: str, row: Row | None = None, **fields: Any) -> None:
        """Write a line, with the digest in the row's place."""
        self.applied += do == "applied"
        if row is not None:
            fields |= {"row": row_name(row), "changed_seq": row["changed_seq"], "digest": digest(row)}
        self.history.add(self.name, self.user_id, do, **fields)

    # What the crowd wants of it ----------------------------------------------------------------------

    @property
    def pending(self) -> int:
        return len(self.outbox)

    def open(self) -> None:
        self.thread.start()

    def ready(self, seconds: float) -> None:
        until(lambda: self.client.subscribed, seconds)

    def close(self) -> None:
        self.closing = True
        self.thread.join(PATIENCE)

    def acts(self, dice: random.Random, number: int) -> None:
        """Say something, or react to what was said."""
        with self.lock:
            seen = [row for row in self.client.rows.values() if not row["deleted_at"]]
            key = str(uuid.uuid4())
            action, payload = "message", {"channel_id": self.channel_id, "client_msg_id": key}
            payload["text"] = f"{self.name} says {number} {dice.choice(EMOJI)}"
            if seen and dice.random() < 0.2:
                action = dice.choice(["addReaction", "removeReaction"])
                payload = {"message_id": dice.choice(seen)["id"], "emoji": dice.choice(EMOJI)}
            self.trace("ask", uuid=key, action=action, **{"channel_id": self.channel_id, **payload})
            self.outbox.append((key, action, payload))

    def is_at_rest(self) -> bool:
        """Nothing waits to be sent, and everything that the server has is here, it said a moment ago."""
        return self.even and not self.outbox

    def dump(self) -> None:
        """Write what is held of every stream."""
        with self.lock:
            client = self.client
            self.trace("holds", stream=self.user_id, cursor=client.own.cursor, low=0, rows={})
            if client.channel:
                rows = {id: [row["changed_seq"], digest(row)] for id, row in client.rows.items()}
                self.trace("holds", stream=self.channel_id, cursor=client.channel.cursor, low=client.low, rows=rows)

    # The connection ----------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self.closing:
            with suppress(*Gone, OSError):
                self.wire = Wire(self.server)
                try:
                    self._keep(self.wire)
                finally:
                    self._lose(self.wire)
            time.sleep(random.uniform(0, COME_BACK))

    def _keep(self, wire: Wire) -> None:
        """Listen and ask, until it is no good any more."""
        wire.sends(f"40{json.dumps({'token': self.token})}")
        step_at = 0.0
        while not (self.closing or self._waits_in_vain()):
            readable, _, _ = select([wire.socket.sock], [], [], TICK)
            frame = wire.takes() if readable else ""
            with self.lock:
                if not self._hears(wire, frame):
                    return
                if self.client.greeted and time.monotonic() >= step_at:
                    step_at = time.monotonic() + STEP
                    self._step()
                self._send()

    def _lose(self, wire: Wire) -> None:
        with self.lock:
            wire.hangs_up()
            if self.client.greeted:
                self.trace("disconnected")
            self.client.disconnect()
            self.asked.clear()
            self.sending = self.even = False

    def _waits_in_vain(self) -> bool:
        return any(time.monotonic() > when + ANSWER_SECONDS for when, _ in self.asked.values())

    def _hears(self, wire: Wire, frame: str) -> bool:
        """Take a frame in; whether the connection goes on after it."""
        if frame == "2":
            wire.sends("3")
        elif frame.startswith("42"):
            self._is_told(*json.loads(frame[2:]))
        elif frame.startswith("43"):
            number, _, answer = frame[2:].partition("[")
            _, then = self.asked.pop(int(number), (0.0, lambda _: None))
            then(json.loads(f"[{answer}")[0])
        return not frame.startswith(("1", "41", "44"))

    def _is_told(self, name: str, payload: dict[str, Any]) -> None:
        if name == "hello":
            self.trace("connected")
        elif name == "activity":
            self.trace("told", name=name, stream=payload["channel_id"], seq=payload["seq"])
        elif "prev" in payload:
            self.trace("told", name=name, **{field: payload[field] for field in ("stream", "prev", "seq")})
        self.client.on_event(name, payload)

    # Asking ------------------------------------------------------------------------------------------

    def _ask(self, action: str, payload: dict[str, Any], then: Callable[[Answer], None]) -> None:
        assert self.wire
        self.number += 1
        self.asked[self.number] = time.monotonic(), then
        self.wire.sends(f"42{self.number}{json.dumps([action, payload])}")

    def _ask_for_client(self, name: str, payload: dict[str, Any], mark: dict[str, Any]) -> None:
        if name != "count":  # nobody looks at its counts
            action = "sync" if name == "own sync" else name
            self._ask(action, payload, lambda answer: self.client.on_answer(name, mark, answer))

    def _step(self) -> None:
        """Ask for what is missing, and how far the server is."""
        self.client.backing_off = False
        while self.client.step():
            pass
        self._ask("ping", {}, self._compare)

    def _compare(self, answer: Answer) -> None:
        self.even = answer["ok"] and self.client.is_even(answer["data"]["heads"])

    def _send(self) -> None:
        """Send what is first in the outbox, if nothing is on its way."""
        if self.outbox and self.client.greeted and not self.sending and time.monotonic() >= self.send_at:
            self.sending = True
            _, action, payload = self.outbox[0]
            self._ask(action, payload, self._on_sent)

    def _on_sent(self, answer: Answer) -> None:
        key, self.sending = self.outbox[0][0], False
        if answer["ok"]:
            data = answer["data"]
            message = data.get("message")
            self.trace("ok", uuid=key, id=message["id"] if message else data["id"], seq=data["seq"])
            if message:
                self.client.on_acknowledged(message)
        elif answer["error"]["retryable"]:
            self.send_at = time.monotonic() + (answer["error"]["retry_after_ms"] or 300) / 1000
            return
        else:
            self.trace("refused", uuid=key, code=answer["error"]["code"])
        self.outbox.popleft()
