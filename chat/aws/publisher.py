"""Tells the API Gateway's connections: mirrors the registry into rooms while this process holds the lease.

One process at a time does. Whoever takes the lease over reads how far its predecessor told each stream, and tells
what came after it; what is told twice the clients drop by its number.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from chat.aws.registry import Registry
from chat.basics import new_id, now
from chat.errors import ChatError
from chat.journal import Event

log = logging.getLogger("chat.aws")
LISTENING, COUNTING = "", "/counting"  # the two ways to be in a room, as the rooms name them
OVERLAP = timedelta(seconds=10)  # a commit may become visible this long after the moment it was stamped with
READ_AT_ONCE = 200
SWEEP_SECONDS = 60.0


class Rooms(Protocol):
    """Who hears what: the same rooms that Socket.IO's connections stand in, with another post."""

    connections: dict[str, Any]

    @property
    def lock(self) -> AbstractContextManager[Any]: ...

    def connect(self, sid: str, user_id: str, session_id: str) -> Any: ...
    def disconnect(self, sid: str) -> None: ...
    def begin(self, connection: Any, streams: Iterable[str], kind: str) -> list[Any]: ...
    def settle(self, entry: Any, as_of: int, missed: Sequence[Event] = ()) -> None: ...
    def leave(self, entry: Any) -> None: ...
    def count(self, connection: Any, channel_id: str) -> None: ...
    def tell(self, event: Event) -> None: ...
    def open_sessions(self) -> set[str]: ...
    def tick(self) -> None: ...


class Reader(Protocol):
    """What it reads of the streams, each call in one snapshot."""

    def heads(self, stream_ids: Iterable[str]) -> dict[str, int]: ...
    def changes(self, stream_id: str, after: int, limit: int) -> tuple[list[Event], int]: ...
    def channels_of(self, user_id: str) -> list[str]: ...


