"""The Engine.IO server, hardened: bounded in how fast it reads, what it keeps for slow readers, and how many it serves.

Every private part of python-engineio that we lean on is named here, those of eventlet in websocket.py;
tests/realtime/test_seams.py fails when an upgrade moves one of them.
"""

from __future__ import annotations

import io
import logging
import socket as sockets
import struct
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import engineio
from engineio import packet
from engineio.exceptions import EngineIOError, QueueEmpty, SocketIsClosedError
from engineio.payload import Payload

from chat.concurrency import is_green
from chat.limits import CALLS_PER_SECOND, FRAMES_PER_SECOND, MAX_BACKLOG_BYTES, MAX_BACKLOG_PACKETS, MAX_UNREAD_ANSWERS
from chat.rates import Pace

log = logging.getLogger("chat.engine")

JOIN_WITHIN = 10.0  # seconds that a new engine has to join the namespace
STUCK = 5.0  # seconds that the last words have to leave; then the line is cut
GONE = ("Session is disconnected",)  # what the library's KeyError says of a connection that has ended
TAKEN_AT_ONCE = 16  # packets in one answer to a long-polling client; stock Python clients refuse more

# A client that comes back by long-polling flushes everything it wrote meanwhile in one request.
Payload.max_decode_packets = 1000


@dataclass
class Backlog:
    """What waits for one client, in packets and bytes, what is being written just now included.

    ``events`` are told whether one reads or not; ``answers`` were asked for, so their number is the client's own doing.
    """

    packets: int = 0
    events: int = 0
    answers: int = 0
    under_way: list[packet.Packet] = field(default_factory=list)

    def add(self, pkt: packet.Packet, sign: int = 1) -> None:
        if is_answer(pkt):
            self.answers += sign * size_of(pkt)
        else:
            self.packets += sign
            self.events += sign * size_of(pkt)

    def take(self, packets: list[packet.Packet]) -> None:
        """These are being written now, so those before have been."""
        for pkt in self.under_way:
            self.add(pkt, -1)
        self.under_way = packets

    @property
    def is_full(self) -> bool:
        return self.packets > MAX_BACKLOG_PACKETS or self.events > MAX_BACKLOG_BYTES


