"""The thread that carries a misbehaving network's connections: what goes one way goes as its weather says."""

from __future__ import annotations

import heapq
import random
import selectors
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Any, Literal

from tests.faults.frames import Frame, end_of_frame, frame_at

CHUNK = 65_536
BACKLOG = 1 << 20  # bytes that wait on their way before no more are taken in
BEAT = 0.02  # seconds between the portions of a narrow line
AT_ONCE = struct.pack("ii", 1, 0)  # lingering for no time: closing then resets
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE

Way = Literal["up", "down"]  # towards the server, and from it


@dataclass
class Rule:
    """What happens to every so many-th WebSocket frame that says something of which ``that`` holds."""

    fate: Literal["drop", "double", "delay"]
    that: Callable[[str], bool]
    every: int = 1
    seconds: float = 0.0
    seen: int = 0

    def meets(self, text: str | None) -> bool:
        """Whether it is the turn of this frame."""
        if text is None or not self.that(text):
            return False
        self.seen += 1
        return self.seen % self.every == 0


@dataclass
class Weather:
    """What befalls everything that goes one way."""

    delay: float = 0.0
    jitter: float = 0.0
    bandwidth: float = 0.0  # bytes a second for each connection; 0: as fast as it goes
    stalled: bool = False
    swallowed: bool = False
    cut_after: int | None = None
    by_reset: bool = False
    rules: list[Rule] = field(default_factory=list)


@dataclass(eq=False)
class Pipe:
    """One way of one connection."""

    way: Way
    source: socket.socket
    sink: socket.socket
    left: int | None = None  # bytes until the connection is cut
    unframed: bytearray = field(default_factory=bytearray)  # the beginning of a frame, or of the first answer
    ready: bytearray = field(default_factory=bytearray)  # to be sent as soon as the sink takes it
    waiting: int = 0  # bytes that are still delayed
    last_due: float = 0.0
    free_at: float = 0.0  # when a narrow line takes more
    alarm: float = 0.0  # the moment for which sending more is arranged
    blocked: bool = False  # the sink takes no more for now
    ended: bool = False
    deaf: bool = False  # something was swallowed, so nothing that follows would make sense


@dataclass(eq=False)
class Pair:
    """One connection: its near end is the client's, its far end the server's."""

    near: socket.socket
    far: socket.socket
    framed: bool | None = None  # whether WebSocket frames travel; None until the server's first answer
    frozen: bool = False

    def __post_init__(self) -> None:
        self.up, self.down = Pipe("up", self.near, self.far), Pipe("down", self.far, self.near)
        self.watched = {self.near: 0, self.far: 0}


