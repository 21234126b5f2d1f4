"""WebSocket frames (RFC 6455) as a server writes and reads them: plain bytes in, plain bytes out, no extensions."""

from __future__ import annotations

import struct
from collections.abc import Iterator

CONTINUED, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
NORMAL, GOING_AWAY, BROKEN, NOT_TEXT, TOO_LARGE = 1000, 1001, 1002, 1007, 1009
MAX_CONTROL = 125
_KNOWN = {CONTINUED, TEXT, BINARY, CLOSE, PING, PONG}
_FINAL, _RESERVED, _OPCODE, _MASKED, _SIZE = 0x80, 0x70, 0x0F, 0x80, 0x7F

Message = str | bytes


class Violation(Exception):
    """The client broke the protocol; ``code`` is what to close with."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Answer(bytes):
    """A frame its client asked for; ``bytes`` alone are told whether one reads or not."""

    __slots__ = ()


def frame(payload: bytes, opcode: int = TEXT) -> bytes:
    """A whole message in one frame. A server's are not masked, so the same bytes serve every listener."""
    size = len(payload)
    if size <= MAX_CONTROL:
        return bytes((_FINAL | opcode, size)) + payload
    if size < 1 << 16:
        return struct.pack(">BBH", _FINAL | opcode, 126, size) + payload
    return struct.pack(">BBQ", _FINAL | opcode, 127, size) + payload


def closing(code: int) -> bytes:
    """The frame that ends a connection."""
    return frame(code.to_bytes(2), CLOSE)


class Reader:
    """Puts a client's messages together from what arrives, in whatever pieces; ``most`` bytes a message.

    Everything is bounded before it is kept: a frame by what its head announces, a message of many frames by their sum.
    """

    __slots__ = ("_buffer", "_needed", "_opcode", "_parts", "_size", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self._buffer = bytearray()
        self._needed = 2  # bytes without which nothing more can be read: nobody makes us look at each byte anew
        self._opcode = CONTINUED  # of the message under way
        self._parts: list[bytes] | None = None
        self._size = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, Message]]:
        """The messages and control frames that are whole by now; raises Violation for what is not allowed."""
        buffer = self._buffer
        buffer += data
        while len(buffer) >= self._needed:
            size, start = self._read_head(buffer)
            end = start + size
            if len(buffer) < end:
                self._needed = end
                return
            self._needed = 2
            final, opcode = buffer[0] & _FINAL, buffer[0] & _OPCODE
            payload = unmask(buffer[start:end], bytes(buffer[start - 4 : start]))
            del buffer[:end]
            if opcode >= CLOSE:
                yield opcode, check_close(payload) if opcode == CLOSE else payload
            elif final and self._parts is None:
                yield opcode, text_of(payload) if opcode == TEXT else payload
            elif (message := self._put_together(opcode, payload, bool(final))) is not None:
                yield message

    def _read_head(self, buffer: bytearray) -> tuple[int, int]:
        """How long the payload is and where it starts; 0 and a start beyond the buffer while the head is not whole."""
        first, second = buffer[0], buffer[1]
        opcode, size = first & _OPCODE, second & _SIZE
        if first & _RESERVED or opcode not in _KNOWN or not second & _MASKED:
            raise Violation(BROKEN)
        if opcode >= CLOSE:
            if size > MAX_CONTROL or not first & _FINAL:
                raise Violation(BROKEN)
        elif (opcode == CONTINUED) != (self._parts is not None):
            raise Violation(BROKEN)  # a continuation of nothing, or something new within a message
        longer = {126: 2, 127: 8}.get(size, 0)
        start = 2 + longer + 4
        if longer:
            if len(buffer) < start:
                return 0, start
            size = int.from_bytes(buffer[2 : 2 + longer])
        if opcode < CLOSE and self._size + size > self.most:
            raise Violation(TOO_LARGE)
        return size, start

    def _put_together(self, opcode: int, payload: bytes, final: bool) -> tuple[int, Message] | None:
        if self._parts is None:
            self._opcode, self._parts = opcode, []
        self._parts.append(payload)
        self._size += max(1, len(payload))  # empty pieces take room too
        if self._size > self.most:
            raise Violation(TOO_LARGE)
        if not final:
            return None
        whole, self._parts, self._size = b"".join(self._parts), None, 0
        return self._opcode, text_of(whole) if self._opcode == TEXT else whole


def unmask(data: bytes | bytearray, mask: bytes) -> bytes:
    """What the client wrote: one XOR of two long numbers, a hundred times as fast as byte by byte."""
    size = len(data)
    key = (mask * (size // 4 + 1))[:size]
    return (int.from_bytes(data) ^ int.from_bytes(key)).to_bytes(size)


def text_of(payload: bytes) -> str:
    """A text message; raises Violation when it is not UTF-8."""
    try:
        return payload.decode()
    except UnicodeDecodeError:
        raise Violation(NOT_TEXT) from None


def check_close(payload: bytes) -> bytes:
    """A close frame's payload; raises Violation unless it is empty, or a code that may be sent and a reason."""
    if payload:
        code = int.from_bytes(payload[:2])
        if len(payload) < 2 or not (1000 <= code <= 1014 or 3000 <= code <= 4999) or code in (1004, 1005, 1006):
            raise Violation(BROKEN)
        text_of(payload[2:])
    return payload
