"""The servers that are compared: Parley as it is run, and peers that do the same job, each in a process of its own."""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from sqlalchemy import create_engine
from sqlalchemy.orm import Session as Rows

from bench.load import Crowd, on_the_servers_core
from bench.town import Town
from chat.basics import new_id, now
from chat.models import Channel, Deployment, Membership, ReadCursor, Session, Stream, User
from tests.support import ROOT, Server, free_port

PEERS = ROOT / "bench" / "peers"
ON_DISK = ROOT / "instance"  # the temporary folder may be in memory, where a commit costs nothing
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass
class Contender(ABC):
    """One server with its data in a folder. ``name`` is its column in the tables."""

    folder: Path
    town: Town
    port: int = field(default_factory=free_port)

    name: ClassVar[str]
    most_rounds: ClassVar[int | None] = None  # in which it is measured, if that is dear

    @abstractmethod
    def start(self) -> None:
        """Start it with everyone of the town in it, and wait until it answers."""

    @abstractmethod
    def stop(self) -> None:
        """Stop it."""

    @abstractmethod
    def pids(self) -> list[int]:
        """The processes that do the work."""

    @staticmethod
    @abstractmethod
    def versions() -> dict[str, str]:
        """What it consists of."""

    @staticmethod
    def is_there() -> bool:
        """Whether it is installed."""
        return True

    def crowd(self, *, numbered: bool = False) -> Crowd:
        """The people who connect to it; ``numbered``: to note when each message reaches each of them."""
        return Crowd(self.port, numbered=numbered)

    def cpu(self) -> float:
        """Seconds of processor time it has used so far, user and system together."""
        return sum(cpu_of(pid) for pid in self.pids())

    def cpu_beside(self) -> float:
        """Seconds of processor time of what works for it, such as a database that is a process of its own."""
        return 0.0

    def memory(self) -> int:
        """Bytes of memory it holds (resident set)."""
        return sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE for pid in self.pids())


class Watch:
    """What a stretch of a measurement took: of the clock, of the server's processor time, and of the load's own."""

    def __init__(self, server: Contender) -> None:
        self._server, self._began = server, time.monotonic()
        self._cpu, self._own = server.cpu(), time.process_time()

    def stop(self) -> None:
        """The stretch is over."""
        self.seconds = time.monotonic() - self._began
        self.cpu = self._server.cpu() - self._cpu
        self.busy = self.cpu / self.seconds * 100  # % of a core
        self.load_busy = (time.process_time() - self._own) / self.seconds * 100


def cpu_of(pid: int) -> float:
    """Seconds of processor time of one process, all its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


class Parley(Contender):
    """`chat run`, with nothing left out but the limits that would refuse a crowd from one address."""

    name = "Parley"

    def start(self) -> None:
        self.server = Server(self.folder, port=self.port)
        with on_the_servers_core():
            self.server.start()
        settle_in_parley(self.server.address, self.town)

    def stop(self) -> None:
        self.server.stop()

    def pids(self) -> list[int]:
        return self.server.workers()

    @staticmethod
    def versions() -> dict[str, str]:
        return {"Parley": with_python("python-socketio", "python-engineio", "eventlet", "gunicorn", "sqlalchemy")}


class Peer(Contender):
    """A program in peers/ with the tables of schema.sql."""

    process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def command(self, database: Path) -> list[str]:
        """How it is started."""

    def start(self) -> None:
        database = self.folder / "peer.db"
        settle_in_peer(database, self.town)
        self.launch(database)

    def launch(self, database: Path) -> None:
        """Start its process, and wait until it answers."""
        with on_the_servers_core(), (self.folder / "peer.log").open("ab") as log:
            self.process = subprocess.Popen(self.command(database), cwd=PEERS, stdout=log, stderr=log)
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                over = time.monotonic() > end or (self.process and self.process.poll() is not None)
                if over:
                    sys.exit(f"{self.name} did not start:\n{(self.folder / 'peer.log').read_text()}")
                time.sleep(0.05)

    def stop(self) -> None:
        if self.process:
            self.process.terminate()
            self.process.wait(30)

    def pids(self) -> list[int]:
        assert self.process
        return [self.process.pid]


class Stock(Peer):
    """Stock python-socketio on eventlet."""

    name = "stock"

    def command(self, database: Path) -> list[str]:
        quiet = ["-W", r"ignore:\s*Eventlet is deprecated"]
        return [sys.executable, *quiet, "stock_peer.py", str(database), str(self.port)]

    @staticmethod
    def versions() -> dict[str, str]:
        return {"stock": with_python("python-socketio", "python-engineio", "eventlet")}


class Node(Peer):
    """Socket.IO on Node with node:sqlite."""

    name = "Node"

    def command(self, database: Path) -> list[str]:
        return [find_node(), "--no-warnings", "--experimental-sqlite", "node_peer.mjs", str(database), str(self.port)]

    @staticmethod
    def versions() -> dict[str, str]:
        words = "'node ' + process.versions.node + ', SQLite ' + process.versions.sqlite"
        itself = subprocess.run([find_node(), "-p", words], capture_output=True, text=True).stdout.strip()
        packages = [f"{name} {version_in_peers(name)}" for name in ("socket.io", "engine.io", "ws")]
        return {"Node": ", ".join([itself, *packages])}


def with_python(*packages: str) -> str:
    """The versions of this Python, its SQLite and some packages."""
    itself = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    return ", ".join([itself, *(f"{name} {version(name)}" for name in packages)])


def find_node() -> str:
    """A Node that has node:sqlite: the one in .venv, or the machine's."""
    own = Path(sys.executable).parent / "node"
    found = str(own) if own.exists() else shutil.which("node")
    if not found:
        sys.exit("There is no Node; python3 dev.py bench brings one.")
    # What is on PATH may be a script that starts the program, whose time and memory would be measured instead.
    return subprocess.run([found, "-p", "process.execPath"], capture_output=True, text=True).stdout.strip()


