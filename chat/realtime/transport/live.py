"""One client's engine whose websocket is a line on the loop, and the way there.

Only for a process that eventlet patched. What of eventlet we lean on: ``WSGI_LOCAL``; tests/realtime/test_seams.py
pins it.
"""

from __future__ import annotations

import logging
from base64 import b64decode, b64encode
from contextlib import suppress
from hashlib import sha1
from typing import Any

import engineio
from engineio import packet
from engineio.exceptions import UnknownPacketError
from eventlet.wsgi import WSGI_LOCAL

from chat.realtime.transport import frames
from chat.realtime.transport.line import Line, take_over
from chat.realtime.transport.sockets import Backlog, Socket, is_answer

log = logging.getLogger("chat.engine")

PROBED_WITHIN = 10.0  # seconds that the change from long-polling to a websocket may take
PING, PONG = frames.frame(b"2"), "3"  # of Engine.IO
PROBE, PROBED, UPGRADE = "2probe", frames.frame(b"3probe"), "5"
_ACCEPT = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3


class LiveSocket(Socket):
    """Its websocket is a line on the loop; until then, or without one, it is long-polling as above."""

    def send(self, pkt: packet.Packet) -> None:
        """Send a packet, by whichever way it is reached now."""
        if self.line is None:
            super().send(pkt)
        elif not self.closed:
            self.line.push(frame_of(pkt))

    def answer(self, data: str) -> None:
        """Send what the client asked for."""
        if self.line is None:
            super().answer(data)
        elif not self.closed:
            self.line.push(frames.Answer(frames.frame(b"4" + data.encode())))

    def ping(self) -> None:
        """Ask whether the client is still there."""
        if self.line is None:
            super().ping()
        else:
            self.line.push(PING)

    def cut(self) -> None:
        """End the TCP connection at once, whatever waits to be written."""
        if self.line is not None:
            self.line.cut()

    def _end(self) -> None:
        if self.line is None:
            super()._end()
        else:
            self.line.close()

    # The way to a websocket -----------------------------------------------------------------------

    def _upgrade_websocket(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Take the request's connection over as a line. A client that polled so far proves it first, with a probe."""
        accepted = accept(environ)
        if accepted is None:
            if not self.connected:
                self.close()
            return self.server._bad_request("Invalid websocket upgrade")
        line = Line(take_over(environ["gunicorn.socket"]), self, self.server.frames)
        line.push(accepted)
        if self.connected:
            self.upgrading = True
            Probe(self, line)
        else:
            self.connected = True
            self.move_to(line)
        WSGI_LOCAL.already_handled = True  # realtime/worker.py writes no response and lets the request go
        return []

    def move_to(self, line: Line) -> None:
        """From now on the client is reached by this line; what waits goes first."""
        self.upgraded, self.upgrading = True, False
        line.owner, self.line = self, line
        queue, self.queue = self.queue, None
        self.backlog = Backlog()
        while not queue.empty():
            if (pkt := queue.get(block=False)) is not None:
                line.push(frame_of(pkt))
        if self.closed:
            line.close()
        else:
            self.server.lines[self.sid] = line

    # As a line's owner ----------------------------------------------------------------------------

    def at_once(self, message: frames.Message) -> bool:
        """An answered ping needs nobody's time."""
        if message != PONG:
            return False
        self.schedule_ping()
        return True

    def take(self, line: Line, message: frames.Message) -> None:
        """Deal with one Engine.IO packet."""
        if self.closed:
            return
        if isinstance(message, bytes):
            self.server._trigger_event("message", self.sid, message)
        elif message[:1] == "4":
            self.server._trigger_event("message", self.sid, message[1:])
        else:
            try:
                with suppress(UnknownPacketError):
                    engineio.socket.Socket.receive(self, packet.Packet(encoded_packet=message))
            except (ValueError, LookupError, RecursionError) as error:
                log.info("closed a connection that sent no Engine.IO packet: %s", type(error).__name__)
                self.close(reason=self.server.reason.TRANSPORT_ERROR)

    def lost(self, line: Line) -> None:
        """The line is gone, and with it the client."""
        self.close(reason=self.server.reason.TRANSPORT_CLOSE)

    def left_behind(self, line: Line) -> None:
        """The client reads too slowly."""
        self.server.start_background_task(self.cut_off)


class Probe:
    """A websocket of a client that still polls: a probe, its echo, and the word that it is to be used from now on."""

    def __init__(self, socket: LiveSocket, line: Line) -> None:
        self.socket, self.line = socket, line
        self.is_proven = False
        line.owner = self
        socket.server.start_background_task(self.expire)

    def at_once(self, message: frames.Message) -> bool:
        return False

    def take(self, line: Line, message: frames.Message) -> None:
        if not self.is_proven and message == PROBE:
            self.is_proven = True
            line.push(PROBED)
            if self.socket.queue is not None:
                self.socket.queue.put(packet.Packet(packet.NOOP))  # ends the poll that is open
        elif self.is_proven and message == UPGRADE and self.socket.line is None:
            self.socket.move_to(line)
        else:
            line.close(frames.BROKEN)

    def lost(self, line: Line) -> None:
        """It came to nothing; the client goes on polling."""
        self.socket.upgrading = False

    def left_behind(self, line: Line) -> None:
        line.cut()

    def expire(self) -> None:
        self.socket.server.sleep(PROBED_WITHIN)
        if self.line.owner is self:
            self.line.close()


def accept(environ: dict[str, Any]) -> bytes | None:
    """The answer to a websocket handshake (RFC 6455, 4.2), without extensions; None when it is none."""
    key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "")
    try:
        is_key = len(b64decode(key, validate=True)) == 16
    except ValueError:
        is_key = False
    if not is_key or environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13":
        return None
    token = b64encode(sha1(key.encode() + _ACCEPT, usedforsecurity=False).digest())
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "
    return head + token + b"\r\n\r\n"


def frame_of(pkt: packet.Packet) -> bytes:
    """A packet as a frame."""
    data = pkt.encode()
    if isinstance(data, bytes):
        return frames.frame(data, frames.BINARY)
    frame = frames.frame(data.encode())
    return frames.Answer(frame) if is_answer(pkt) else frame
