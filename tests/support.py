"""What the tests are told with: a real server process, people who sign in, and their open connections."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
import weakref
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import engineio
import requests
import socketio
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from config import database_url

ROOT = Path(__file__).resolve().parent.parent
Database = Callable[[], str]  # makes a new, empty database: its DATABASE_URL; empty means SQLite in the server's folder
PASSWORD = "correct horse battery"
QUIETLY = ["-W", r"ignore:\s*Eventlet is deprecated"]
# What `chat run` becomes when it has prepared everything, and what a service manager starts.
GUNICORN = ["-c", "python:chat.realtime.gunicorn_conf", "wsgi:app"]
PATIENCE = 10.0  # seconds; how long something may take on a busy machine before it counts as not happening


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(true: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """Wait for something to come true, and give what it came to."""
    end = time.monotonic() + patience
    while True:
        if found := true():
            return found
        if time.monotonic() > end:
            raise AssertionError(f"did not happen within {patience} s: {getattr(true, '__doc__', None) or true}")
        time.sleep(0.01)


@cache
def new_database() -> Path:
    """A database on SQLite with its tables and nothing in them, for new servers to begin with a copy of."""
    folder = Path(mkdtemp(prefix="parley-"))
    atexit.register(shutil.rmtree, folder)
    made = Server(folder).chat("db", "upgrade")
    assert made.returncode == 0, made.stderr
    return folder / "chat.db"


@cache
def version_of(file: Path) -> list[tuple[Any, ...]]:
    """Up to which migration a database on SQLite was brought."""
    return Server(file.parent).sql("SELECT version_num FROM alembic_version")


@dataclass
class Server:
    """A real server in a process of its own, with its own data, on its own loopback port."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    database: str = ""  # its DATABASE_URL; empty: SQLite in its folder
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_file(self) -> Path:
        return self.folder / "server.log"

    @property
    def address(self) -> str:
        """Where its data lies, as SQLAlchemy has it."""
        return database_url({"DATABASE_URL": self.database, "DATA_DIR": self.folder})

    @property
    def environ(self) -> dict[str, str]:
        own = {"DATA_DIR": str(self.folder), "HOST": "127.0.0.1", "PORT": str(self.port)}
        # One address is everybody here, and tests talk faster than people.
        own |= {"RATE_LIMITS": "off", "CONNECTIONS_PER_ADDRESS": "0", "CONNECTIONS_PER_USER": "0"}
        unset = {"DATABASE_URL", "SECRET_KEY", "PUBLIC_URL", "REGISTRATION", "ASYNC_MODE", "CHAT_FAILPOINTS"}
        own |= {"DATABASE_URL": self.database} if self.database else {}
        unset |= {"REDIS_URL", "WEB_CONCURRENCY"}
        return {**{k: v for k, v in os.environ.items() if k not in unset}, **own, **self.settings}

    def start(self) -> Server:
        """Start it, and wait until it answers: by `chat run`, or in half the time where that has nothing to prepare."""
        command = ["gunicorn", *GUNICORN] if self.is_prepared() else ["chat.cli", "run"]
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *QUIETLY, "-m", *command], cwd=ROOT, env=self.environ, stdout=log, stderr=log
            )
        until(self.is_ready, 60)
        return self

    def is_prepared(self) -> bool:
        """Whether its database has today's tables: a new one on SQLite gets them here. Never of one that others can
        reach: its start greets the owner with an invitation."""
        if "PUBLIC_URL" in self.settings:
            return False
        file, tables = self.folder / "chat.db", new_database()
        if not self.database and not file.exists():
            shutil.copy(tables, file)
        try:
            return self.sql("SELECT version_num FROM alembic_version") == version_of(tables)
        except SQLAlchemyError:
            return False

    def is_ready(self) -> bool:
        """the server answers"""
        if self.process and self.process.poll() is not None:
            raise AssertionError(f"the server ended with {self.process.returncode}:\n{self.log_file.read_text()}")
        with socket.socket() as probe:  # much cheaper than a request that nobody takes
            if probe.connect_ex(("127.0.0.1", self.port)):
                return False
        try:
            return requests.get(f"{self.url}/readyz", timeout=5).ok
        except requests.RequestException:
            return False

    def workers(self) -> list[int]:
        """The process ids of gunicorn's workers, found under their master."""
        assert self.process
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in children]

    def kill(self) -> None:
        """Kill it with everything it runs, as a power cut would."""
        assert self.process
        for pid in [self.process.pid, *self.workers()]:
            os.kill(pid, signal.SIGKILL)
        self.process.wait(PATIENCE)
        self.process = None

    def stop(self) -> None:
        """Stop it as an operator would."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE + 30)
        self.process = None

    def chat(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a `chat` command on this server's data."""
        command = [sys.executable, "-m", "chat.cli", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environ, capture_output=True, text=True, timeout=120)

    def sql(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """Ask its database, or arrange in it what no door can arrange: behind the server's back."""
        with create_engine(self.address, poolclass=NullPool).begin() as connection:
            done = connection.execute(text(statement), values)
            return [tuple(row) for row in done] if done.returns_rows else []

    def log(self) -> str:
        """Everything it printed."""
        return self.log_file.read_text()

    # People ----------------------------------------------------------------------------------------

    def stranger(self, name: str) -> Person:
        """Someone who has not signed up yet."""
        return Person(self, name)

    def owner(self) -> Person:
        """The person who owns the workspace; signs up unless an earlier test on the same server did."""
        person = Person(self, "owner")
        person.sign_up()
        return person.sign_in()

    def person(self, name: str, invited_by: Person | None = None) -> Person:
        """Someone new with a name of their own, invited, signed up and signed in."""
        inviter = invited_by or self.owner()
        invite = inviter.post("/invites", {}).data["invite"]
        person = Person(self, f"{name}-{uuid.uuid4().hex[:8]}")
        person.sign_up(invite).expect(201)
        return person.sign_in()


@dataclass
class Reply:
    """What was answered, over whichever door: an HTTP status, and data or an error."""

    status: int
    data: dict[str, Any]
    error: dict[str, Any] | None = None

    @property
    def code(self) -> str:
        """``ok``, or the error's code."""
        return self.error["code"] if self.error else "ok"

    def expect(self, status: int = 200) -> Reply:
        """Insist on a status, and show the answer when it is another."""
        assert self.status == status, (self.status, self.error or self.data)
        return self


@dataclass
class Person:
    """Someone with a browser's session (cookie and CSRF token) and, for their programs, a token."""

    server: Server
    username: str
    id: str = ""
    http: requests.Session = field(default_factory=requests.Session)
    _token: str = ""

    def __post_init__(self) -> None:
        # Else the collector finds its sockets open, in whatever test runs by then.
        weakref.finalize(self, self.http.close)

    def sign_up(self, invite: str | None = None) -> Reply:
        body = {"username": self.username, "display_name": self.username.title(), "password": PASSWORD}
        return self.post("/users", {**body, "invite": invite} if invite else body)

    def sign_in(self) -> Person:
        reply = self.post("/session", {"login": self.username, "password": PASSWORD}).expect(200)
        self.http.headers["X-CSRF-Token"] = reply.data["csrf_token"]
        self.id = reply.data["user"]["id"]
        return self

    @property
    def token(self) -> str:
        """A bearer token, made when it is first needed."""
        self._token = self._token or self.post("/tokens", {"name": "test"}).expect(201).data["token"]
        return self._token

    # REST --------------------------------------------------------------------------------------------

    def ask(self, method: str, path: str, body: Any = None, **options: Any) -> Reply:
        response = self.http.request(method, f"{self.server.url}/api/v1{path}", json=body, timeout=30, **options)
        data = response.json()
        return Reply(response.status_code, data, data.get("error"))

    def get(self, path: str, **query: Any) -> Reply:
        return self.ask("GET", path, params=query)

    def post(self, path: str, body: Any = None) -> Reply:
        return self.ask("POST", path, {} if body is None else body)

    def put(self, path: str, body: Any = None) -> Reply:
        return self.ask("PUT", path, {} if body is None else body)

    def patch(self, path: str, body: Any) -> Reply:
        return self.ask("PATCH", path, body)

    def delete(self, path: str) -> Reply:
        return self.ask("DELETE", path)

    # What people do, in a word ------------------------------------------------------------------------

    def opens(self, kind: str = "public", *members: Person, name: str = "") -> str:
        """Open a channel with these people in it; its id."""
        name = name or f"{kind}-{uuid.uuid4().hex[:8]}"
        channel_id = self.post("/channels", {"name": name, "kind": kind}).expect(201).data["channel"]["id"]
        for member in members:
            self.adds(channel_id, member)
        return channel_id

    def talks_to(self, *others: Person) -> str:
        """The conversation with these people; its id."""
        return self.post("/dms", {"user_ids": [other.id for other in others]}).data["channel"]["id"]

    def adds(self, channel_id: str, other: Person) -> Reply:
        return self.post(f"/channels/{channel_id}/members", {"user_id": other.id}).expect(201)

    def joins(self, channel_id: str) -> Reply:
        return self.post(f"/channels/{channel_id}/members", {"user_id": self.id})

    def removes(self, channel_id: str, other: Person) -> Reply:
        return self.delete(f"/channels/{channel_id}/members/{other.id}")

    def says(self, channel_id: str, text: str, **more: Any) -> dict[str, Any]:
        """Send a message over REST; the message."""
        body = {"client_msg_id": str(uuid.uuid4()), "text": text, **more}
        return self.post(f"/channels/{channel_id}/messages", body).expect(201).data["message"]

    def connect(self, **options: Any) -> Phone:
        """Open a live connection and wait for its hello."""
        return Phone(self, **options)


class InOrder(engineio.Client):
    """Hands messages on in the order of their coming; the stock one gives each a thread, and one overtakes another."""

    def _trigger_event(self, event: str, *arguments: Any, run_async: bool = False, **options: Any) -> Any:
        return super()._trigger_event(event, *arguments, run_async=run_async and event != "message", **options)


class StockClient(socketio.Client):
    """The stock client, but for that."""

    def _engineio_client_class(self) -> type[engineio.Client]:
        return InOrder


class Phone:
    """A live connection of someone, by the stock python-socketio client; remembers everything it was told."""

    def __init__(
        self, person: Person, *, transports: tuple[str, ...] = ("websocket",), http: requests.Session | None = None
    ) -> None:
        self.person = person
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.disconnected = threading.Event()
        self.client = StockClient(reconnection=False, http_session=http)
        self.client.on("*", lambda name, *arguments: self.told.append((name, *arguments)))
        self.client.on("disconnect", lambda *_: self.disconnected.set())
        self.client.connect(
            person.server.url, auth={"token": person.token}, transports=list(transports), wait_timeout=PATIENCE
        )
        self.hello = self.hears("hello")

    def asks(self, action: str, payload: Any = None, timeout: float = PATIENCE) -> Reply:
        """Ask an action and wait for the acknowledgement."""
        answer = self.client.call(action, payload, timeout=timeout)
        if answer.get("ok") is True:
            return Reply(200, answer["data"])
        return Reply(0, {}, answer["error"])

    def looks_at(self, channel_id: str, **more: Any) -> dict[str, Any]:
        """Subscribe to a channel; the answer."""
        return self.asks("subscribe", {"channel_id": channel_id, **more}).expect(200).data

    def sends(self, channel_id: str, text: str, **more: Any) -> Reply:
        """Send a message."""
        body = {"channel_id": channel_id, "client_msg_id": str(uuid.uuid4()), "text": text}
        return self.asks("message", {**body, **more})

    def events(self, name: str) -> list[dict[str, Any]]:
        """What it was told under this name so far."""
        return [payload for told, payload in list(self.told) if told == name]

    def hears(self, name: str, that: Callable[[dict[str, Any]], Any] = lambda _: True) -> dict[str, Any]:
        """Wait for an event of this name about which ``that`` holds."""
        try:
            return until(lambda: next((payload for payload in self.events(name) if that(payload)), None))
        except AssertionError:
            raise AssertionError(f"{self.person.username} did not hear {name}; told: {self.told}") from None

    def hangs_up(self) -> None:
        self.client.disconnect()
