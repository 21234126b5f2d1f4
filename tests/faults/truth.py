"""What really happened, read from the audit and the tables by SQL of its own: the measure for every history."""

from __future__ import annotations

import json
import time
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

from tests.faults.audit import CHANNEL, MEMBER, MESSAGE, snapshot, worded
from tests.faults.history import digest, row_name
from tests.support import Server

FOREVER = float("inf")

FINAL = (
    f"SELECT m.channel_id, CAST({MESSAGE} AS TEXT) FROM messages AS m",
    f"SELECT m.channel_id, CAST({MEMBER} AS TEXT) FROM memberships AS m",
    f"SELECT m.id, CAST({CHANNEL} AS TEXT) FROM channels AS m",
)
POSTS = """
    SELECT id, channel_id, seq, user_id, client_msg_id, thread_id, in_main_line, deleted_at IS NOT NULL
    FROM messages ORDER BY channel_id, seq"""
RECOUNT = """
    SELECT reader.user_id, reader.channel_id, count(m.id) AS unread,
           count(m.id) FILTER (WHERE m.mentions_everyone
               OR EXISTS (SELECT 1 FROM mentions WHERE message_id = m.id AND user_id = reader.user_id)) AS mentions
    FROM read_cursors AS reader
    LEFT JOIN messages AS m ON m.channel_id = reader.channel_id AND m.seq > reader.last_read_seq
        AND m.user_id != reader.user_id AND m.kind = 'user' AND m.in_main_line AND m.deleted_at IS NULL
    GROUP BY reader.user_id, reader.channel_id"""


class Version(NamedTuple):
    """A row as it was under one number of a stream. ``at`` is on the clock of the histories."""

    number: int
    kind: str
    row: str
    digest: str | None
    body: str
    at: float

    @property
    def said(self) -> dict[str, Any]:
        """The row itself."""
        said: dict[str, Any] = json.loads(self.body)
        return said


class Post(NamedTuple):
    """A message that is stored: its place and its author."""

    id: str
    channel_id: str
    seq: int
    user_id: str
    client_msg_id: str
    thread_id: str | None
    in_main_line: bool
    deleted: bool


class Stay(NamedTuple):
    """Someone's time in a channel, in its numbers: from joining to leaving. ``since`` is when joining was written."""

    joined: int
    left: float
    since: float