class Socket(engineio.socket.Socket):
    """One client's engine. It keeps little for who reads slowly, reads no faster than is fair, and ends for certain."""

    def __init__(self, server: Engine, sid: str) -> None:
        super().__init__(server, sid)
        self.last_ping = time.monotonic()
        self.backlog = Backlog()
        frames = getattr(server, "frames", None)  # the library's own server, elsewhere in the process, has no pace
        self.pace = Pace(*frames) if frames else None
        self.websocket: Any = None

    def send(self, pkt: packet.Packet) -> None:
        """Lay a packet into the queue; who leaves too much there is cut off, and catches up on coming back."""
        super().send(pkt)
        self.backlog.add(pkt)
        if self.backlog.is_full and not self.closing:
            log.info("cut off a client that reads too slowly")
            self.close(abort=True, reason=self.server.reason.TRANSPORT_ERROR)
            self.cut()

    def poll(self) -> list[packet.Packet]:
        """Wait for packets and take a few; they count as waiting until the next ones are taken."""
        self.backlog.take([])
        is_empty = self.server.get_queue_empty_exception()
        try:
            packets = [self.queue.get(timeout=self.server.ping_interval + self.server.ping_timeout)]
        except is_empty:
            raise QueueEmpty from None
        with suppress(is_empty):
            while packets[-1] is not None and len(packets) < TAKEN_AT_ONCE:
                packets.append(self.queue.get(block=False))
        if packets[-1] is None:
            packets.pop()
            if packets:
                self.queue.put(None)  # the end, for next time
        self.backlog.take(packets)
        return packets

    def receive(self, pkt: packet.Packet) -> None:
        """Take a packet. Who sends too fast, or leaves what they asked for unread, has to wait until that changed."""
        while self.pace and (wait := self.pace.take()):
            self.server.sleep(wait)
        while self.backlog.answers > MAX_UNREAD_ANSWERS and not self.closed:
            self.server.sleep(0.05)
        super().receive(pkt)

    def handle_post_request(self, environ: dict[str, Any]) -> None:
        """Refuse a long-polling client's malformed request (400) and hang up; the library logs it and answers 200."""
        try:
            super().handle_post_request(environ)
        except (ValueError, LookupError, RecursionError):
            raise EngineIOError from None

    def close(self, wait: bool = False, abort: bool = False, reason: str | None = None) -> None:
        """Close without waiting for a client that may read nothing; what is stuck after a while is cut."""
        if not self.closed and not self.closing:
            super().close(wait=False, abort=abort, reason=reason)
            self.server.start_background_task(self._cut_later)

    def cut(self) -> None:
        """End the TCP connection at once, whatever waits to be written."""
        line = getattr(self.websocket, "socket", None) or getattr(getattr(self.websocket, "ws", None), "sock", None)
        if line is not None:
            with suppress(OSError):
                # Without lingering: what the kernel holds for a client that reads nothing is let go too.
                line.setsockopt(sockets.SOL_SOCKET, sockets.SO_LINGER, struct.pack("ii", 1, 0))
                line.shutdown(sockets.SHUT_RDWR)

    def _cut_later(self) -> None:
        self.server.sleep(STUCK)
        self.cut()

    def _websocket_handler(self, ws: Any) -> Any:
        self.websocket = ws
        return super()._websocket_handler(ws)

    # By the monotonic clock: when the wall clock is set, nobody's connection may end.

    def check_ping_timeout(self) -> bool:
        """Whether the client still answers pings; else the connection ends."""
        if self.closed:
            raise SocketIsClosedError
        if self.last_ping and time.monotonic() - self.last_ping > self.server.ping_timeout:
            self.close(abort=True, reason=self.server.reason.PING_TIMEOUT)
            return False
        return True

    def _send_ping(self) -> None:
        self.server.sleep(self.server.ping_interval)
        if not self.closing and not self.closed:
            self.last_ping = time.monotonic()
            self.send(packet.Packet(packet.PING))


def size_of(pkt: packet.Packet) -> int:
    """About how many bytes a packet is on the wire."""
    return len(pkt.data) if isinstance(pkt.data, str | bytes) else 16


def is_answer(pkt: packet.Packet) -> bool:
    """Whether it carries a Socket.IO acknowledgement (type 3)."""
    return isinstance(pkt.data, str) and pkt.data[:1] == "3"


engineio.server.socket.Socket = Socket  # the one place where the library makes them


