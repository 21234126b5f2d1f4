"""Who is in which Socket.IO room: plain dictionaries, and a broadcast that is written once for everyone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import socketio
from socketio import packet

from chat import strict_json


class RoomManager(socketio.Manager):
    """The library's manager, with less kept for each connection and less done for each event.

    Its own keeps a two-way map for every room, one more for each connection's own room, and looks through all rooms
    when a connection ends. Here a connection's own room is the connection itself.
    """

    def __init__(self) -> None:
        super().__init__()
        self.of: dict[str, set[str]] = {}  # connection -> the rooms it stands in

    def emit(
        self,
        event: str,
        data: Any,
        namespace: str,
        room: Any = None,
        skip_sid: Collection[str] | None = None,
        callback: Any = None,
        to: Any = None,
        **options: Any,
    ) -> None:
        """Send an event to everyone in a room, but for these."""
        members = self._members(namespace, to or room)
        if skip_sid:
            engines = [engine for sid, engine in list(members.items()) if sid not in skip_sid]
        else:
            engines = list(members.values())
        if engines:
            self.server.eio.broadcast(f"{packet.EVENT}{strict_json.dumps([event, data])}", engines)

    def has_people(self, namespace: str, room: str) -> bool:
        """Whether anyone stands in a room."""
        return bool(self.rooms.get(namespace, {}).get(room))

    def get_participants(self, namespace: str, room: Any) -> Iterator[tuple[str, str]]:
        """The connections in a room and their engines."""
        return iter(list(self._members(namespace, room).items()))

    def _members(self, namespace: str, room: Any) -> dict[str, str]:
        rooms: dict[Any, dict[str, str]] = self.rooms.get(namespace, {})
        if members := rooms.get(room):
            return members
        everyone = rooms.get(None, {})
        return {room: everyone[room]} if room in everyone else {}

    def basic_enter_room(self, sid: str, namespace: str, room: Any, eio_sid: str | None = None) -> None:
        """Let a connection into a room."""
        if room is None:
            super().basic_enter_room(sid, namespace, room, eio_sid)
        elif room != sid:
            self.rooms[namespace].setdefault(room, {})[sid] = eio_sid or self.rooms[namespace][None][sid]
            self.of.setdefault(sid, set()).add(room)

    def basic_leave_room(self, sid: str, namespace: str, room: Any) -> None:
        """Take a connection out of a room."""
        super().basic_leave_room(sid, namespace, room)
        if rooms := self.of.get(sid):
            rooms.discard(room)

    def basic_disconnect(self, sid: str, namespace: str, **options: Any) -> None:
        """Take a connection out of everything."""
        for room in self.of.pop(sid, ()):
            super().basic_leave_room(sid, namespace, room)
        super().basic_leave_room(sid, namespace, None)
        for pending in (self.pending_connect, self.pending_disconnect):
            if sid in pending.get(namespace, ()):
                pending[namespace].remove(sid)
                if not pending[namespace]:
                    del pending[namespace]
