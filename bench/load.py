"""A crowd of bare WebSocket connections, driven by one epoll: cheap enough that the server stays what is measured.

Every server of a comparison is driven by the same code over a `Dialect`. A delivery is counted by its frame's header
and its first bytes; only what must be read is decoded (acknowledgements, refusals, the first frames of a connection,
and the number in a text when deliveries are timed). Frames are masked with zeros, which is valid and costs nothing.
"""

from __future__ import annotations

import gc
import json
import os
import select
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Self

from bench.town import Inhabitant
from chat.client.ids import new_id

BUFFER = 1 << 18
PATIENCE = 60.0  # seconds; how long anything may take before the measurement counts as failed
QUIET = 0.3  # seconds to listen for what should not come
TEXT = 100  # characters of a message
UNNUMBERED = b'"text":"#'


class BenchError(Exception):
    """The server did not do what was asked: there is nothing to measure."""


@dataclass(frozen=True)
class Dialect:
    """What is said to a server, and what its frames begin with. The peers here all speak Parley's own."""

    path: str = "/socket.io/?EIO=4&transport=websocket"
    told: bytes = b'42["message",'
    greeting: bytes = b'42["hello",'
    ack: bytes = b"43"
    fine: bytes = b'"ok":true'
    subscribed: bytes = b"430["

    def upgrade(self, port: int) -> bytes:
        """The HTTP request that turns the connection into a WebSocket."""
        lines = (
            f"GET {self.path} HTTP/1.1",
            f"Host: 127.0.0.1:{port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Sec-WebSocket-Version: 13",
            "",
            "",
        )
        return "\r\n".join(lines).encode()

    def sign_in(self, token: str) -> bytes:
        """Join the namespace with a token."""
        return b"40" + json.dumps({"token": token}).encode()

    def subscribe(self, channel: str) -> bytes:
        """Begin to hear a channel; acknowledged as number 0."""
        return f'420["subscribe",{{"channel_id":"{channel}"}}]'.encode()

    def say(self, number: int, channel: str, text: str) -> bytes:
        """Send a message; acknowledged under this number."""
        body = f'{{"channel_id":"{channel}","client_msg_id":"{new_id()}","text":"{text}"}}'
        return f'42{number}["message",{body}]'.encode()


@dataclass(slots=True, eq=False)
class Line:
    """One connection of someone."""

    who: Inhabitant
    socket: socket.socket
    upgraded: bool = False
    ready: bool = False
    rest: bytes = b""