class Engine(engineio.Server):
    """Serves so many connections an address, closes those that never join, and hangs up without a word.

    A CLOSE packet would tell stock Python clients never to come back.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.frames: tuple[float, int] | None = FRAMES_PER_SECOND
        self.per_address = 0
        self.calls = Pace(*CALLS_PER_SECOND)
        self.addresses: dict[str, str] = {}  # engine -> where from
        self.counts: Counter[str] = Counter()
        self.unjoined: dict[str, float] = {}  # engine -> until when it has to join
        self._watching = False

    def _log_error_once(self, message: str, message_key: str) -> None:
        """Say once what kind of request is refused; the library would also write down what a stranger put into it."""
        if message_key not in self.log_message_keys:
            self.log_message_keys.add(message_key)
            # Of all of it only the origin is needed, by whoever set PUBLIC_URL wrong.
            log.warning("refused a connection: %s", ascii(message) if message_key == "bad-origin" else message_key)

    def handle_request(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer a request; one to a connection that has just ended is refused. The library lets its error out."""
        try:
            return super().handle_request(environ, start_response)
        except KeyError as error:
            if error.args != GONE:
                raise
            refusal = self._bad_request("Invalid session")
            start_response(refusal["status"], refusal["headers"])
            return [refusal["response"]]

    def _bad_request(self, message: Any = None) -> dict[str, Any]:
        """A refused request; an unknown session's id, whatever it is, is not said again."""
        unknown = str(message).startswith("Invalid session")
        return dict(super()._bad_request("Invalid session" if unknown else message))

    def disconnect(self, sid: str | None = None) -> None:
        """Hang up on one client, or on all."""
        for each in [sid] if sid else list(self.sockets):
            socket = self.sockets.get(each)
            if socket and not socket.closed:
                socket.close(abort=True, reason=self.reason.SERVER_DISCONNECT)

    def _handle_connect(
        self, environ: dict[str, Any], start_response: Any, transport: str, jsonp_index: int | None = None
    ) -> Any:
        address = environ.get("REMOTE_ADDR", "")
        is_full = self.per_address and self.counts[address] >= self.per_address
        if is_full or (self.frames and self.calls.take(address)):
            refusal = b"Too many connections from this address."
            return {"status": "429 TOO MANY REQUESTS", "headers": [("Content-Type", "text/plain")], "response": refusal}
        return super()._handle_connect(environ, start_response, transport, jsonp_index)

    def arrived(self, sid: str, environ: dict[str, Any]) -> None:
        """A new engine: it counts for its address, and has to join soon."""
        self.addresses[sid] = environ.get("REMOTE_ADDR", "")
        self.counts[self.addresses[sid]] += 1
        self.unjoined[sid] = time.monotonic() + JOIN_WITHIN
        if not self._watching:
            self._watching = True
            self.start_background_task(self._watch)

    def joined(self, sid: str) -> None:
        """An engine joined the namespace."""
        self.unjoined.pop(sid, None)

    def left(self, sid: str) -> None:
        """An engine is gone."""
        self.unjoined.pop(sid, None)
        if address := self.addresses.pop(sid, None):
            self.counts[address] -= 1
            if not self.counts[address]:
                del self.counts[address]

    def _watch(self) -> None:
        while True:
            self.sleep(1)
            moment = time.monotonic()
            for sid in [sid for sid, until in self.unjoined.items() if until < moment]:
                self.joined(sid)
                self.disconnect(sid)


def harden(eio: Engine) -> None:
    """Wrap the websocket driver: no compression (100 KB a connection), no drafts, no tracebacks on the wire."""
    driver = eio._async["websocket"]
    if is_green():
        from chat.realtime import websocket

        websocket.install(eio.frames)

    class Hardened(driver):  # type: ignore[misc, valid-type]
        def __init__(self, handler: Callable[[Any], Any], server: Any, **options: Any) -> None:
            super().__init__(closing_on_error(handler), server, **options)
            self.support_legacy_versions = False

        def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
            environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
            environ["wsgi.errors"] = io.StringIO()  # eventlet writes there of every socket it closes twice
            if "eventlet.input" not in environ and "gunicorn.socket" in environ:
                environ["eventlet.input"] = GunicornInput(environ["gunicorn.socket"])
            return super().__call__(environ, start_response)

    eio._async = dict(eio._async, websocket=Hardened)


class GunicornInput:
    """Gives the eventlet driver its socket where gunicorn serves; it asks for nothing else."""

    def __init__(self, socket: Any) -> None:
        self.socket = socket

    def get_socket(self) -> Any:
        return self.socket


def closing_on_error(handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The engine's websocket handler, closed cleanly when a frame cannot be read; else it stays a zombie for 50 s."""

    def handle(websocket: Any) -> Any:
        try:
            return handler(websocket)
        except Exception as error:
            socket = handler.__self__  # type: ignore[attr-defined]
            log.info("closed a connection that sent no Engine.IO packet: %s", type(error).__name__)
            socket.close(abort=True, reason=socket.server.reason.TRANSPORT_ERROR)
            socket.queue.put(None)
            return []

    return handle
