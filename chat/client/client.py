"""The client's face: what a program calls, and how the parts are put together."""

from __future__ import annotations

import queue
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from chat.client.applying import Applying
from chat.client.connection import Connection, Token
from chat.client.errors import ClientError, Refused, StillWaiting, WrongOutbox
from chat.client.events import Event, Message, Row, User
from chat.client.following import Following
from chat.client.listening import Events
from chat.client.outbox import Outbox, Sending
from chat.client.rest import Rest
from chat.client.shelf import Item, Shelf

FAREWELL_SECONDS = 10.0


class Client(Rest):
    """Someone's connection to Parley, kept up for as long as the ``with`` lasts. May be used from any thread.

    ``token``: a bearer token, or a function that gives one for every connection anew. ``outbox``: a file that keeps
    what was not confirmed yet, also when the program dies. ``everywhere``: follow every channel that one is in.
    ``keep``: how many of the newest messages of each channel to hold, None for all. ``trace``: called with all it does.
    """

    def __init__(
        self,
        url: str,
        token: Token,
        *,
        outbox: str | Path = ":memory:",
        everywhere: bool = True,
        keep: int | None = 500,
        transports: Sequence[str] = ("websocket",),
        trace: Callable[..., None] | None = None,
    ) -> None:
        super().__init__(url, token)
        self._user: Row | None = None
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._listeners: weakref.WeakSet[Events] = weakref.WeakSet()
        self._trace = trace or (lambda do, **fields: None)
        self._shelf = Shelf(outbox)
        self._connection = Connection(self.url, token, self._lock, transports)
        self._outbox = Outbox(self._shelf, self._connection, self._on_delivered, self._trace, self._changed)
        self._applying = Applying(self._outbox.seen, self._tell, self._trace)
        self._following = Following(
            self._connection, self._applying, self._changed, everywhere, keep, lambda: self.read_all("/channels", "channels")
        )

    def open(self) -> Self:
        """Begin to connect, in the background; ``close`` ends it. A ``with`` does both."""
        self._connection.start(self._on_told, self._on_lost, self._on_stopped)
        return self

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is None:
            self.flush(FAREWELL_SECONDS)
        self.close()

    def close(self) -> None:
        """Hang up. What is in the outbox file is sent by the next client that opens it."""
        self._connection.close()
        with self._lock:
            self._outbox.stop(StillWaiting("the client was closed first"))
            self._shelf.close()
            self._end_events(None)

    # Being told ------------------------------------------------------------------------------------

    def events(self, timeout: float | None = None) -> Events:
        """What happens from now on, each thing once and in its channel's order; ends after ``timeout`` s of silence.

        Raises SessionEnded, in the loop, when the token is not accepted any more.
        """
        events = Events(timeout)
        with self._lock:
            self._listeners.add(events)
            if self._connection.closed:
                events.end(self._connection.ended)
        return events

    def follow(self, channel_id: str) -> None:
        """Follow a channel that one can see, as a member or not; a Left event tells when it cannot be."""
        with self._lock:
            self._following.follow(channel_id)

    def unfollow(self, channel_id: str) -> None:
        """Hear no more of a channel."""
        with self._lock:
            self._following.unfollow(channel_id)

    def ready(self, timeout: float = 30.0) -> Self:
        """Wait until connected, with everything followed up to date."""
        self._wait(lambda: self._following.current, timeout, "not connected yet")
        return self

    # Doing -----------------------------------------------------------------------------------------

    def send(self, channel_id: str, text: str, thread_id: str | None = None) -> Sending:
        """Post a message, in a thread if ``thread_id`` names the message it hangs on."""
        thread = {"thread_id": thread_id} if thread_id else {}
        return self._do("message", channel_id, {"channel_id": channel_id, "text": text, **thread})

    def reply(self, message: Message, text: str) -> Sending:
        """Answer a message where it was said: in its thread, if it is in one."""
        return self.send(message.channel_id, text, message.thread_id)

    def edit(self, message: Message, text: str) -> Sending:
        """Change the text of an own message."""
        return self._do("edit", message.channel_id, {"message_id": message.id, "text": text})

    def delete(self, message: Message) -> Sending:
        """Delete a message."""
        return self._do("delete", message.channel_id, {"message_id": message.id})

    def react(self, message: Message, emoji: str) -> Sending:
        """React to a message."""
        return self._do("addReaction", message.channel_id, {"message_id": message.id, "emoji": emoji})

    def unreact(self, message: Message, emoji: str) -> Sending:
        """Take one's reaction back."""
        return self._do("removeReaction", message.channel_id, {"message_id": message.id, "emoji": emoji})

    def _do(self, action: str, channel_id: str, payload: Row) -> Sending:
        with self._lock:
            if self._connection.closed and self._connection.ended is None:
                raise ClientError("the client is closed")
            return self._outbox.add(action, channel_id, payload)

    # The outbox --------------------------------------------------------------------------------------

    @property
    def pending(self) -> int:
        """How much waits to be sent or confirmed."""
        with self._lock:
            return len(self._outbox)

    @property
    def failed(self) -> list[Item]:
        """What was refused and set aside, with ``code`` and ``words``."""
        with self._lock:
            return sorted(self._outbox.failed.values(), key=lambda item: item.n)

    def retry(self, item: Item) -> None:
        """Try something again that had failed."""
        with self._lock:
            self._outbox.retry(item.id)

    def discard(self, item: Item) -> None:
        """Give up something that had failed."""
        with self._lock:
            self._outbox.discard(item.id)

    def flush(self, timeout: float = FAREWELL_SECONDS) -> bool:
        """Wait until everything is confirmed or has failed; whether it is."""
        with self._lock:
            done = self._changed.wait_for(lambda: not self._outbox or self._connection.closed, timeout)
            return done and not self._outbox

    # Asking --------------------------------------------------------------------------------------------

    @property
    def me(self) -> User:
        """Who one is; waits for the connection."""
        self._wait(lambda: self._user, 30.0, "not connected yet")
        return User.from_dict(self._user or {})

    @property
    def connected(self) -> bool:
        """Whether the server is heard just now."""
        return self._connection.greeted

    def messages(self, channel_id: str) -> list[Message]:
        """What is held of a followed channel: its newest messages."""
        with self._lock:
            window = self._following.find(channel_id)
            rows = list(window.messages.values()) if window else []
        return [Message.from_dict(row) for row in sorted(rows, key=lambda row: int(row["seq"]))]

    def ask(self, action: str, payload: Row | None = None, timeout: float | None = None) -> Row:
        """Ask an action now, around the outbox: ``chat.ask("typing", {"channel_id": …, "on": True})``."""
        answers: queue.SimpleQueue[tuple[Row, Refused | None]] = queue.SimpleQueue()
        with self._lock:
            self._connection.ask(action, payload or {}, lambda *answer: answers.put(answer), timeout)
        data, refused = answers.get()
        if refused:
            raise refused.with_traceback(None)
        return data

    def heads(self) -> dict[str, int]:
        """The number of every stream that the server follows for this connection."""
        heads: dict[str, int] = self.ask("ping")["heads"]
        with self._lock:
            if self._connection.greeted:
                self._following.on_heads(heads)
        return heads

    def cursors(self) -> dict[str, int]:
        """How far every followed stream is in."""
        with self._lock:
            own, follows = self._following.own, self._following.follows.values()
            return {feed.stream: feed.cursor for feed in (own, *(follow.window for follow in follows))}

    def snapshot(self) -> dict[str, Row]:
        """What is held of every stream: ``cursor``, ``low`` and ``rows``, the messages as the server told them."""
        with self._lock:
            own, follows = self._following.own, self._following.follows.values()
            held = {own.stream: {"cursor": own.cursor, "low": 0, "rows": {}}} if own.stream else {}
            for window in (follow.window for follow in follows):
                held[window.stream] = {"cursor": window.cursor, "low": window.low, "rows": dict(window.messages)}
            return held

    # What comes from the parts ---------------------------------------------------------------------

    def _on_told(self, name: str, payload: Any) -> None:
        if name == "hello":
            self._user = payload["user"]
            self._trace("connected")
            try:
                self._outbox.belong_to(payload["user"]["id"])
            except WrongOutbox as error:
                self._connection.end(error)
                return
            self._following.on_hello(payload)
            self._outbox.pump_all()
            self._changed.notify_all()
        elif name == "heads":
            self._following.on_heads(payload)
        elif name == "activity":
            self._trace("told", name=name, stream=payload["channel_id"], seq=payload["seq"])
        elif isinstance(payload, dict) and "prev" in payload:
            place = {field: payload[field] for field in ("stream", "prev", "seq")}
            self._trace("told", name=name, **place)
            self._following.on_event({"event": name, **payload})

    def _on_delivered(self, row: Row) -> None:
        if window := self._following.find(row["channel_id"]):
            self._applying.acknowledge(window, row)
        self._outbox.seen(row)

    def _on_lost(self) -> None:
        self._trace("disconnected")
        self._outbox.lost()
        self._following.lost()

    def _on_stopped(self) -> None:
        reason = self._connection.ended
        assert reason
        self._outbox.stop(reason)
        self._end_events(reason)

    def _tell(self, event: Callable[[], Event]) -> None:
        for listener in self._listeners:
            listener.put(event)

    def _end_events(self, error: Exception | None) -> None:
        for listener in self._listeners:
            listener.end(error)

    def _wait(self, true: Callable[[], Any], timeout: float, otherwise: str) -> None:
        until = time.monotonic() + timeout
        with self._lock:
            while not true():
                if self._connection.ended:
                    raise self._connection.ended.with_traceback(None)
                if self._connection.closed or not self._changed.wait(until - time.monotonic()):
                    raise TimeoutError(otherwise)