def version_in_peers(package: str) -> str:
    """Which version of an npm package is installed for the peers."""
    path = PEERS / "node_modules" / package / "package.json"
    if not path.exists():
        sys.exit("The peers' npm packages are not installed; python3 dev.py bench brings them.")
    return str(json.loads(path.read_text())["version"])


@contextmanager
def running(kind: type[Contender], town: Town) -> Iterator[Contender]:
    """One of the servers, started with this town, stopped at the end and its data thrown away."""
    ON_DISK.mkdir(exist_ok=True)
    with TemporaryDirectory(prefix="parley-bench-", dir=ON_DISK) as folder:
        contender = kind(Path(folder), town)
        try:
            contender.start()
            yield contender
        finally:
            contender.stop()


# Settling in ------------------------------------------------------------------------------------------


def settle_in_parley(address: str, town: Town) -> None:
    """Write the town straight into Parley's tables, as if everyone had signed up, joined and made a token."""
    engine = create_engine(address)
    moment = now()
    with Rows(engine) as rows:
        rows.get_one(Deployment, 1).accounts += sum(1 for _ in town.people)
        people = [
            {"id": who.id, "username": who.username, "display_name": who.username.title(), "password_hash": "!"}
            for who in town.people
        ]
        streams = [{"id": person["id"], "seq": 1} for person in people]
        streams += [{"id": room, "seq": 1 + len(members)} for room, members in town.rooms.items()]
        insert = rows.bulk_insert_mappings
        insert(Stream, streams)
        insert(User, [{**person, "created_at": moment} for person in people])
        named = enumerate(town.rooms.items())
        insert(
            Channel,
            [
                {"id": room, "kind": "private", "name": f"room-{n}", "name_key": f"room-{n}", "changed_seq": 1}
                | {"created_by": members[0].id, "created_at": moment}
                for n, (room, members) in named
            ],
        )
        members = [
            {"channel_id": who.room, "user_id": who.id, "joined_at": moment, "changed_seq": number, "own_seq": 1}
            for people in town.rooms.values()
            for number, who in enumerate(people, 2)
        ]
        insert(Membership, members)
        cursors = [{"channel_id": who.room, "user_id": who.id, "last_read_seq": 0} for who in town.people]
        insert(ReadCursor, cursors)
        insert(
            Session,
            [
                {"id": new_id(), "secret_hash": who.secret_hash, "user_id": who.id, "kind": "token", "name": "bench"}
                | {"created_at": moment, "last_seen_at": moment}
                for who in town.people
            ],
        )
        rows.commit()
    engine.dispose()


def settle_in_peer(database: Path, town: Town) -> None:
    """The same town in the peers' tables."""
    with sqlite3.connect(database) as db:
        db.executescript((PEERS / "schema.sql").read_text())
        db.executemany("INSERT INTO users (id, username) VALUES (?, ?)", [(p.id, p.username) for p in town.people])
        db.executemany(
            "INSERT INTO sessions (id, secret_hash, user_id) VALUES (?, ?, ?)",
            [(new_id(), p.secret_hash, p.id) for p in town.people],
        )
        db.executemany(
            "INSERT INTO channels (id, name) VALUES (?, ?)", [(room, f"room-{n}") for n, room in enumerate(town.rooms)]
        )
        pairs = [(p.room, p.id) for p in town.people]
        db.executemany("INSERT INTO memberships (channel_id, user_id) VALUES (?, ?)", pairs)
        db.executemany("INSERT INTO read_cursors VALUES (?, ?, 0)", pairs)
    db.close()
