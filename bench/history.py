"""Reading in a large workspace costs what it costs in a small one: a channel, its past, what was missed, and hello.

The databases are written straight into SQLite. What is measured is the processor's time for an answer, without
the wire: it waits for nothing, and whatever else the machine does counts little.
"""

from __future__ import annotations

import gc
import hashlib
import itertools
import random
import sqlite3
import sys
import tempfile
import time
import uuid
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from flask_migrate import upgrade

from bench.figures import Report, median, percentile
from chat import create_app, journal
from chat.actions import accounts, sessions, sync
from chat.actors import Asker
from chat.basics import new_id
from chat.database import transaction
from chat.extensions import Base
from chat.models import Channel, Membership, Message, ReadCursor, Stream, User

FEW, MANY = 10_000, 1_000_000  # messages
SOME, LOTS = 10, 10_000  # channels
AUTHORS = 100
ROUNDS = 300
MOMENT = "2026-01-01 12:00:00.000000"


@dataclass
class Workspace:
    """A database of a given size, with Ana in ten of its channels; the first one holds the messages."""

    folder: Path
    messages: int
    channels: int
    times: dict[str, list[float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir()
        settings = {"DATA_DIR": str(self.folder), "ASYNC_MODE": "threading", "RATE_LIMITS": "off"}
        self.app: Flask = create_app(settings)
        with self.app.app_context():
            upgrade()
            with transaction(writes=True) as session:
                journal.begin()
                ana = accounts.make_account("ana", "Ana", "correct horse")
                opened, _ = sessions.open_session(Asker(), ana, "token", "bench")
                self.user_id, self.asker = ana.id, Asker(opened.id, ana.id)
                session.commit()
        self.ids = [new_id() for _ in range(self.channels)]
        self.long = self.ids[0]
        [file] = self.folder.glob("*.db")
        with closing(sqlite3.connect(file)) as database:
            database.execute("PRAGMA synchronous=OFF")
            database.execute("PRAGMA cache_size=-200000")
            self.fill(database)
            database.commit()
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def fill(self, database: sqlite3.Connection) -> None:
        """Write all of it."""

        def insert(model: type[Base], rows: Iterable[dict[str, Any]]) -> None:
            rows = iter(rows)
            if first := next(rows, None):
                statement = model.__table__.insert().compile(column_keys=list(first))
                database.executemany(str(statement), itertools.chain([first], rows))

        authors = [new_id() for _ in range(AUTHORS)]
        people = [*authors, self.user_id]
        insert(Stream, ({"id": author, "seq": 0, "posted": 0, "floor": 0} for author in authors))
        insert(User, (self.user(author, number) for number, author in enumerate(authors)))
        mine = self.ids[:SOME]
        heads = {channel: 2 + len(people) + (self.messages if channel == self.long else 20) for channel in self.ids}
        insert(Stream, (self.stream(channel, head, len(people)) for channel, head in heads.items()))
        insert(Channel, (self.channel(channel, number) for number, channel in enumerate(self.ids)))
        own = itertools.count(1)
        for channel in self.ids:
            there = people if channel in mine else authors
            insert(Membership, (self.membership(channel, who, n, next(own)) for n, who in enumerate(there, 2)))
            insert(ReadCursor, [self.cursor(channel, who, heads[channel] - 5) for who in there])
            numbers = range(len(people) + 2, heads[channel])
            insert(Message, (self.message(channel, authors[n % AUTHORS], n, len(people)) for n in numbers))
        database.execute("UPDATE streams SET seq = 100000000 WHERE id = ?", (self.user_id,))

    def user(self, user_id: str, number: int) -> dict[str, Any]:
        named = {"username": f"author{number}", "display_name": f"Author {number}", "role": "member", "kind": "person"}
        return {"id": user_id, **named, "created_at": MOMENT}

    def stream(self, channel: str, head: int, people: int) -> dict[str, Any]:
        return {"id": channel, "seq": head - 1, "posted": head - people - 2, "floor": 0}

    def channel(self, channel: str, number: int) -> dict[str, Any]:
        named = {"kind": "public", "name": f"town {number}", "name_key": f"town {number}", "topic": ""}
        return {"id": channel, **named, "created_at": MOMENT, "changed_seq": 1}

    def membership(self, channel: str, user_id: str, seq: int, own: int) -> dict[str, Any]:
        stamps = {"joined_at": MOMENT, "changed_seq": seq, "own_seq": own}
        return {"channel_id": channel, "user_id": user_id, "role": "member", **stamps}

    def cursor(self, channel: str, user_id: str, seq: int) -> dict[str, Any]:
        return {"channel_id": channel, "user_id": user_id, "last_read_seq": seq}

    def message(self, channel: str, author: str, seq: int, people: int) -> dict[str, Any]:
        sent = {"client_msg_id": str(uuid.uuid4()), "fingerprint": hashlib.sha256(str(seq).encode()).hexdigest()}
        place = {"id": new_id(), "channel_id": channel, "seq": seq, "changed_seq": seq, "posted": seq - people - 1}
        state = {"rev": 1, "kind": "user", "in_main_line": True, "reply_count": 0, "mentions_everyone": False}
        return {**place, **sent, **state, "user_id": author, "text": f"message {seq} " * 5, "created_at": MOMENT}

    # What is measured ------------------------------------------------------------------------------

    def asks(self, what: str, action: str, **payload: Any) -> dict[str, Any]:
        """Ask, and keep how long the answer took."""
        dispatch = self.app.extensions["chat"].dispatch
        with self.app.app_context():
            began = time.process_time()
            answer: dict[str, Any] = dispatch.perform(self.asker, action, payload).data
            self.times.setdefault(what, []).append((time.process_time() - began) * 1000)
        return answer

    def round(self, chance: random.Random) -> None:
        """What a person does: come, open a channel, leaf through its past, be away, come back; as the first to ask."""
        sync.latest_at.cache_clear()
        sync.changes_at.cache_clear()
        hello = self.asks("hello", "hello")
        assert len(hello["channels"]) == SOME
        opened = self.asks("opening a channel", "subscribe", channel_id=self.long)
        head = opened["seq"]
        assert len(opened["messages"]) == 50
        for _ in range(2):
            place = chance.randrange(AUTHORS + 60, head)
            page = self.asks("a page of history", "show_page", channel_id=self.long, before=place)
            assert len(page["messages"]) == 50
        cursors = {channel["id"]: channel["seq"] - 10 for channel in hello["channels"]}
        synced = self.asks("sync of 10 channels", "sync", cursors=cursors)
        assert sum(len(stream["events"]) for stream in synced["streams"].values()) == 10 * SOME


def measure() -> Report:
    """Three workspaces side by side, asked in turn, so that whatever else the machine does meets all of them."""
    report = Report("history")
    sys.stdout.write("Reading in small and large workspaces, in one process, without the wire\n")
    with tempfile.TemporaryDirectory() as folder:
        built = time.monotonic()
        small = Workspace(Path(folder) / "small", FEW, SOME)
        long = Workspace(Path(folder) / "long", MANY, SOME)
        wide = Workspace(Path(folder) / "wide", FEW, LOTS)
        report.add("building the databases", time.monotonic() - built, "s")
        report.add(
            "the one with 10⁶ messages", sum(file.stat().st_size for file in long.folder.iterdir()) / 2**20, "MB"
        )
        gc.collect()
        gc.freeze()  # as wsgi.py does
        chance = random.Random(1)
        for number in range(ROUNDS + 10):
            if number == 10:  # the first ones prepare what is made once
                for workspace in (small, long, wide):
                    workspace.times.clear()
            for workspace in (small, long, wide):
                workspace.round(chance)
        for what in small.times:
            figures(report, what, small, long, wide)
    return report


def figures(report: Report, what: str, small: Workspace, long: Workspace, wide: Workspace) -> None:
    """How long it takes in each, and how the large ones compare."""
    base = median(small.times[what])
    at_most = 10 if what == "opening a channel" else None
    report.add(f"{what}: 10⁴ messages, 10 channels, median", base, "ms")
    report.add(f"{what}: 10⁶ messages, median", median(long.times[what]), "ms")
    report.add(f"{what}: 10⁶ messages, p99", percentile(long.times[what], 0.99), "ms", at_most)
    report.add(f"{what}: 10⁴ channels, p99", percentile(wide.times[what], 0.99), "ms", at_most)
    report.add(f"{what}: 10⁶ messages to 10⁴", 100 * median(long.times[what]) / base, "%", 120)
    report.add(f"{what}: 10⁴ channels to 10", 100 * median(wide.times[what]) / base, "%", 120)
