"""The journal: numbers every durable change of a stream inside its transaction, and remembers what to tell after it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Row, bindparam, select, update

from chat import database
from chat.errors import ChatError
from chat.models import Stream
from chat.prepared import Prepared

STREAMS = Stream.__table__
_ADVANCE = Prepared(
    update(STREAMS)
    .where(STREAMS.c.id == bindparam("stream"))
    .values(seq=STREAMS.c.seq + bindparam("numbers"), posted=STREAMS.c.posted + bindparam("posts"))
    .returning(STREAMS.c.seq, STREAMS.c.posted)
)
_READ = select(STREAMS.c.seq, STREAMS.c.posted, STREAMS.c.floor).where(STREAMS.c.id == bindparam("stream"))
_HEAD, _LOCK = Prepared(_READ), Prepared(_READ.with_for_update())
_HEADS = select(Stream.id, Stream.seq, Stream.posted).where(Stream.id.in_(bindparam("streams", expanding=True)))


class Event(NamedTuple):
    """A durable change to tell: the stream's number, the one before it, the event's name and its object."""

    stream: str
    prev: int
    seq: int
    name: str
    body: dict[str, Any]
    recount: bool = False  # someone's unread or mention count may have changed otherwise than by a new message

    def as_dict(self) -> dict[str, Any]:
        """The payload that a client gets under the event's name."""
        return {"stream": self.stream, "prev": self.prev, "seq": self.seq, **self.body}


Events = dict[str, list[Event]]  # what is to be told of each stream; none of one: which events there are is not known


@dataclass(slots=True)
class Journal:
    """What one transaction has to tell once it is committed."""

    events: Events = field(default_factory=lambda: defaultdict(list))
    ended_sessions: list[str] = field(default_factory=list)

    def doubted(self) -> Journal:
        """The same streams, with nothing to tell but that something may have changed."""
        return Journal(events={stream: [] for stream in self.events})


def joined(journals: Iterable[Journal]) -> Journal:
    """What several have to tell, in their order."""
    whole = Journal()
    for each in journals:
        for stream, events in each.events.items():
            whole.events[stream] += events
        whole.ended_sessions += each.ended_sessions
    return whole


def current() -> Journal:
    """The journal of the transaction at hand."""
    found: Journal | None = database.at_hand().info.get("journal")
    return begin() if found is None else found


session = database.session
connection = database.connection


def begin() -> Journal:
    """Start the journal of a new transaction, with nothing to tell."""
    started = database.at_hand().info["journal"] = Journal()
    return started


def next_number(stream_id: str, *, missing: str = "channel_not_found") -> int:
    """Take the stream's next number.

    The update locks the stream's row, so the order of numbers is the order of commits, and what is read after it
    is true for as long as the transaction lasts. Take the number first; rolled back, it is given back.
    Raises ChatError ``missing`` when there is no such stream.
    """
    return _advance(stream_id, 1, 0, missing)[0]


def next_post(channel_id: str) -> tuple[int, int]:
    """Take the next number for a main-line message of a person, and count it: (seq, posted)."""
    return _advance(channel_id, 1, 1, "channel_not_found")


def next_numbers(stream_id: str, numbers: int, posts: int = 0) -> tuple[int, int]:
    """Take the next ``numbers`` at once, for an import; the last of them, and of the posts counted among them."""
    return _advance(stream_id, numbers, posts, "channel_not_found")


def _advance(stream_id: str, numbers: int, posts: int, missing: str) -> tuple[int, int]:
    row = _ADVANCE(stream=stream_id, numbers=numbers, posts=posts)
    if row is None:
        raise ChatError(missing)
    return row.seq, row.posted


@dataclass(frozen=True, slots=True)
class Head:
    """Where a stream stands: its number, the posts counted in it, and below what nothing is kept."""

    seq: int
    posted: int
    floor: int


def lock(stream_id: str, missing: str = "channel_not_found") -> Head:
    """Hold a stream still without taking a number. Lock channels by id first, then users by id."""
    return _found(_LOCK(stream=stream_id), missing)


def head(stream_id: str, missing: str = "channel_not_found") -> Head:
    """The stream's head as this transaction's snapshot has it."""
    return _found(_HEAD(stream=stream_id), missing)


def _found(row: Any, missing: str) -> Head:
    if row is None:
        raise ChatError(missing)
    return Head(*row)


def heads(stream_ids: Iterable[str]) -> dict[str, Row[str, int, int]]:
    """The number (``seq``) and the count of posts (``posted``) that each of these streams has reached."""
    return {row.id: row for row in connection().execute(_HEADS, {"streams": list(stream_ids)})}


def open_stream(stream_id: str) -> None:
    """Begin a stream at 0; its first change takes number 1."""
    session().add(Stream(id=stream_id, seq=0, posted=0, floor=0))
    session().flush()


def tell(stream_id: str, seq: int, name: str, *, recount: bool = False, **body: Any) -> None:
    """Remember an event to be told after the commit, under the number its row was stamped with."""
    current().events[stream_id].append(Event(stream_id, seq - 1, seq, name, body, recount))


def end_session(session_id: str) -> None:
    """Remember a session whose connections are to be closed after the commit."""
    current().ended_sessions.append(session_id)