@dataclass
class GatewayPublisher:
    """A publisher of the dispatcher's. ``sent``: the number that a followed stream was told last."""

    registry: Registry
    reader: Reader
    rooms: Rooms
    sent: Callable[[str], int | None]
    close: Callable[[str], None]  # a connection, without waiting for it
    may_hear: Callable[[str, str, str], bool]  # whether this session of this person may read a channel now
    lasts: timedelta = timedelta(seconds=2)  # the lease, from one tick to the next but one
    holder: str = field(default_factory=new_id)
    holding: bool = False
    _since: datetime | None = None  # the registry was mirrored up to then
    _joined: dict[str, Any] = field(default_factory=dict)  # the entry of each subscription that was mirrored
    _greeted: set[str] = field(default_factory=set)
    _behind: dict[str, int] = field(default_factory=dict)  # how far the predecessor told, right after taking over
    _noted: dict[str, int] = field(default_factory=dict)
    _to_note: dict[str, int] = field(default_factory=dict)
    _sweep_due: float = 0.0
    _stopping: bool = False

    # What the dispatcher asks of a publisher -------------------------------------------------------

    def tell(self, event: Event) -> None:
        """Pass a durable event on to who listens; without the lease nobody stands in these rooms."""
        self.rooms.tell(event)

    def open_sessions(self) -> set[str]:
        """The sessions of the connections that this process tells."""
        return self.rooms.open_sessions()

    def close_sessions(self, session_ids: Iterable[str]) -> None:
        """Close the connections of sessions that have ended."""
        ended = set(session_ids)
        if self.holding:
            self.mirror()  # one may have been opened a moment before
        self._close([sid for sid, each in list(self.rooms.connections.items()) if each.session_id in ended])

    def reset(self) -> None:
        """The database is of another epoch: close every connection, they start from a new hello."""
        if self.holding:
            self.registry.begin_anew()
            self._close(list(self.rooms.connections))
            self._noted, self._to_note, self._behind = {}, {}, {}

    def tick(self) -> None:
        """Hold the lease or try to get it; holding it, follow the registry and note how far was told."""
        if self._stopping:
            return
        had, self.holding = self.holding, self.registry.hold_lease(self.holder, self.lasts)
        if had and not self.holding:
            log.warning("another process tells the API Gateway's connections now")
            self._let_go()
        if not self.holding:
            return
        if not had:
            self._since, self._behind = None, self.registry.told_until()
        self.mirror()
        self._note()
        self.rooms.tick()
        if time.monotonic() >= self._sweep_due:
            self._sweep_due = time.monotonic() + SWEEP_SECONDS
            self._close(self.registry.sweep())

    def stop(self) -> None:
        """The process ends: another may tell at once."""
        self._stopping = True
        if self.holding:
            self.holding = False
            self._let_go()
            self.registry.give_up_lease(self.holder)

    # The mirror --------------------------------------------------------------------------------------

    def mirror(self) -> None:
        """Take over into the rooms what came and went in the registry."""
        if not self.holding:
            return
        since, self._since = self._since, now()
        connections, subscriptions = self.registry.changed(since and since - OVERLAP)
        for row in connections:
            if row.ended_at:
                self._take_out(row.id)
                continue
            connection = self.rooms.connections.get(row.id) or self.rooms.connect(row.id, row.user_id, row.session_id)
            if row.heads is not None and row.id not in self._greeted:
                self._greeted.add(row.id)
                self._try(self._follow_all, connection, row.heads, self._is_fresh(row, since))
        for row in subscriptions:
            connection = self.rooms.connections.get(row.connection_id)
            if row.ended_at or connection is None:
                entry = self._joined.pop(row.id, None)
                if entry is not None:
                    self.rooms.leave(entry)
        for row in subscriptions:
            connection = self.rooms.connections.get(row.connection_id)
            if not row.ended_at and connection is not None and row.id not in self._joined:
                as_of = {row.channel_id: row.as_of}
                self._try(self._follow, connection, as_of, LISTENING, self._is_fresh(row, since), row.id)
        self._behind = {}
        self._end_left()

    def _is_fresh(self, row: Any, since: datetime | None) -> bool:
        """Whether a row is so new that the predecessor may not have seen it: it begins where it says."""
        return since is not None or bool(row.changed_at > now() - OVERLAP)

    def _follow_all(self, connection: Any, heads: dict[str, int], fresh: bool) -> None:
        """Tell a connection, from its hello on, all of its own stream, and the news of the channels one is in."""
        own = connection.user_id
        self._follow(connection, {own: heads[own]}, LISTENING, fresh)
        mine = self.reader.channels_of(own)
        self._follow(connection, {id: heads[id] for id in mine if id in heads}, COUNTING, fresh)
        for channel_id in set(mine) - set(heads):
            self.rooms.count(connection, channel_id)  # joined since then

    def _follow(self, connection: Any, as_of: dict[str, int], kind: str, fresh: bool, row_id: str = "") -> None:
        """Enter rooms, tell what came since ``as_of``, and stand in them."""
        if not fresh:
            as_of = {stream: max(seq, self._behind.get(stream, 0)) for stream, seq in as_of.items()}
        entries = self.rooms.begin(connection, as_of, kind)
        if row_id:
            self._joined[row_id] = entries[0]
        try:
            heads = self.reader.heads(as_of)
            for entry in entries:
                self._settle(entry, as_of[entry.stream], heads.get(entry.stream, 0), fresh)
        except BaseException:
            for entry in entries:
                self.rooms.leave(entry)
            raise

    def _settle(self, entry: Any, as_of: int, head: int, fresh: bool) -> None:
        connection = entry.connection
        # Among what was missed may be a removal, or one that was told by a predecessor who died before noting it.
        in_doubt = entry.kind == LISTENING and entry.stream != connection.user_id and (head > as_of or not fresh)
        if in_doubt and not self.may_hear(connection.session_id, connection.user_id, entry.stream):
            self.rooms.leave(entry)
            return
        missed = self.reader.changes(entry.stream, as_of, READ_AT_ONCE)[0] if head > as_of else []
        self.rooms.settle(entry, as_of, missed)

    def _end_left(self) -> None:
        """Who was taken out of a channel left its room as that was told: the registry has to know."""
        left = [id for id, entry in self._joined.items() if entry.connection.entries.get(entry.room) is not entry]
        if left:
            self.registry.end_subscriptions(left)

    def _try(self, task: Callable[..., None], *arguments: Any) -> None:
        try:
            task(*arguments)
        except ChatError as error:
            log.warning("a connection could not be followed: %s", error)
            connection = arguments[0]
            self._close([connection.sid])  # it comes back, and begins anew

    # Going -------------------------------------------------------------------------------------------

    def lost(self, connection_id: str) -> None:
        """A connection turned out to be gone."""
        self.registry.end([connection_id])
        self._take_out(connection_id)

    def _close(self, connection_ids: list[str]) -> None:
        if connection_ids:
            self.registry.end(connection_ids)
        for connection_id in connection_ids:
            self._take_out(connection_id)
            self.close(connection_id)

    def _take_out(self, connection_id: str) -> None:
        self._greeted.discard(connection_id)
        self.rooms.disconnect(connection_id)

    def _let_go(self) -> None:
        for connection_id in list(self.rooms.connections):
            self._take_out(connection_id)
        self._joined, self._noted, self._to_note = {}, {}, {}

    def _note(self) -> None:
        """Note how far streams were told by the tick before this one: what was posted since may be under way."""
        changed = {stream: seq for stream, seq in self._to_note.items() if self._noted.get(stream) != seq}
        if changed:
            self.registry.note_told(changed)
            self._noted |= changed
        entries = (entry for each in list(self.rooms.connections.values()) for entry in list(each.entries.values()))
        told = {stream: self.sent(stream) for stream in {entry.stream for entry in entries}}
        self._to_note = {stream: seq for stream, seq in told.items() if seq is not None}
