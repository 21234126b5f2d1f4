"""A websocket on eventlet's loop: no green thread, no queue and no timer of its own while nothing happens.

Only for a process that eventlet patched. What of eventlet we lean on: ``hub.add``/``remove`` for a descriptor,
``schedule_call_global``, and ``notify_opened``; tests/realtime/test_seams.py pins them.
"""

from __future__ import annotations

import os
import socket as sockets
import struct
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Protocol

import eventlet
from eventlet import hubs, patcher
from eventlet.hubs import hub as hub_module

from chat.limits import MAX_BACKLOG_BYTES, MAX_BACKLOG_PACKETS, MAX_FRAME, MAX_UNREAD_ANSWERS
from chat.realtime.transport import frames
from chat.realtime.transport.workers import workers

READ_AT_ONCE = 16_384  # bytes
WRITE_AT_ONCE = 65_536
MUCH = 16  # messages that wait for their turn; with more, no more are read
EARLY = 0.001  # seconds that a timer may be off
STUCK = 5.0  # seconds that the last words have to leave; then the line is cut


class Owner(Protocol):
    """Whom a line serves."""

    def at_once(self, message: frames.Message) -> bool:
        """Deal with a message that needs no work, in the middle of the loop; False: it has to take its turn."""

    def take(self, line: Line, message: frames.Message) -> None:
        """Deal with a message, in a green thread; the next one comes when this one is done."""

    def lost(self, line: Line) -> None:
        """Nothing more will come over it, and all that had arrived was taken. May be said twice."""

    def left_behind(self, line: Line) -> None:
        """The client leaves too much unread; the line will be cut."""


