"""Who hears what: the connections that listen to each stream, from which number on, and who only counts.

A *listener* looks at a channel, or listens to its own stream, and is told every event. A *counter* is a connection
of a member who does not look: it is told that something new came (activity). Both enter as *joining*, collect what is
told meanwhile, read their answer in one snapshot, and begin exactly behind it: see docs/protocol.md, Joining.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple, Protocol

from chat.actions.audience import Place
from chat.errors import ChatError
from chat.journal import Event
from chat.limits import SNIPPET
from chat.realtime.dispatcher import READ_AT_ONCE, Dispatcher

TYPING_LASTS = 8.0  # seconds without a sign
LISTENING, COUNTING = "", "/counting"  # a room is named after the stream, and after how it is listened to


@dataclass(eq=False, slots=True)
class Connection:
    """A live connection and what it listens to."""

    sid: str
    user_id: str
    session_id: str
    entries: dict[str, Entry] = field(default_factory=dict)
    heads_due: float = 0.0


@dataclass(eq=False, slots=True)
class Entry:
    """One connection in one room; ``as_of`` is the snapshot it joined at, None while it is joining.

    ``told``: up to where it was told the same by an entry that this one replaces.
    """

    connection: Connection
    stream: str
    kind: str
    as_of: int | None = None
    told: int = 0
    held: list[Event] = field(default_factory=list)

    @property
    def room(self) -> str:
        """The Socket.IO room it stands in, once it has joined."""
        return self.stream + self.kind


@dataclass(slots=True)
class Room:
    """Everyone in a room. ``fresh``: who is joining, or joined at a number that the telling has not passed yet."""

    entries: dict[str, Entry] = field(default_factory=dict)  # by the connection's sid
    fresh: set[Entry] = field(default_factory=set)


class Sign(NamedTuple):
    """That someone writes, until when without another sign, and whether it was given to this process."""

    until: float
    is_own: bool


class Post(Protocol):
    """How the rooms reach people: the few calls of the Socket.IO server that they need. None of them may wait."""

    def emit(self, name: str, payload: dict[str, Any], *, room: str, skip: Collection[str] = ()) -> None:
        """Send an event to everyone in a room."""

    def emit_to(self, sid: str, name: str, payload: dict[str, Any]) -> None:
        """Send an event to one connection."""

    def has_people(self, room: str) -> bool:
        """Whether an event to this room would reach anyone."""

    def enter(self, sid: str, room: str) -> None: ...

    def leave(self, sid: str, room: str) -> None: ...

    def kick(self, sid: str) -> None:
        """End a connection so that the client does not come back by itself."""

    def hang_up(self, sid: str) -> None:
        """End a connection so that the client comes back by itself."""


@dataclass
class Rooms:
    """A publisher of the dispatcher's: keeps the entries, and passes on what each may hear."""

    dispatcher: Dispatcher
    post: Post
    may_read: Callable[[str, Iterable[str]], set[str]]  # who of these may read a channel, by the database
    place_of: Callable[[str, str], Place | None]  # where a channel stands and this person in it, if they are in it
    heads_seconds: float = 25.0
    say_typing: Callable[[str, str, str | None, bool], None] = lambda *_: None  # to the other processes
    connections: dict[str, Connection] = field(default_factory=dict)
    rooms: dict[str, Room] = field(default_factory=dict)
    typing: dict[tuple[str, str | None], dict[str, Sign]] = field(default_factory=dict)

    @property
    def lock(self) -> threading.RLock:
        """One lock for both: who listens must not change between what is told and its number."""
        return self.dispatcher.lock

    # Coming and going ----------------------------------------------------------------------------

    def connect(self, sid: str, user_id: str, session_id: str) -> Connection:
        """A new connection; it hears nothing yet."""
        connection = Connection(sid, user_id, session_id, heads_due=time.monotonic() + self.heads_seconds)
        self.connections[sid] = connection
        return connection

    def connections_of(self, user_id: str) -> int:
        """How many connections someone has: each listens to its own stream."""
        return self.size_of(user_id + LISTENING)

    def audience(self, channel_id: str) -> tuple[int, int]:
        """How many connections listen to a channel, and how many only count what is new there."""
        listening = self.size_of(channel_id + LISTENING)
        return listening, max(0, self.size_of(channel_id + COUNTING) - listening)

    def size_of(self, name: str) -> int:
        """How many are in a room, those who are joining included."""
        room = self.rooms.get(name)
        return len(room.entries) if room else 0

    def entries_in(self, name: str) -> list[Entry]:
        """Everyone in a room, those who are joining included."""
        room = self.rooms.get(name)
        return list(room.entries.values()) if room else []

    def disconnect(self, sid: str) -> None:
        """A connection is gone; doing it twice is fine."""
        connection = self.connections.pop(sid, None)
        if connection is None:
            return
        for entry in list(connection.entries.values()):
            self.leave(entry)
        for (channel_id, thread_id), people in list(self.typing.items()):
            sign = people.get(connection.user_id)
            if sign and sign.is_own and not self._is_looking(connection.user_id, channel_id):
                self.show_typing(connection.user_id, channel_id, thread_id, on=False)

    def begin(self, connection: Connection, streams: Iterable[str], kind: str) -> list[Entry]:
        """Enter rooms as joining; what is told from now on is collected until ``settle`` or ``leave``.

        Raises ChatError ``unavailable`` when the connection is gone by now: nobody would ever take it out again.
        """
        streams = list(streams)
        self.dispatcher.hold(streams)
        entries = []
        with self.lock:
            if self.connections.get(connection.sid) is not connection:
                self.dispatcher.release(streams)
                raise ChatError("unavailable")
            for stream in streams:
                entry = Entry(connection, stream, kind)
                if earlier := connection.entries.get(entry.room):
                    if earlier.as_of is not None:
                        entry.told = max(earlier.as_of, self.dispatcher.sent(stream) or 0)
                    self.leave(earlier)  # subscribed again: the new answer is where it begins
                room = self.rooms.setdefault(entry.room, Room())
                connection.entries[entry.room] = room.entries[connection.sid] = entry
                room.fresh.add(entry)
                entries.append(entry)
                if kind == LISTENING and (counting := connection.entries.get(stream + COUNTING)):
                    self.post.leave(connection.sid, counting.room)  # who listens need not be told the news besides
        return entries

    def settle(self, entry: Entry, as_of: int, missed: Sequence[Event] = ()) -> None:
        """The answer read at ``as_of`` was given: tell what came after it, then stand in the room.

        ``missed``: what came after it and may have been told before the entry was there.
        """
        with self.lock:
            if not self._stands(entry):
                return
            entry.as_of = as_of
            held, entry.held = entry.held, []
            for event in (*missed, *held):
                if event.seq > entry.as_of and self._stands(entry):
                    entry.as_of = event.seq  # it may have been read ahead of the telling, which comes to it still
                    self._tell_one(entry, event)
            if self._stands(entry):
                self._enter(entry)

    def _enter(self, entry: Entry) -> None:
        if entry.kind == LISTENING or not self._listens(entry):
            self.post.enter(entry.connection.sid, entry.room)

    def leave(self, entry: Entry) -> None:
        """Take one entry out of its room; doing it twice is fine."""
        with self.lock:
            if not self._stands(entry):
                return
            connection, room = entry.connection, self.rooms[entry.room]
            del room.entries[connection.sid], connection.entries[entry.room]
            room.fresh.discard(entry)
            if not room.entries:
                del self.rooms[entry.room]
            if entry.as_of is not None:
                self.post.leave(connection.sid, entry.room)
            counting = connection.entries.get(entry.stream + COUNTING)
            if counting and counting.as_of is not None:
                self._enter(counting)
                for event in entry.held:  # it was to listen and did not come to it: this is news again
                    if event.seq > counting.as_of and self._stands(counting):
                        self._tell_one(counting, event)
        self.dispatcher.release([entry.stream])

    def unsubscribe(self, connection: Connection, channel_id: str) -> None:
        """Stop listening to a channel; its news go on being counted."""
        if entry := connection.entries.get(channel_id + LISTENING):
            self.leave(entry)

    def _stands(self, entry: Entry) -> bool:
        return entry.connection.entries.get(entry.room) is entry

    # Telling -------------------------------------------------------------------------------------

    def tell(self, event: Event) -> None:
        """Pass a durable event on to who listens, and news on to who only counts. The dispatcher holds the lock."""
        if event.name == "channel" and event.body["channel"]["kind"] == "private":
            self._recheck(event)
        self._broadcast(event.stream + LISTENING, event, event.name, event.as_dict())
        if self._is_heard(event.stream + COUNTING) and (activity := activity_of(event)):
            self._broadcast(event.stream + COUNTING, event, "activity", activity)
        self._follow_membership(event)

    def _is_heard(self, name: str) -> bool:
        """Whether anyone is told in a room, or is about to be. Who listens counts too, and is told nothing there."""
        room = self.rooms.get(name)
        return room is not None and (bool(room.fresh) or self.post.has_people(name))

    def _broadcast(self, room: str, event: Event, name: str, payload: dict[str, Any]) -> None:
        """One frame for the whole room, but for those who are joining or whose answer already held it."""
        if room not in self.rooms:
            return
        skipped = set()
        for entry in list(self.rooms[room].fresh):
            if entry.as_of is None:
                entry.held.append(event)  # it does not stand in the room yet
            elif event.seq <= entry.as_of:
                skipped.add(entry.connection.sid)
            else:
                self.rooms[room].fresh.discard(entry)
        self.post.emit(name, payload, room=room, skip=skipped)

    def _tell_one(self, entry: Entry, event: Event) -> None:
        """Pass one held event on to one connection."""
        if entry.kind == LISTENING:
            self.post.emit_to(entry.connection.sid, event.name, event.as_dict())
        elif (activity := activity_of(event)) and not self._listens(entry):
            self.post.emit_to(entry.connection.sid, "activity", activity)
        if removed_by(event) == entry.connection.user_id:
            self.leave(entry)

    def _listens(self, entry: Entry) -> bool:
        return entry.stream + LISTENING in entry.connection.entries

    def _follow_membership(self, event: Event) -> None:
        """The removed hear of it as the last thing; who was added begins to count."""
        if gone := removed_by(event):
            for kind in (LISTENING, COUNTING):
                for entry in self.entries_in(event.stream + kind):
                    if entry.connection.user_id == gone and entry.as_of is not None and event.seq > entry.as_of:
                        self.leave(entry)
        elif event.name == "channel_joined":
            channel_id = event.body["channel"]["id"]
            for entry in self.entries_in(event.stream + LISTENING):
                self.dispatcher.soon(partial(self.count, entry.connection, channel_id))

    def count(self, connection: Connection, channel_id: str) -> None:
        """Let a connection hear of a channel's news since it was read, if the person is a member by now."""
        try:
            [entry] = self.begin(connection, [channel_id], COUNTING)
        except ChatError:
            return
        try:
            place = self.place_of(channel_id, connection.user_id)
            if place is None:
                self.leave(entry)
                return
            since = max(place.last_read_seq, entry.told)
            missed = self.dispatcher.reader.changes(channel_id, since, READ_AT_ONCE)[0] if place.seq > since else []
        except Exception:
            self.leave(entry)
            raise
        self.settle(entry, since, missed)

    def _recheck(self, event: Event) -> None:
        """A channel became private: who is no member stops listening, before anything more is told."""
        entries = self.entries_in(event.stream + LISTENING)
        allowed = self.may_read(event.stream, {entry.connection.user_id for entry in entries}) if entries else set()
        for entry in entries:
            if entry.connection.user_id not in allowed:
                self.leave(entry)

    # What is not durable -------------------------------------------------------------------------

    def show_typing(self, user_id: str, channel_id: str, thread_id: str | None, *, on: bool) -> None:
        """Someone here writes, or stopped; everyone who looks gets the full list, also at other processes."""
        self.say_typing(user_id, channel_id, thread_id, on)
        self.hear_typing(user_id, channel_id, thread_id, on, is_own=True)

    def hear_typing(
        self, user_id: str, channel_id: str, thread_id: str | None, on: bool, *, is_own: bool = False
    ) -> None:
        """The same of someone who may be at another process."""
        with self.lock:
            people = self.typing.setdefault((channel_id, thread_id), {})
            before = set(people)
            if on:
                people[user_id] = Sign(time.monotonic() + TYPING_LASTS, is_own)
            else:
                people.pop(user_id, None)
            if before != set(people):
                self._tell_typing(channel_id, thread_id)
            if not people:
                del self.typing[channel_id, thread_id]

    def _tell_typing(self, channel_id: str, thread_id: str | None) -> None:
        people = sorted(self.typing[channel_id, thread_id])
        payload: dict[str, Any] = {"channel_id": channel_id, "user_ids": people}
        if thread_id is not None:
            payload["thread_id"] = thread_id
        self.post.emit("typing", payload, room=channel_id + LISTENING)

    def _is_looking(self, user_id: str, channel_id: str) -> bool:
        return any(entry.connection.user_id == user_id for entry in self.entries_in(channel_id + LISTENING))

    def heads(self, connection: Connection) -> dict[str, int]:
        """Where the streams stand that this connection is told everything of."""
        joined = (entry for entry in connection.entries.values() if entry.kind == LISTENING and entry.as_of is not None)
        found = {entry.stream: (self.dispatcher.sent(entry.stream), entry.as_of) for entry in list(joined)}
        return {stream: max(sent, as_of or 0) for stream, (sent, as_of) in found.items() if sent is not None}

    def tick(self) -> None:
        """Tell the heads to whom they are due, and forget who stopped writing without a word."""
        moment = time.monotonic()
        for connection in list(self.connections.values()):
            if self.heads_seconds and connection.heads_due <= moment and connection.entries:
                connection.heads_due = moment + self.heads_seconds
                self.post.emit_to(connection.sid, "heads", self.heads(connection))
        with self.lock:
            for (channel_id, thread_id), people in list(self.typing.items()):
                for user_id in [user_id for user_id, sign in people.items() if sign.until <= moment]:
                    self.hear_typing(user_id, channel_id, thread_id, on=False)

    # Ends ----------------------------------------------------------------------------------------

    def open_sessions(self) -> set[str]:
        """The sessions of the open connections."""
        return {connection.session_id for connection in list(self.connections.values())}

    def close_sessions(self, session_ids: Iterable[str]) -> None:
        """Close the connections of sessions that have ended; they must not come back by themselves."""
        ended = set(session_ids)
        for connection in list(self.connections.values()):
            if connection.session_id in ended:
                self.disconnect(connection.sid)
                self.post.kick(connection.sid)

    def reset(self) -> None:
        """Hang up on everyone; they come back by themselves and start from a new hello."""
        for connection in list(self.connections.values()):
            self.disconnect(connection.sid)
            self.post.hang_up(connection.sid)


def removed_by(event: Event) -> str | None:
    """Who was taken out of the channel by this event, or left it."""
    member = event.body.get("member")
    return member["user_id"] if member and member["left_at"] else None


def activity_of(event: Event) -> dict[str, Any] | None:
    """What those hear who do not look: a new main-line message of a person, or that a count may have changed."""
    message = event.body.get("message")
    if message is None or message["posted"] is None:
        return None
    news: dict[str, Any] = {"channel_id": event.stream, "seq": event.seq}
    if message["seq"] > event.prev:
        if message["deleted_at"]:
            return {**news, "deleted_seq": message["seq"]}
        return {
            **news,
            "posted": message["posted"],
            "user_id": message["user_id"],
            "mentions": message["mentions"],
            "everyone": message["everyone"],
            "snippet": message["text"][:SNIPPET],
        }
    if not event.recount:
        return None
    return {**news, "deleted_seq" if message["deleted_at"] else "edited_seq": message["seq"]}