@dataclass
class Truth:
    """Everything the database knows at the end of a run, or at the end of an epoch."""

    heads: dict[str, int] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)  # where the recording began; what is older is not known
    versions: dict[str, dict[int, Version]] = field(default_factory=lambda: defaultdict(dict))
    shared: list[tuple[str, Version, Version]] = field(default_factory=list)  # two rows under one number
    final: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    posts: list[Post] = field(default_factory=list)
    counts: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)  # (user, channel): unread, mentions

    @classmethod
    def of(cls, server: Server) -> Truth:
        """All that a server's database knows."""
        return cls.read(server.address)

    @classmethod
    def read(cls, address: str) -> Truth:
        """All of it, in one snapshot."""
        truth = cls()
        with snapshot(address) as connection:
            ask = connection.exec_driver_sql
            dialect = connection.dialect.name
            truth.heads = dict(ask("SELECT id, seq FROM streams").all())
            truth.starts = dict(ask("SELECT stream, number FROM audit_start").all())
            clocks_differ = time.time() - time.monotonic()
            for stream, number, kind, row, body, at in ask(
                'SELECT stream, number, kind, "row", body, at FROM audit ORDER BY stream, number'
            ):
                truth.record(stream, number, kind, row, body, at - clocks_differ)
            for query in FINAL:
                for stream, body in ask(worded(query, dialect)):
                    present = json.loads(body)
                    truth.final[stream][row_name(present)] = present
            truth.posts = [Post(*row) for row in ask(POSTS)]
            for user, channel, unread, mentions in ask(RECOUNT):
                truth.counts[user, channel] = {"unread": unread, "mentions": mentions}
        return truth

    def record(self, stream: str, number: int, kind: str, row: str, body: str, at: float) -> None:
        """One numbered version of a row."""
        told_whole = kind in ("message", "member", "channel")
        version = Version(number, kind, row, digest(json.loads(body)) if told_whole else None, body, at)
        present = self.versions[stream].setdefault(number, version)
        if present is not version:
            self.shared.append((stream, present, version))

    # What follows from it --------------------------------------------------------------------------

    @cached_property
    def numbers(self) -> dict[str, dict[str, list[int]]]:
        """The numbers at which each row of each stream changed, ascending."""
        found: dict[str, dict[str, list[int]]] = {}
        for stream, versions in self.versions.items():
            rows = found[stream] = defaultdict(list)
            for number in sorted(versions):
                rows[versions[number].row].append(number)
        for stream, _, version in self.shared:
            insort(found[stream][version.row], version.number)
        return found

    @cached_property
    def digests(self) -> dict[str, dict[str, str]]:
        """What every row of every stream says at the end."""
        return {stream: {name: digest(row) for name, row in rows.items()} for stream, rows in self.final.items()}

    def last(self, stream: str, row: str, until: float = FOREVER) -> int:
        """The number of a row's last change up to a number; 0 when it is not known to have changed."""
        numbers = self.numbers.get(stream, {}).get(row, [])
        at = bisect_right(numbers, until)
        return numbers[at - 1] if at else 0

    @cached_property
    def sent(self) -> dict[tuple[str, str], list[Post]]:
        """What is stored under each author's client_msg_id: one message, or something is wrong."""
        found: dict[tuple[str, str], list[Post]] = defaultdict(list)
        for post in self.posts:
            found[post.user_id, post.client_msg_id].append(post)
        return found

    @cached_property
    def main_lines(self) -> dict[str, list[Post]]:
        """The messages that make a channel's history, in order."""
        found: dict[str, list[Post]] = defaultdict(list)
        for post in self.posts:
            if post.in_main_line:
                found[post.channel_id].append(post)
        return found

    def main_line(self, channel: str, low: float, high: float = FOREVER) -> list[Post]:
        """The part of a channel's history between two places, both included."""
        line = self.main_lines.get(channel, [])
        first = bisect_left(line, low, key=lambda post: post.seq)
        return line[first : bisect_right(line, high, key=lambda post: post.seq)]

    @cached_property
    def closed_since(self) -> dict[str, int]:
        """The channels that are not open to everyone, and the number since which."""
        found: dict[str, int] = {}
        for stream, versions in self.versions.items():
            for version in versions.values():
                if version.kind == "channel" and version.said["kind"] != "public":
                    found[stream] = min(version.number, found.get(stream, version.number))
        return found

    @cached_property
    def stays(self) -> dict[tuple[str, str], list[Stay]]:
        """When, in a channel's numbers, each person was in it."""
        found: dict[tuple[str, str], list[Stay]] = defaultdict(list)
        for stream, rows in self.numbers.items():
            for row, numbers in rows.items():
                if row.startswith("member:"):
                    for number in numbers:
                        self._follow(found[stream, row[7:]], self.versions[stream][number], self.starts.get(stream, 0))
        return found

    def _follow(self, stays: list[Stay], version: Version, start: int) -> None:
        is_in = bool(stays) and stays[-1].left == FOREVER
        if version.said["left_at"] is None:
            if not is_in:  # not a change of role
                known = version.number > start
                stays.append(Stay(version.number if known else 0, FOREVER, version.at if known else -FOREVER))
        elif is_in:
            stays[-1] = stays[-1]._replace(left=version.number)
        else:  # from before the recording
            stays.append(Stay(0, version.number, -FOREVER))

    def is_member(self, channel: str, user: str) -> bool:
        """Whether someone is in a channel at the end."""
        row = self.final.get(channel, {}).get(f"member:{user}")
        return row is not None and row["left_at"] is None