class Flusher:
    """Writes what was pushed, once a turn of the loop: what piled up for a client meanwhile leaves in one piece."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def turn(self) -> list[Line]:
        """Those to write to at the end of this turn; who is to be among them is added."""
        if not self.lines:
            hubs.get_hub().schedule_call_global(0, self.flush)
        return self.lines

    def flush(self) -> None:
        """Every delivery comes through here, so the plain case calls nothing but the kernel."""
        lines, self.lines = self.lines, []
        for line in lines:
            out, sock = line.out, line.sock
            if sock is None:
                continue
            data = b"".join(out)  # of one alone, itself
            try:
                sent = sock.send(data)
            except (BlockingIOError, InterruptedError):
                sent = 0
            except OSError:
                line.broken()
                continue
            if sent < len(data):
                line.fall_behind(sent)
            out.clear()


flusher = Flusher()


class Line:
    """One connection. ``frames_per_second``: how fast it is read, on average and at once; None: as fast as it comes."""

    __slots__ = (
        "_ended",
        "_inbox",
        "_paid_off",
        "_reader",
        "_reading",
        "_working",
        "_writing",
        "answers",
        "backlog",
        "closing",
        "events",
        "frames_per_second",
        "out",
        "owner",
        "packets",
        "sock",
    )

    def __init__(self, sock: sockets.socket, owner: Owner, frames_per_second: tuple[float, int] | None = None) -> None:
        self.sock: sockets.socket | None = sock
        self.owner = owner
        self.frames_per_second = frames_per_second
        self._reader = frames.Reader(MAX_FRAME)
        self._inbox: deque[frames.Message] | None = None
        self._working = False  # a green thread is taking what arrived
        self._ended = False  # nothing more will arrive
        self.closing = False  # nothing more will be pushed
        self._paid_off = 0.0  # by when all frames read so far may have come
        self._reading: Any = None  # the loop's listeners, while there are any
        self._writing: Any = None
        self.out: list[bytes] = []  # for this turn's flush; empty while there is a backlog
        self.backlog: deque[bytes] | None = None  # what the kernel would not take; what it holds:
        self.packets = self.events = self.answers = 0
        # From the loop itself: a listener remembers the green thread it was made in, and so its whole request.
        hubs.get_hub().schedule_call_global(0, self._open)

    def _open(self) -> None:
        if self.sock is not None:
            hubs.notify_opened(self.sock.fileno())  # an earlier user of this number may not have cleaned up
            self._read_on()

    # Writing -------------------------------------------------------------------------------------

    def push(self, frame: bytes) -> None:
        """Send a frame: at the end of this turn, or when the client has read what came before. Never waits."""
        if self.closing:
            return
        if self.backlog is not None:
            self.backlog.append(frame)
            self._count(frame)
            return
        if not self.out:
            flusher.turn().append(self)
        self.out.append(frame)

    def fall_behind(self, sent: int) -> None:
        """The kernel took only so many bytes of this turn; the rest has to wait."""
        out, self.out = self.out, []
        self.backlog = deque()
        self._keep(rest_of(out, sent))
        self._write_on()

    def _send(self, data: bytes) -> int:
        assert self.sock is not None
        try:
            return self.sock.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError:
            self._release()
            return len(data)

    def _keep(self, out: Iterable[bytes]) -> None:
        for frame in out:
            assert self.backlog is not None
            self.backlog.append(frame)
            self._count(frame)

    def _count(self, frame: bytes, sign: int = 1) -> None:
        if isinstance(frame, frames.Answer):
            self.answers += sign * len(frame)
            return
        self.packets += sign
        self.events += sign * len(frame)
        if not self.closing and (self.packets > MAX_BACKLOG_PACKETS or self.events > MAX_BACKLOG_BYTES):
            self.closing = True
            self.owner.left_behind(self)

    def _writable(self, _descriptor: int) -> None:
        """The client has read some: write on."""
        backlog = self.backlog
        if self.sock is None or not backlog:
            return
        piece, size = [], 0
        while backlog and size < WRITE_AT_ONCE:
            piece.append(backlog.popleft())
            size += len(piece[-1])
            self._count(piece[-1], -1)
        sent = self._send(piece[0] if len(piece) == 1 else b"".join(piece))
        if self.backlog is None:
            return  # the line broke
        for frame in reversed(list(rest_of(piece, sent))):
            backlog.appendleft(frame)
            self._count(frame)
        if not backlog:
            self.backlog = None
            self._stop("_writing")
            if self.closing:
                self._hang_up()
        if self._inbox and not self._working and self.answers <= MAX_UNREAD_ANSWERS:
            self._work_on()

    def _write_on(self) -> None:
        if self.sock is not None and self._writing is None:
            self._writing = self._listen(hub_module.WRITE, self._writable)

    # Reading -------------------------------------------------------------------------------------

    def _readable(self, _descriptor: int) -> None:
        assert self.sock is not None
        try:
            data = self.sock.recv(READ_AT_ONCE)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        if not data:
            self._release()
        elif not self._ended:  # what a client still says to a line that closes is let go
            self._read(data)

    def _read(self, data: bytes) -> None:
        count = 0
        try:
            for opcode, payload in self._reader.feed(data):
                count += 1
                if opcode == frames.PING:
                    self.push(frames.Answer(frames.frame(bytes(payload), frames.PONG)))  # type: ignore[arg-type]
                elif opcode == frames.CLOSE:
                    self._finish(frames.frame(payload[:2], frames.CLOSE))  # type: ignore[arg-type]
                    break
                elif opcode != frames.PONG and not self.owner.at_once(payload):
                    self._inbox = self._inbox or deque()
                    self._inbox.append(payload)
        except frames.Violation as violation:
            self._finish(frames.closing(violation.code))
        if self._inbox:
            if not self._working:
                self._work_on()
            if len(self._inbox) >= MUCH:
                self._stop("_reading")
        if self.frames_per_second and (wait := self._owed(count)):
            self._stop("_reading")
            hubs.get_hub().schedule_call_global(wait, self._read_on)

    def _owed(self, count: int) -> float:
        """Seconds until this client may be read again."""
        assert self.frames_per_second
        per_second, burst = self.frames_per_second
        moment = time.monotonic()
        self._paid_off = max(self._paid_off, moment) + count / per_second
        return max(0.0, self._paid_off - moment - burst / per_second)

    def _read_on(self) -> None:
        if self.sock is None or self._reading is not None:
            return
        if self._inbox and len(self._inbox) >= MUCH:
            return  # the work reads on when it is done
        if self.frames_per_second and self._owed(0) > EARLY:
            return  # the timer does
        self._reading = self._listen(hub_module.READ, self._readable)

    def _work_on(self) -> None:
        self._working = True
        workers.run(self._work)

    def _work(self) -> None:
        """Take what arrived, one by one, in order. Who leaves the answers unread is not asked for more questions."""
        while self._inbox and (self._ended or self.answers <= MAX_UNREAD_ANSWERS):
            self.owner.take(self, self._inbox.popleft())
            if self._inbox:
                eventlet.sleep(0)  # others have their turn
        self._working = False
        if not self._inbox:
            self._inbox = None
            if self._ended:
                self.owner.lost(self)
            else:
                self._read_on()

    # Ends ----------------------------------------------------------------------------------------

    def close(self, code: int = frames.NORMAL) -> None:
        """Say goodbye; what waits still leaves, for a few seconds. What had arrived is not taken any more."""
        self._inbox = None
        self._finish(frames.closing(code))

    def cut(self) -> None:
        """End it at once, whatever waits: even what the kernel holds for a client that reads nothing is let go."""
        if self.sock is not None:
            with suppress(OSError):
                self.sock.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
            self._inbox = None
            self._release()

    def _finish(self, last: bytes) -> None:
        if self.closing or self.sock is None:
            return
        self.push(last)
        self.closing = True
        hubs.get_hub().schedule_call_global(STUCK, self.cut)
        hubs.get_hub().schedule_call_global(0, self._hang_up)
        self._end()

    def _hang_up(self) -> None:
        """The last word is written: the client hears the end of the line, and hangs up too."""
        if self.backlog is None and self.sock is not None:
            with suppress(OSError):
                self.sock.shutdown(sockets.SHUT_WR)
            self._read_on()

    def _end(self) -> None:
        """Nothing more will arrive; what did is taken still."""
        self._ended = True
        if not self._working:
            self._work_on()

    def _release(self) -> None:
        """The line is gone."""
        self.closing = True
        self._stop("_reading")
        self._stop("_writing")
        if self.sock is not None:
            sock, self.sock = self.sock, None
            sock.close()
            self.backlog, self.out = None, []
            self._end()

    # The loop ------------------------------------------------------------------------------------

    def _listen(self, kind: str, callback: Callable[[int], None]) -> Any:
        assert self.sock is not None
        return hubs.get_hub().add(kind, self.sock.fileno(), callback, self.broken, None)

    def broken(self, *_: Any) -> None:
        """Nothing can be written or read any more."""
        self._release()

    def _stop(self, listener: str) -> None:
        if (stopped := getattr(self, listener)) is not None:
            setattr(self, listener, None)
            hubs.get_hub().remove(stopped)


def push_to_all(lines: Iterable[Line], frame: bytes) -> None:
    """``Line.push`` for many: a call for each would take longer than what it does."""
    turn = flusher.turn()
    for line in lines:
        if line.closing or line.backlog is not None:
            line.push(frame)
            continue
        if not line.out:
            turn.append(line)
        line.out.append(frame)


def rest_of(out: Iterable[bytes], sent: int) -> Iterable[bytes]:
    """What is left of these frames after so many bytes; the rest of an answer is one, too."""
    for frame in out:
        if sent >= len(frame):
            sent -= len(frame)
        else:
            yield type(frame)(frame[sent:]) if sent else frame
            sent = 0


def take_over(green: Any) -> sockets.socket:
    """The connection of a request that became a websocket, as a socket of ours; the request's own may be closed."""
    sock: sockets.socket = patcher.original("socket").socket(fileno=os.dup(green.fileno()))
    sock.setblocking(False)
    with suppress(OSError):  # a Unix socket has none
        sock.setsockopt(sockets.IPPROTO_TCP, sockets.TCP_NODELAY, 1)
    return sock
