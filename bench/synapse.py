"""A real chat server, Matrix Synapse, for what can be compared with it: its own protocol, people and rooms.

People hear by long-polling `/sync` and speak by `PUT …/send`, each over a connection of its own, as Matrix clients do.
"""

from __future__ import annotations

import json
import re
import secrets
import select
import socket
import subprocess
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from bench.load import TEXT, BenchError, Crowd, Line
from bench.servers import PEERS, Peer
from bench.town import Inhabitant

BIN = PEERS / ".venv" / "bin"
API = "/_matrix/client/v3"
FAST = {"per_second": 1_000_000, "burst_count": 1_000_000}
NONE: dict[str, list[str]] = {"types": []}
# Only what is said, and as much of it as may pile up between two polls.
FILTER = {
    "presence": NONE,
    "account_data": NONE,
    "room": {
        "state": NONE,
        "ephemeral": NONE,
        "account_data": NONE,
        "timeline": {"types": ["m.room.message"], "limit": 1000},
    },
}
SYNC = f"{API}/sync?timeout=30000&filter={quote(json.dumps(FILTER, separators=(',', ':')))}"
SAID = re.compile(rb'"body":"#(\d+) ')
NEXT = re.compile(rb'"next_batch":"([^"]+)"')


class Synapse(Peer):
    """Matrix Synapse with SQLite, as pip installs it: WAL, synchronous=FULL. No federation, presence or rate limits."""

    name = "Synapse"
    most_rounds = 1  # its people take a minute to settle in

    def command(self, database: Path) -> list[str]:
        return [str(BIN / "python"), "-m", "synapse.app.homeserver", "-c", str(self.folder / "homeserver.yaml")]

    def start(self) -> None:
        (self.folder / "log.yaml").write_text(json.dumps({"version": 1, "root": {"level": "WARNING"}}))
        (self.folder / "homeserver.yaml").write_text(json.dumps(self.settings()))  # JSON is YAML
        made = subprocess.run([*self.command(self.folder), "--generate-keys"], capture_output=True, text=True)
        if made.returncode:
            sys.exit(f"Synapse is not installed for the bench; python3 dev.py bench brings it.\n{made.stderr}")
        self.launch(self.folder / "homeserver.db")
        self.tokens: dict[str, str] = {}
        self.rooms: dict[str, str] = {}
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(self.settle_room, self.town.rooms.items()))

    def settings(self) -> dict[str, Any]:
        """Everything local and nothing slowed down."""
        everywhere = ("rc_message", "rc_registration", "rc_joins_per_room")
        return {
            "server_name": "bench",
            "listeners": [
                {"port": self.port, "type": "http", "bind_addresses": ["127.0.0.1"]}
                | {"resources": [{"names": ["client"]}]}
            ],
            "database": {"name": "sqlite3", "args": {"database": str(self.folder / "homeserver.db")}},
            "media_store_path": str(self.folder / "media"),
            "signing_key_path": str(self.folder / "signing.key"),
            "pid_file": str(self.folder / "homeserver.pid"),
            "log_config": str(self.folder / "log.yaml"),
            "macaroon_secret_key": secrets.token_hex(),
            "form_secret": secrets.token_hex(),
            "report_stats": False,
            "trusted_key_servers": [],
            "enable_registration": True,
            "enable_registration_without_verification": True,
            "bcrypt_rounds": 4,
            "presence": {"enabled": False},
            **dict.fromkeys(everywhere, FAST),
            "rc_login": {"address": FAST, "account": FAST},
            "rc_joins": {"local": FAST, "remote": FAST},
        }

    def settle_room(self, room: tuple[str, list[Inhabitant]]) -> None:
        """Sign everyone of a room up, open it and let them in."""
        name, people = room
        with requests.Session() as http:
            for who in people:
                body = {"username": who.username, "password": who.token, "auth": {"type": "m.login.dummy"}}
                self.tokens[who.id] = self.ask(http, "", "/register", body)["access_token"]
            host, *others = (self.tokens[who.id] for who in people)
            self.rooms[name] = self.ask(http, host, "/createRoom", {"preset": "public_chat"})["room_id"]
            for token in others:
                self.ask(http, token, f"/join/{quote(self.rooms[name])}", {})

    def ask(self, http: requests.Session, token: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """One call of its API."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        answer = http.post(f"http://127.0.0.1:{self.port}{API}{path}", json=body, headers=headers, timeout=60)
        answer.raise_for_status()
        return dict(answer.json())

    @staticmethod
    def is_there() -> bool:
        return (BIN / "synapse_homeserver").exists()

    def crowd(self, *, numbered: bool = False) -> Crowd:
        return MatrixCrowd(self.port, numbered=numbered, server=self)

    @staticmethod
    def versions() -> dict[str, str]:
        names = "('matrix-synapse', 'twisted')"
        words = "import sqlite3; from importlib.metadata import version; from platform import python_version\n"
        words += "print(f'Python {python_version()}, SQLite {sqlite3.sqlite_version}',"
        words += f" *(f'{{name}} {{version(name)}}' for name in {names}), sep=', ')"
        return {"Synapse": subprocess.run([BIN / "python", "-c", words], capture_output=True, text=True).stdout.strip()}


@dataclass(slots=True, eq=False)
class Talk(Line):
    """The connection over which someone speaks, one message after the other."""

    listener: Line | None = None
    asked: int | None = None
    waiting: deque[int] = field(default_factory=deque)


@dataclass
class MatrixCrowd(Crowd):
    """The crowd, speaking Matrix: a line that listens for each person, and one to talk."""

    server: Synapse | None = None
    talks: dict[int, Talk] = field(default_factory=dict)

    def _begin(self, who: Inhabitant) -> Line:
        line = Line(who, self._open())
        self.lines.append(line)
        talk = self.talks[id(line)] = Talk(who, self._open(), listener=line)
        for each in (line, talk):
            self._by_fd[each.socket.fileno()] = each
            self._epoll.register(each.socket.fileno(), select.EPOLLIN)
        self._ask(line, "GET", SYNC.replace("timeout=30000", "timeout=0"))
        return line

    def _open(self) -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self.port))
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.setblocking(False)
        return opened

    def _ask(self, line: Line, method: str, path: str, body: bytes = b"") -> None:
        assert self.server
        token = self.server.tokens[line.who.id]
        head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n"
        data = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
        if line.socket.send(data) != len(data):
            raise BenchError("the server does not read what is sent to it")

    def say(self, line: Line) -> int:
        self.last_number += 1
        talk = self.talks[id(line)]
        talk.waiting.append(self.last_number)
        if talk.asked is None:
            self._say_next(talk)
        return self.last_number

    def _say_next(self, talk: Talk) -> None:
        assert self.server
        talk.asked = number = talk.waiting.popleft()
        body = json.dumps({"msgtype": "m.text", "body": f"#{number} ".ljust(TEXT, "x")}).encode()
        room = quote(self.server.rooms[talk.who.room])
        self._ask(talk, "PUT", f"{API}/rooms/{room}/send/m.room.message/{number}", body)

    def _read(self, line: Line) -> None:
        try:
            data = line.socket.recv(1 << 18)
        except BlockingIOError:
            return
        if not data:
            raise BenchError("the server hung up on a connection")
        line.rest += data
        body = complete_body(line.rest)
        if body is None:
            return
        if b" 200 " not in line.rest[:20]:
            raise BenchError(f"refused: {line.rest[:500]!r}")
        line.rest = b""
        if isinstance(line, Talk):
            self._answered(line)
        else:
            self._heard(line, body)

    def _answered(self, talk: Talk) -> None:
        assert talk.listener
        assert talk.asked
        self.acked += 1
        if self.numbered:
            self.acks.append((talk.asked, time.perf_counter()))
        talk.asked = None
        if talk.waiting:
            self._say_next(talk)
        if self.on_ack:
            self.on_ack(talk.listener)

    def _heard(self, line: Line, body: bytes) -> None:
        moment = time.perf_counter()
        numbers = SAID.findall(body)
        self.delivered += len(numbers)
        if self.numbered:
            self.reached += [(int(number), moment) for number in numbers]
        if not line.ready:
            line.ready = True
            self.ready += 1
        since = NEXT.search(body)
        if not since:
            raise BenchError(f"no next_batch: {body[:200]!r}")
        self._ask(line, "GET", f"{SYNC}&since={since[1].decode()}")

    def hang_up(self) -> None:
        for talk in self.talks.values():
            with suppress(OSError):
                talk.socket.close()
        super().hang_up()


def complete_body(data: bytes) -> bytes | None:
    """The body of an HTTP answer, once it is all there."""
    head, parted, rest = data.partition(b"\r\n\r\n")
    if not parted:
        return None
    if b"chunked" not in head:
        length = re.search(rb"(?i)content-length: (\d+)", head)
        return rest if length and len(rest) >= int(length[1]) else None
    if not rest.endswith(b"0\r\n\r\n"):
        return None
    parts: list[bytes] = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length_of_part = int(size, 16)
        if not length_of_part:
            return b"".join(parts)
        if len(rest) < length_of_part + 2:
            return None
        parts.append(rest[:length_of_part])
        rest = rest[length_of_part + 2 :]
    return None
