"""The Socket.IO gateway: authenticate, pass actions on, answer with acks, and let connections listen."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from random import SystemRandom
from typing import Any

from socketio.exceptions import ConnectionRefusedError as Refused

from chat import metrics
from chat.actors import Asker
from chat.dispatch import LIVE, Dispatch
from chat.errors import RETRYABLE, ChatError
from chat.realtime.dispatcher import Dispatcher
from chat.realtime.rooms import COUNTING, LISTENING, Connection, Rooms
from chat.realtime.server import Answer, Server
from chat.schemas.fields import Identifier
from chat.text import is_storable

log = logging.getLogger("chat.gateway")
COME_BACK_AFTER = 500  # milliseconds: as long as a restart takes at best
COME_BACK_APART = 4  # milliseconds between two clients that come back: what a hello costs
LONGEST_FAREWELL = 3.0  # seconds over which connections are closed


@dataclass
class SocketPost:
    """How the rooms reach people: over the Socket.IO server."""

    sio: Server

    def emit(self, name: str, payload: dict[str, Any], *, room: str, skip: Collection[str] = ()) -> None:
        self.sio.emit(name, payload, room=room, skip_sid=skip)

    def emit_to(self, sid: str, name: str, payload: dict[str, Any]) -> None:
        self.sio.emit(name, payload, room=sid)

    def has_people(self, room: str) -> bool:
        return bool(self.sio.manager.has_people("/", room))

    def enter(self, sid: str, room: str) -> None:
        if self.sio.manager.is_connected(sid, "/"):
            self.sio.enter_room(sid, room)

    def leave(self, sid: str, room: str) -> None:
        self.sio.leave_room(sid, room)

    def kick(self, sid: str) -> None:
        self.sio.kick(sid)

    def hang_up(self, sid: str) -> None:
        self.sio.hang_up(sid)


@dataclass
class Gateway:
    """One per app. ``context`` opens the database for an action; ``identify`` reads a handshake's credentials."""

    sio: Server
    dispatch: Dispatch
    dispatcher: Dispatcher
    rooms: Rooms
    context: Callable[[], AbstractContextManager[Any]]
    identify: Callable[[dict[str, Any], Any], Asker]
    my_channels: Callable[[str], Iterable[str]]
    per_user: int = 0  # connections that one person may have; 0: any number
    askers: dict[str, Asker] = field(default_factory=dict)
    draining: bool = False

    def __post_init__(self) -> None:
        self.show_typing: Callable[..., None] = self.rooms.show_typing  # other doors' rooms may hear of it too
        self.sio.on("connect", self.on_connect)
        self.sio.on("disconnect", self.on_disconnect)
        self.sio.on_action = self.on_action
        self.sio.on_connected = self.greet

    # Connecting ----------------------------------------------------------------------------------

    def on_connect(self, sid: str, environ: dict[str, Any], auth: Any = None) -> bool:
        """Let someone in who shows a session that holds now, whatever held at the handshake."""
        try:
            if self.draining:
                raise ChatError("draining")
            with self.context():
                asker = replace(self.identify(environ, auth), connection=sid)
                user_id = self.dispatch.perform(asker, "show_me", {}).data["user"]["id"]
            if self.per_user and self.rooms.connections_of(user_id) >= self.per_user:
                raise ChatError("rate_limited", "You have too many connections open.")
        except ChatError as refusal:
            metrics.REFUSED.labels(refusal.code).inc()
            if refusal.code in RETRYABLE:
                self.sio.hang_up(sid)
            raise Refused(refusal.words, refusal.as_dict()) from None
        except Exception:
            # A TypeError from here would make the library call us a second time.
            log.exception("a connection could not be opened")
            self.sio.hang_up(sid)
            return False
        assert asker.session_id is not None
        self.askers[sid] = asker
        self.rooms.connect(sid, user_id, asker.session_id)
        return True

    def on_disconnect(self, sid: str, _reason: str = "") -> None:
        """A connection is gone."""
        self.askers.pop(sid, None)
        self.rooms.disconnect(sid)

    def greet(self, sid: str) -> None:
        """Say hello: what the person is in, and from now on everything that concerns them."""
        connection = self.rooms.connections.get(sid)
        if connection is None:
            return
        try:
            with self.context():
                self._say_hello(connection)
        except Exception as error:
            log.warning("a connection could not be greeted: %s", error)
            self.sio.hang_up(sid)

    def _say_hello(self, connection: Connection) -> None:
        asker = self.askers[connection.sid]
        entries = self.rooms.begin(connection, [connection.user_id], LISTENING)
        counted: set[str] = set()
        wanted = set(self.my_channels(connection.user_id))
        while True:
            entries += self.rooms.begin(connection, wanted - counted, COUNTING)
            counted |= wanted
            answer = self.dispatch.perform(asker, "hello", {})
            hello, heads = answer.data, dict(answer.heads or {})
            wanted = set(heads)
            if wanted <= counted:
                break  # else a channel was joined between the two reads: count its news too, from a newer snapshot
        heads[connection.user_id] = hello["seq"]
        self.sio.greet(connection.sid, hello)
        for entry in entries:
            if entry.stream in heads:
                self.rooms.settle(entry, heads[entry.stream])
            else:
                self.rooms.leave(entry)

    def drain(self) -> None:
        """The process ends: tell everyone when to come back, each at a time of their own, then hang up bit by bit."""
        self.draining = True
        sids = list(self.askers)
        chance = SystemRandom()
        chance.shuffle(sids)
        for sid in sids:
            wait = COME_BACK_AFTER + chance.randrange(1 + COME_BACK_APART * len(sids))
            self.sio.emit("goodbye", {"reason": "restart", "reconnect_after_ms": wait}, room=sid)
        pause = min(LONGEST_FAREWELL / max(1, len(sids)), 0.01)
        for sid in sids:
            self.sio.sleep(pause)
            self.sio.hang_up(sid)
        self.sio.shutdown()

    # Acting --------------------------------------------------------------------------------------

    def on_action(self, sid: str, name: str, arguments: list[Any]) -> tuple[Answer, Callable[[], None] | None]:
        """Answer an action, whatever happens inside it; and what to do once the answer is on its way."""
        try:
            if name not in LIVE:
                raise ChatError("unknown_action")
            if len(arguments) > 1:
                raise ChatError("invalid_arguments", "An action takes one JSON object.")
            payload = arguments[0] if arguments and arguments[0] is not None else {}
            connection, asker = self.rooms.connections.get(sid), self.askers.get(sid)
            if connection is None or asker is None:
                raise ChatError("session_expired")
            with self.context():
                data, after = self._act(connection, asker, name, payload)
            return {"ok": True, "data": data}, after
        except ChatError as refusal:
            return {"ok": False, "error": refusal.as_dict()}, None
        except Exception:
            log.exception("%s failed", name)
            return {"ok": False, "error": ChatError("internal_error").as_dict()}, None

    def _act(
        self, connection: Connection, asker: Asker, name: str, payload: Any
    ) -> tuple[dict[str, Any], Callable[[], None] | None]:
        if name == "subscribe":
            return self._subscribe(connection, asker, payload)
        data = self.dispatch.perform(asker, name, payload).data
        if name == "unsubscribe":
            self.rooms.unsubscribe(connection, payload["channel_id"])
        elif name == "typing":
            self.show_typing(connection.user_id, payload["channel_id"], payload.get("thread_id"), on=payload["on"])
        elif name == "ping":
            data["heads"] = self.rooms.heads(connection)
        return data, None

    def _subscribe(
        self, connection: Connection, asker: Asker, payload: Any
    ) -> tuple[dict[str, Any], Callable[[], None] | None]:
        """Enter the room as joining, read in one snapshot, answer, then tell what came after it."""
        channel_id = payload.get("channel_id") if isinstance(payload, dict) else None
        if not isinstance(channel_id, str) or len(channel_id) > Identifier.longest or not is_storable(channel_id):
            return self.dispatch.perform(asker, "subscribe", payload).data, None  # refuses it
        [entry] = self.rooms.begin(connection, [channel_id], LISTENING)
        try:
            data = self.dispatch.perform(asker, "subscribe", payload).data
        except BaseException:
            self.rooms.leave(entry)
            raise
        return data, lambda: self.rooms.settle(entry, data["seq"])