@dataclass
class Crowd:
    """All connections to one server. ``numbered``: note when each message reached each reader."""

    port: int
    dialect: Dialect = field(default_factory=Dialect)
    numbered: bool = False
    lines: list[Line] = field(default_factory=list)
    ready: int = 0
    delivered: int = 0
    other_events: int = 0
    acked: int = 0
    last_number: int = 0
    reached: list[tuple[int, float]] = field(default_factory=list)
    acks: list[tuple[int, float]] = field(default_factory=list)
    on_ack: Callable[[Line], None] | None = None

    def __post_init__(self) -> None:
        self._epoll = select.epoll()
        self._by_fd: dict[int, Line] = {}
        self._buffer = bytearray(BUFFER)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()

    # Coming and going ------------------------------------------------------------------------------

    def connect(self, people: Iterable[Inhabitant], at_once: int = 100) -> list[Line]:
        """Connect, sign in and subscribe each of them, so many at a time; their lines, all ready."""
        waiting, begun = list(people), []
        wanted = self.ready + len(waiting)
        waiting.reverse()
        end = time.monotonic() + PATIENCE + len(waiting) / 50
        while self.ready < wanted:
            while waiting and wanted - len(waiting) - self.ready < at_once:
                begun.append(self._begin(waiting.pop()))
            self.pump(0.5)
            if time.monotonic() > end:
                raise BenchError(f"only {self.ready} of {wanted} connections were ready in time")
        return begun

    def _begin(self, who: Inhabitant) -> Line:
        line = Line(who, socket.socket())
        line.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line.socket.connect(("127.0.0.1", self.port))
        line.socket.setblocking(False)
        self.lines.append(line)
        self._by_fd[line.socket.fileno()] = line
        self._epoll.register(line.socket.fileno(), select.EPOLLIN)
        line.socket.send(self.dialect.upgrade(self.port))
        return line

    def hang_up(self) -> None:
        """Close everything."""
        for line in self.lines:
            with suppress(OSError):
                line.socket.close()
        self._epoll.close()
        self._by_fd.clear()
        self.lines.clear()

    # Talking ---------------------------------------------------------------------------------------

    def say(self, line: Line) -> int:
        """Send a message to the room of whoever is on this line; its number."""
        self.last_number += 1
        text = f"#{self.last_number} ".ljust(TEXT, "x")
        self._write(line, self.dialect.say(self.last_number, line.who.room, text))
        return self.last_number

    def _write(self, line: Line, payload: bytes) -> None:
        data = frame(payload)
        if line.socket.send(data) != len(data):
            raise BenchError("the server does not read what is sent to it")

    # Listening -------------------------------------------------------------------------------------

    def pump(self, timeout: float) -> None:
        """Take what arrived, waiting for it so many seconds at most."""
        lines, read = self._by_fd, self._read
        for fd, _ in self._epoll.poll(timeout):
            read(lines[fd])

    def pump_until(self, true: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
        """Take what arrives until something is true."""
        end = time.monotonic() + patience
        while not true():
            self.pump(0.5)
            if time.monotonic() > end:
                raise BenchError(f"{what} did not happen within {patience:g} s")

    def settle(self, delivered: int, acked: int) -> None:
        """Wait until so much was delivered and acknowledged since the beginning."""
        self.pump_until(
            lambda: self.delivered >= delivered and self.acked >= acked,
            f"that {delivered:,} deliveries and {acked:,} acknowledgements arrive",
        )

    def demand_quiet(self, delivered: int, acked: int) -> None:
        """Listen a little longer: nothing more may come."""
        end = time.monotonic() + QUIET
        while time.monotonic() < end:
            self.pump(QUIET)
        if (self.delivered, self.acked) != (delivered, acked):
            raise BenchError(f"{self.delivered:,} deliveries, {self.acked:,} acks; {delivered:,}, {acked:,} were due")

    def _read(self, line: Line) -> None:
        buffer = self._buffer
        try:
            size = line.socket.recv_into(buffer)
        except BlockingIOError:
            return
        if not size:
            raise BenchError(f"the server hung up on a connection{'' if line.ready else ' that was not ready'}")
        if line.rest:
            data: bytes | bytearray = line.rest + buffer[:size]
            line.rest, size = b"", len(data)
        else:
            data = buffer
        start = 0 if line.upgraded else self._read_head(line, data, size)
        if start < size:
            self._read_frames(line, data, start, size)

    def _read_head(self, line: Line, data: bytes | bytearray, size: int) -> int:
        """Pass over the HTTP answer to the upgrade; where the frames begin."""
        end = data.find(b"\r\n\r\n", 0, size)
        if end < 0:
            line.rest = bytes(data[:size])
            return size
        if b" 101 " not in data[:20]:
            raise BenchError(f"no WebSocket: {bytes(data[: min(size, 200)])!r}")
        line.upgraded = True
        return end + 4

    def _read_frames(self, line: Line, data: bytes | bytearray, at: int, end: int) -> None:
        told = self.dialect.told
        while end - at >= 2:
            size = data[at + 1]
            start = at + 2
            if size == 126:
                start = at + 4
                if start > end:
                    break
                size = data[at + 2] << 8 | data[at + 3]
            elif size == 127:
                start = at + 10
                if start > end:
                    break
                size = int.from_bytes(data[at + 2 : start], "big")
            stop = start + size
            if stop > end:
                break
            if data.startswith(told, start):
                self.delivered += 1
                if self.numbered:
                    self._note(data, start, stop)
            else:
                self._take(line, data[at] & 15, bytes(data[start:stop]))
            at = stop
        if at < end:
            line.rest = bytes(data[at:end])

    def _note(self, data: bytes | bytearray, start: int, stop: int) -> None:
        digits = data.find(UNNUMBERED, start, stop) + len(UNNUMBERED)
        self.reached.append((int(data[digits : data.find(b" ", digits, stop)]), time.perf_counter()))

    def _take(self, line: Line, opcode: int, payload: bytes) -> None:
        """Anything but a delivery."""
        dialect = self.dialect
        if payload.startswith(dialect.ack):
            self._take_ack(line, payload)
        elif payload == b"2":
            self._write(line, b"3")
        elif payload.startswith(b"0"):
            self._write(line, dialect.sign_in(line.who.token))
        elif payload.startswith(dialect.greeting):
            self._write(line, dialect.subscribe(line.who.room))
        elif opcode == 8 or payload.startswith((b"41", b"44")):
            raise BenchError(f"the server refused or closed a connection: {payload[:200]!r}")
        elif not payload.startswith(b"40"):
            self.other_events += 1

    def _take_ack(self, line: Line, payload: bytes) -> None:
        if self.dialect.fine not in payload[:40]:
            raise BenchError(f"refused: {payload[:300]!r}")
        if not line.ready and payload.startswith(self.dialect.subscribed):
            line.ready = True
            self.ready += 1
            return
        self.acked += 1
        if self.numbered:
            self.acks.append((int(payload[2 : payload.index(b"[")]), time.perf_counter()))
        if self.on_ack:
            self.on_ack(line)


def frame(payload: bytes) -> bytes:
    """A text frame of a client, masked with zeros."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, 0x80 | size, 0, 0, 0, 0)) + payload
    return bytes((0x81, 0xFE, size >> 8, size & 255, 0, 0, 0, 0)) + payload


# Where processes run ----------------------------------------------------------------------------------

# On Linux; elsewhere processes cannot be told where to run, and nothing is compared.
CORES: Sequence[int] = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else (0,)
SERVER_CORE, LOAD_CORE = CORES[0], CORES[-1]


@contextmanager
def on_the_servers_core() -> Iterator[None]:
    """What is started meanwhile runs on the servers' core, and so do its children."""
    os.sched_setaffinity(0, {SERVER_CORE})
    try:
        yield
    finally:
        os.sched_setaffinity(0, set(CORES))


@contextmanager
def loading() -> Iterator[None]:
    """This process makes the load, alone on its core, without collecting garbage meanwhile."""
    os.sched_setaffinity(0, {LOAD_CORE})
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        os.sched_setaffinity(0, set(CORES))