class Carrier:
    """Carries what comes to its loopback port to another, both ways. Everything below `do` runs in its thread."""

    def __init__(self, to: int, seed: int) -> None:
        self.to = to
        self.random = random.Random(seed)
        self.weather: dict[Way, Weather] = {"up": Weather(), "down": Weather()}
        self.pairs: dict[Pair, None] = {}  # in the order they came
        self.done: Counter[str] = Counter()  # how many frames were dropped, doubled, delayed
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.listener.setblocking(False)
        self.port: int = self.listener.getsockname()[1]
        self._selector = selectors.DefaultSelector()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._order = count()
        self._tasks: list[Callable[[], None]] = []
        self._waker, self._woken = socket.socketpair()
        self._closed = False
        self._selector.register(self.listener, READ, lambda _events: self._accept())
        self._selector.register(self._woken, READ, lambda _events: self._perform())
        self._thread = threading.Thread(target=self._run, daemon=True, name="proxy")
        self._thread.start()

    def do(self, task: Callable[[], Any]) -> None:
        """Have the thread do something, and wait until it is done."""
        if self._closed:
            return
        done = threading.Event()

        def tell() -> None:
            task()
            for pair in list(self.pairs):
                self._send(pair, pair.up)
                self._send(pair, pair.down)
            done.set()

        self._tasks.append(tell)
        self._waker.send(b"!")
        assert done.wait(10), "the proxy hangs"

    def close(self) -> None:
        """End it all."""
        self.do(self._close)
        self._thread.join()

    # Connections -----------------------------------------------------------------------------------

    def end(self, pair: Pair, *, reset: bool = False) -> None:
        """Close both ends."""
        if pair not in self.pairs:
            return
        del self.pairs[pair]
        for end in (pair.near, pair.far):
            if pair.watched[end]:
                self._selector.unregister(end)
            with suppress(OSError):
                if reset:
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
                else:
                    end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            near, _ = self.listener.accept()
            pair = Pair(near, socket.socket())
            for end in (pair.near, pair.far):
                end.setblocking(False)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pair.far.connect_ex(("127.0.0.1", self.to))  # if nobody is there, reading from it will say so
            for pipe in (pair.up, pair.down):
                pipe.left = self.weather[pipe.way].cut_after
            self.pairs[pair] = None
            self._watch(pair)

    def _watch(self, pair: Pair) -> None:
        """Wait for what the ends can give and take, as far as there is use for it."""
        for end, giving, taking in ((pair.near, pair.up, pair.down), (pair.far, pair.down, pair.up)):
            wanted = 0
            if not (pair.frozen or giving.ended or self.weather[giving.way].stalled):
                wanted = READ if len(giving.ready) + giving.waiting < BACKLOG else 0
            if taking.blocked and not (pair.frozen or self.weather[taking.way].stalled):
                wanted |= WRITE
            watched = pair.watched[end]
            if wanted == watched:
                continue
            pair.watched[end] = wanted
            if not wanted:
                self._selector.unregister(end)
            elif watched:
                self._selector.modify(end, wanted, self._selector.get_key(end).data)
            else:
                self._selector.register(end, wanted, partial(self._on_ready, pair, giving, taking))

    def _on_ready(self, pair: Pair, giving: Pipe, taking: Pipe, events: int) -> None:
        if events & WRITE and pair in self.pairs:
            taking.blocked = False
            self._send(pair, taking)
        if events & READ and pair in self.pairs:
            self._take(pair, giving)

    # What goes one way -----------------------------------------------------------------------------

    def _take(self, pair: Pair, pipe: Pipe) -> None:
        """Take in what an end has to give."""
        try:
            data = pipe.source.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            self.end(pair)
            return
        pipe.ended = not data
        pipe.deaf = pipe.deaf or self.weather[pipe.way].swallowed
        if not pipe.deaf:
            for piece in self._pieces(pair, pipe, data):
                self._forward(pair, pipe, piece)
        self._send(pair, pipe)

    def _pieces(self, pair: Pair, pipe: Pipe, data: bytes) -> Iterator[bytes]:
        """What is to be forwarded of this; of WebSocket frames only whole ones, as the rules leave them."""
        if pair.framed is None and pipe.way == "down":
            pipe.unframed += data
            head, found, rest = pipe.unframed.partition(b"\r\n\r\n")
            if not found and head.startswith(b"HTTP/"[: len(head)]):
                return
            pair.framed = head.startswith(b"HTTP/1.1 101")
            pipe.unframed, data = bytearray(), bytes(rest)
            yield bytes(head + found)
        if not pair.framed:
            yield data
            return
        pipe.unframed += data
        start, rules = 0, self.weather[pipe.way].rules
        while end := end_of_frame(pipe.unframed, start):
            if rules:
                yield from self._ruled(pair, pipe, frame_at(pipe.unframed, start, end), rules)
            start = end
        whole = bytes(pipe.unframed[:start])
        del pipe.unframed[:start]
        if whole and not rules:
            yield whole

    def _ruled(self, pair: Pair, pipe: Pipe, frame: Frame, rules: list[Rule]) -> Iterator[bytes]:
        """One frame, as often and as soon as the first rule that it meets says."""
        text = frame.text
        rule = next((rule for rule in rules if rule.meets(text)), None)
        if rule is None:
            yield frame.raw
            return
        self.done[rule.fate] += 1
        if rule.fate == "double":
            yield frame.raw * 2
        elif rule.fate == "delay":
            self._later(time.monotonic() + rule.seconds, lambda: self._arrive(pair, pipe, frame.raw))

    def _forward(self, pair: Pair, pipe: Pipe, data: bytes) -> None:
        weather = self.weather[pipe.way]
        if weather.delay or weather.jitter or pipe.waiting:  # what is still under way must not be overtaken
            due = time.monotonic() + weather.delay + self.random.random() * weather.jitter
            pipe.last_due = max(due, pipe.last_due)
            pipe.waiting += len(data)
            self._later(pipe.last_due, lambda: self._arrive(pair, pipe, data, len(data)))
        else:
            pipe.ready += data

    def _arrive(self, pair: Pair, pipe: Pipe, data: bytes, waited: int = 0) -> None:
        pipe.waiting -= waited
        pipe.ready += data
        self._send(pair, pipe)

    def _send(self, pair: Pair, pipe: Pipe) -> None:
        """Give the other end what is ready, as much as it takes and the weather lets through."""
        weather = self.weather[pipe.way]
        while pipe.ready and pair in self.pairs and not (pair.frozen or weather.stalled or pipe.blocked):
            portion = self._portion(pair, pipe, weather)
            if not portion:
                break
            try:
                sent = pipe.sink.send(pipe.ready[:portion])
            except BlockingIOError:
                pipe.blocked = True
                break
            except OSError:
                self.end(pair)
                return
            del pipe.ready[:sent]
            if weather.bandwidth:
                pipe.free_at = time.monotonic() + sent / weather.bandwidth
            if pipe.left is not None:
                pipe.left -= sent
                if pipe.left <= 0:
                    self.end(pair, reset=weather.by_reset)
        if pair in self.pairs:
            if pipe.ended and not (pipe.ready or pipe.waiting or pair.frozen or weather.stalled):
                self.end(pair)
            else:
                self._watch(pair)

    def _portion(self, pair: Pair, pipe: Pipe, weather: Weather) -> int:
        """How many bytes may go now; 0: later, and that is arranged for."""
        portion = CHUNK if pipe.left is None else min(CHUNK, pipe.left)
        if weather.bandwidth:
            if time.monotonic() < pipe.free_at:
                if pipe.alarm == pipe.free_at:
                    return 0
                pipe.alarm = pipe.free_at
                self._later(pipe.free_at, lambda: self._send(pair, pipe))
                return 0
            portion = min(portion, max(1, int(weather.bandwidth * BEAT)))
        return portion

    # The thread ------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closed:
            pause = max(0.0, self._timers[0][0] - time.monotonic()) if self._timers else None
            for key, events in self._selector.select(pause):
                if not self._closed:
                    key.data(events)
            while self._timers and self._timers[0][0] <= time.monotonic():
                heapq.heappop(self._timers)[2]()

    def _perform(self) -> None:
        self._woken.recv(CHUNK)
        while self._tasks:
            self._tasks.pop(0)()

    def _later(self, due: float, task: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (due, next(self._order), task))

    def _close(self) -> None:
        for pair in list(self.pairs):
            self.end(pair)
        for each in (self._selector, self.listener, self._waker, self._woken):
            each.close()
        self._closed = True
