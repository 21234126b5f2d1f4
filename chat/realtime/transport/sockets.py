"""One client's engine: bounded in how fast it is read and in what waits for it, and it ends for certain."""

from __future__ import annotations

import io
import logging
import socket as sockets
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import engineio
from engineio import packet
from engineio.exceptions import EngineIOError, QueueEmpty
from engineio.payload import Payload

from chat import metrics
from chat.limits import MAX_BACKLOG_BYTES, MAX_BACKLOG_PACKETS, MAX_UNREAD_ANSWERS
from chat.rates import Pace

if TYPE_CHECKING:
    from chat.realtime.transport.engine import Engine
    from chat.realtime.transport.line import Line

log = logging.getLogger("chat.engine")

STUCK = 5.0  # seconds that the last words have to leave; then the connection is cut
TAKEN_AT_ONCE = 16  # packets in one answer to a long-polling client; stock Python clients refuse more
ANSWER = "3"  # how a Socket.IO acknowledgement begins

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
    """The library's engine, bounded: long-polling everywhere, and websockets where each has a thread."""

    server: Engine
    closed: bool
    closing: bool
    connected: bool
    last_ping: float | None
    queue: Any
    line: Line | None = None

    def __init__(self, server: Engine, sid: str) -> None:
        super().__init__(server, sid)
        self.last_ping = time.monotonic()
        self.backlog = Backlog()
        self.pace = Pace(*server.frames) if server.frames else None
        self.websocket: Any = None

    def send(self, pkt: packet.Packet) -> None:
        """Lay a packet into the queue; who leaves too much there is cut off, and catches up on coming back."""
        if self.closed:
            return
        self.queue.put(pkt)
        self.backlog.add(pkt)
        if self.backlog.is_full and not self.closing:
            self.cut_off()

    def answer(self, data: str) -> None:
        """Send what the client asked for."""
        self.send(packet.Packet(packet.MESSAGE, data))

    def cut_off(self) -> None:
        """Hang up on who reads too slowly."""
        log.info("cut off a client that reads too slowly")
        metrics.CUT_OFF.inc()
        self.close(reason=self.server.reason.TRANSPORT_ERROR)
        self.cut()

    def poll(self) -> list[packet.Packet]:
        """Wait for packets and take a few; they count as waiting until the next ones are taken."""
        self.backlog.take([])
        queue, is_empty = self.queue, self.server.get_queue_empty_exception()
        try:
            packets = [queue.get(timeout=self.server.ping_interval + self.server.ping_timeout)]
        except is_empty:
            raise QueueEmpty from None
        with suppress(is_empty):
            while packets[-1] is not None and len(packets) < TAKEN_AT_ONCE:
                packets.append(queue.get(block=False))
        if packets[-1] is None:
            packets.pop()
            if packets:
                queue.put(None)  # the end, for next time
        self.backlog.take(packets)
        return packets

    def receive(self, pkt: packet.Packet) -> None:
        """Take a packet. Who sends too fast, or leaves what they asked for unread, has to wait until that changed."""
        while self.pace and (wait := self.pace.take()):
            self.server.sleep(wait)
        while self.backlog.answers > MAX_UNREAD_ANSWERS and not self.closed:
            self.server.sleep(0.05)
        super().receive(pkt)

    def handle_get_request(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer a poll; one that waited until the engine ended is refused (400), so that the client comes back."""
        packets = super().handle_get_request(environ, start_response)
        if packets == [] and self.closed and not self.upgraded:
            raise EngineIOError
        return packets

    def handle_post_request(self, environ: dict[str, Any]) -> None:
        """Refuse a long-polling client's malformed request (400) and hang up; the library logs it and answers 200."""
        try:
            super().handle_post_request(environ)
        except (ValueError, LookupError, RecursionError):
            raise EngineIOError from None

    def close(self, wait: bool = False, abort: bool = True, reason: str | None = None) -> None:
        """End it without waiting, and without a CLOSE packet, which would tell stock Python clients to stay away."""
        if self.closed or self.closing:
            return
        self.closing = True
        self.server._trigger_event("disconnect", self.sid, reason or self.server.reason.SERVER_DISCONNECT)
        self.closed = True
        self._end()

    def _end(self) -> None:
        self.queue.put(None)
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

    # Pings: by the monotonic clock, so that nobody's connection ends when the wall clock is set.

    def check_ping_timeout(self) -> bool:
        """Whether it is open still; the engine's own round looks for clients that do not answer."""
        return not self.closed

    def schedule_ping(self) -> None:
        """The last ping was answered; the next one is due after the usual time."""
        if self.last_ping:
            self.last_ping = None
            self.server.pings.add(self)

    def ping(self) -> None:
        """Ask whether the client is still there."""
        self.send(packet.Packet(packet.PING))


def size_of(pkt: packet.Packet) -> int:
    """About how many bytes a packet is on the wire."""
    return len(pkt.data) if isinstance(pkt.data, str | bytes) else 16


def is_answer(pkt: packet.Packet) -> bool:
    """Whether it carries a Socket.IO acknowledgement."""
    return isinstance(pkt.data, str) and pkt.data[:1] == ANSWER


def hardened(driver: type) -> type:
    """The library's websocket driver where each has a thread: no compression (100 KB each), no tracebacks on the wire.

    Eventlet's is never used: its connections are lines.
    """

    class Hardened(driver):
        def __init__(self, handler: Callable[[Any], Any], server: Any, **options: Any) -> None:
            super().__init__(closing_on_error(handler), server, **options)

        def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
            environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)
            environ["wsgi.errors"] = io.StringIO()
            return super().__call__(environ, start_response)

    return Hardened


def closing_on_error(handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The engine's websocket handler, closed cleanly when a frame cannot be read; else it stays a zombie for 50 s."""

    def handle(websocket: Any) -> Any:
        try:
            return handler(websocket)
        except Exception as error:
            socket = handler.__self__  # type: ignore[attr-defined]
            log.info("closed a connection that sent no Engine.IO packet: %s", type(error).__name__)
            socket.close(reason=socket.server.reason.TRANSPORT_ERROR)
            socket.queue.put(None)
            return []

    return handle
