"""Thousands of bare clients in one thread: they call, join, ask one thing if they have one to ask, and answer pings."""

from __future__ import annotations

import json
import resource
import selectors
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import random
from typing import Literal

from tests.faults.frames import TEXT_IN_ONE, end_of_frame, frame_at

UNLIMITED = {"CONNECTIONS_PER_ADDRESS": "0", "CONNECTIONS_PER_USER": "0", "RATE_LIMITS": "off"}  # a server's settings
CHUNK = 262_144
PING, CLOSE = 0x89, 0x88
LOOK_EVERY = 0.05
COME_BACK = 1.0  # at most so many seconds after having been turned away
HANDSHAKE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    b"Connection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
State = Literal["calling", "opening", "joining", "asking", "in", "gone"]


@dataclass(eq=False, slots=True)
class Caller:
    """One of them. ``question``: an event as it stands in a frame, asked right after hello; it is in when answered."""

    line: socket.socket
    token: str
    question: str = ""
    state: State = "calling"
    heard: bytes = b""

    def sends(self, text: str) -> None:
        self.line.send(masked(text.encode()))


class Callers:
    """All of them on one selector. ``told`` hears every other frame of those who are in."""

    def __init__(self, port: int, told: Callable[[Caller, str], None] = lambda caller, text: None) -> None:
        self.port, self.told = port, told
        self.everyone: list[Caller] = []
        self.selector = selectors.DefaultSelector()

    def count(self, state: State) -> int:
        return sum(caller.state == state for caller in self.everyone)

    def call(self, token: str, question: str = "") -> Caller:
        """Someone new begins to connect."""
        caller = Caller(socket.socket(), token, question)
        caller.line.setblocking(False)
        caller.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        caller.line.connect_ex(("127.0.0.1", self.port))
        self.selector.register(caller.line, selectors.EVENT_WRITE, caller)
        self.everyone.append(caller)
        return caller

    def listen(self, seconds: float) -> None:
        """Take in whatever comes, for so long."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            for key, _ in self.selector.select(left):
                caller: Caller = key.data
                try:
                    self._go_on(caller)
                except OSError:
                    self.hangs_up(caller)

    def come_in(self, asked: Sequence[tuple[str, str]], patience: float, at_once: int | None = None) -> None:
        """All of these (token, question) call, ``at_once`` on their way at most, again if turned away, until in."""
        end = time.monotonic() + patience
        waiting: dict[Caller, float] = {}  # until when each one waits to call again; 0: it is on its way
        called = 0
        while waiting or called < len(asked):
            assert time.monotonic() < end, f"{len(waiting)} of {len(asked)} did not come in within {patience} s"
            due = len(asked) if at_once is None else called + at_once - len(waiting)
            waiting |= {self.call(*each): 0.0 for each in asked[called:due]}
            called = min(due, len(asked))
            self.listen(LOOK_EVERY)
            for caller, again_at in list(waiting.items()):
                if caller.state == "in":
                    del waiting[caller]
                elif caller.state == "gone" and not again_at:
                    waiting[caller] = time.monotonic() + random() * COME_BACK
                elif caller.state == "gone" and time.monotonic() > again_at:
                    del waiting[caller]
                    self.everyone.remove(caller)
                    waiting[self.call(caller.token, caller.question)] = 0.0

    def hangs_up(self, caller: Caller) -> None:
        """One of them is gone, whoever ended it."""
        if caller.state != "gone":
            caller.state = "gone"
            self.selector.unregister(caller.line)
            caller.line.close()

    def close(self) -> None:
        """All of them hang up."""
        for caller in self.everyone:
            self.hangs_up(caller)
        self.selector.close()

    # One of them -----------------------------------------------------------------------------------

    def _go_on(self, caller: Caller) -> None:
        if caller.state == "calling":
            caller.line.send(HANDSHAKE)
            caller.state = "opening"
            self.selector.modify(caller.line, selectors.EVENT_READ, caller)
            return
        if not (heard := caller.line.recv(CHUNK)):
            raise ConnectionResetError
        caller.heard += heard
        if caller.state == "opening":
            head, found, rest = caller.heard.partition(b"\r\n\r\n")
            if not found:
                return
            if not head.startswith(b"HTTP/1.1 101"):
                raise ConnectionRefusedError
            caller.state, caller.heard = "joining", rest
        start = 0
        while caller.state != "gone" and (end := end_of_frame(caller.heard, start)):
            frame = frame_at(caller.heard, start, end)
            start = end
            if frame.kind == TEXT_IN_ONE:
                self._hears(caller, frame.payload.decode())
            elif frame.kind == PING:
                caller.line.send(masked(frame.payload, 0x8A))
            elif frame.kind == CLOSE:
                raise ConnectionResetError
        caller.heard = caller.heard[start:]

    def _hears(self, caller: Caller, text: str) -> None:
        if text == "2":
            caller.sends("3")
        elif text.startswith(("1", "41", "44")):
            raise ConnectionRefusedError
        elif caller.state == "in":
            self.told(caller, text)
        elif text.startswith("0"):
            caller.sends(f'40{{"token":"{caller.token}"}}')
        elif text.startswith('42["hello"') and caller.question:
            caller.sends(f"420{caller.question}")
            caller.state = "asking"
        elif text.startswith('42["hello"'):
            caller.state = "in"
        elif text.startswith("430["):
            if not json.loads(text[3:])[0]["ok"]:
                raise ConnectionRefusedError
            caller.state = "in"


def masked(payload: bytes, kind: int = TEXT_IN_ONE) -> bytes:
    """A frame as clients send it."""
    size = bytes([0x80 | len(payload)]) if len(payload) < 126 else b"\xfe" + len(payload).to_bytes(2, "big")
    return bytes([kind]) + size + bytes(4) + payload


def allow_files(number: int) -> None:
    """Let this process, and those it starts, have so many files and connections open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < number:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (number, max(number, hard)))
        except (ValueError, OSError):
            sys.exit(f"This needs {number:,} open files and may have {hard:,}: raise `ulimit -Hn` first.")
