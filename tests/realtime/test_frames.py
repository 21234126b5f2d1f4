"""WebSocket frames by the bytes: whatever pieces they come in, and whatever a client does wrong (RFC 6455)."""

from __future__ import annotations

import os
import socket
import struct
import uuid
from collections.abc import Callable, Iterator

import pytest

from chat.limits import MAX_FRAME
from chat.realtime.transport import frames
from chat.realtime.transport.frames import BINARY, CLOSE, CONTINUED, PING, PONG, TEXT, Reader, Violation
from tests.support import Person, Server, until

MASK = b"\x07\x82\x00\xff"
MOST = 1000


def sent(opcode: int, payload: bytes = b"", *, final: bool = True, mask: bytes = MASK, first: int = 0) -> bytes:
    """A frame as a client sends it; ``first``: more bits for its first byte."""
    head = bytes([(0x80 if final else 0) | opcode | first])
    size = len(payload)
    if size < 126:
        head += bytes([0x80 | size])
    elif size < 65_536:
        head += struct.pack("!BH", 0xFE, size)
    else:
        head += struct.pack("!BQ", 0xFF, size)
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))


WHOLE = {
    "a text": (sent(TEXT, b"hello"), [(TEXT, "hello")]),
    "an empty text": (sent(TEXT), [(TEXT, "")]),
    "bytes": (sent(BINARY, b"\x00\xff"), [(BINARY, b"\x00\xff")]),
    "two messages": (sent(TEXT, b"one") + sent(TEXT, b"two"), [(TEXT, "one"), (TEXT, "two")]),
    "125 bytes": (sent(TEXT, b"x" * 125), [(TEXT, "x" * 125)]),
    "126 bytes": (sent(TEXT, b"x" * 126), [(TEXT, "x" * 126)]),
    "as many as are allowed": (sent(TEXT, b"x" * MOST), [(TEXT, "x" * MOST)]),
    "pieces": (
        sent(TEXT, b"one ", final=False) + sent(CONTINUED, b"two ", final=False) + sent(CONTINUED, b"three"),
        [(TEXT, "one two three")],
    ),
    "a letter in two pieces": (
        sent(TEXT, "ü".encode()[:1], final=False) + sent(CONTINUED, "ü".encode()[1:]),
        [(TEXT, "ü")],
    ),
    "an empty first piece": (sent(TEXT, final=False) + sent(CONTINUED, b"x"), [(TEXT, "x")]),
    "a ping between pieces": (
        sent(TEXT, b"a", final=False) + sent(PING, b"?") + sent(CONTINUED, b"b"),
        [(PING, b"?"), (TEXT, "ab")],
    ),
    "a pong": (sent(PONG, b"!"), [(PONG, b"!")]),
    "the largest ping": (sent(PING, b"x" * 125), [(PING, b"x" * 125)]),
    "a close without a word": (sent(CLOSE), [(CLOSE, b"")]),
    "a close with a reason": (sent(CLOSE, b"\x03\xe8bye"), [(CLOSE, b"\x03\xe8bye")]),
    "a close with a code of their own": (sent(CLOSE, b"\x0f\xa0"), [(CLOSE, b"\x0f\xa0")]),
    "a mask of zeros": (sent(TEXT, b"plain", mask=bytes(4)), [(TEXT, "plain")]),
    "every letter": (sent(TEXT, "aü€😀".encode()), [(TEXT, "aü€😀")]),
}
PIECES: dict[str, Callable[[bytes], list[bytes]]] = {
    "at once": lambda data: [data],
    "byte by byte": lambda data: [data[at : at + 1] for at in range(len(data))],
    "in sevens": lambda data: [data[at : at + 7] for at in range(0, len(data), 7)],
}


@pytest.mark.parametrize("pieces", PIECES.values(), ids=PIECES)
@pytest.mark.parametrize(("data", "messages"), WHOLE.values(), ids=WHOLE)
def test_a_message_is_the_same_in_whatever_pieces_it_arrives(
    data: bytes, messages: list[tuple[int, str | bytes]], pieces: Callable[[bytes], list[bytes]]
) -> None:
    reader = Reader(MOST)
    assert [message for piece in pieces(data) for message in reader.feed(piece)] == messages


BROKEN = {
    "a frame without a mask": (b"\x81\x05hello", frames.BROKEN),
    "a reserved bit": (sent(TEXT, b"x", first=0x40), frames.BROKEN),
    "another reserved bit": (sent(TEXT, b"x", first=0x10), frames.BROKEN),
    "an unknown kind of message": (sent(3, b"x"), frames.BROKEN),
    "an unknown kind of control": (sent(11, b"x"), frames.BROKEN),
    "a continuation of nothing": (sent(CONTINUED, b"x"), frames.BROKEN),
    "a text within a text": (sent(TEXT, b"a", final=False) + sent(TEXT, b"b"), frames.BROKEN),
    "a ping in pieces": (sent(PING, b"x", final=False), frames.BROKEN),
    "a long ping": (sent(PING, b"x" * 126), frames.BROKEN),
    "a close in pieces": (sent(CLOSE, final=False), frames.BROKEN),
    "a long close": (sent(CLOSE, b"\x03\xe8" + b"x" * 124), frames.BROKEN),
    "half a code": (sent(CLOSE, b"\x03"), frames.BROKEN),
    "code 0": (sent(CLOSE, b"\x00\x00"), frames.BROKEN),
    "a code that says there was none": (sent(CLOSE, (1005).to_bytes(2)), frames.BROKEN),
    "a code that nobody gave out": (sent(CLOSE, (2999).to_bytes(2)), frames.BROKEN),
    "a reason that is no text": (sent(CLOSE, b"\x03\xe8\xff"), frames.NOT_TEXT),
    "half a letter": (sent(TEXT, "ü".encode()[:1]), frames.NOT_TEXT),
    "half a surrogate": (sent(TEXT, b"\xed\xa0\x80"), frames.NOT_TEXT),
    "a letter written too long": (sent(TEXT, b"\xc0\xaf"), frames.NOT_TEXT),
    "no text at the end of pieces": (sent(TEXT, b"a", final=False) + sent(CONTINUED, b"\xff"), frames.NOT_TEXT),
    "one byte too many": (sent(TEXT, b"x" * (MOST + 1)), frames.TOO_LARGE),
    "a length beyond everything": (b"\x81\xff" + b"\xff" * 8 + MASK, frames.TOO_LARGE),
    "too much in pieces": (sent(TEXT, b"x" * MOST, final=False) + sent(CONTINUED, b"x"), frames.TOO_LARGE),
    "endless empty pieces": (sent(TEXT, final=False) + sent(CONTINUED, final=False) * MOST, frames.TOO_LARGE),
}


@pytest.mark.parametrize("pieces", PIECES.values(), ids=PIECES)
@pytest.mark.parametrize(("data", "code"), BROKEN.values(), ids=BROKEN)
def test_whoever_breaks_the_protocol_is_told_how(
    data: bytes, code: int, pieces: Callable[[bytes], list[bytes]]
) -> None:
    reader = Reader(MOST)
    with pytest.raises(Violation) as broken:
        [list(reader.feed(piece)) for piece in pieces(data)]
    assert broken.value.code == code


def test_what_came_before_a_broken_frame_is_taken() -> None:
    messages = Reader(MOST).feed(sent(TEXT, b"whole") + b"\x81\x05hello")
    assert next(messages) == (TEXT, "whole")
    with pytest.raises(Violation):
        next(messages)


def test_too_much_is_refused_before_it_arrives() -> None:
    with pytest.raises(Violation):
        list(Reader(MOST).feed(sent(TEXT, b"x" * (MOST + 1))[:8]))


@pytest.mark.parametrize("size", [0, 1, 3, 4, 5, 125, 1000])
def test_unmasking_is_an_exclusive_or_with_the_mask_over_and_over(size: int) -> None:
    data = os.urandom(size)
    assert frames.unmask(data, MASK) == bytes(byte ^ MASK[place % 4] for place, byte in enumerate(data))


# Over a real connection ----------------------------------------------------------------------------------


class Bare:
    """A TCP connection on which the bytes of a websocket are written by hand."""

    def __init__(self, server: Server, **headers: str) -> None:
        self.line = socket.create_connection(("127.0.0.1", server.port), 10)
        wanted = {
            "Host": f"127.0.0.1:{server.port}",
            "Connection": "Upgrade",
            "Upgrade": "websocket",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        lines = [f"{name}: {value}" for name, value in wanted.items() if value]
        request = "\r\n".join(["GET /socket.io/?EIO=4&transport=websocket HTTP/1.1", *lines, "", ""])
        self.line.sendall(request.encode())
        self.rest = b""
        self.head = self.read_until(b"\r\n\r\n").decode()

    def read_until(self, mark: bytes) -> bytes:
        while mark not in self.rest:
            data = self.line.recv(65_536)
            if not data:
                raise EOFError
            self.rest += data
        found, _, self.rest = self.rest.partition(mark)
        return found + mark

    def read(self, size: int) -> bytes:
        while len(self.rest) < size:
            data = self.line.recv(65_536)
            if not data:
                raise EOFError
            self.rest += data
        found, self.rest = self.rest[:size], self.rest[size:]
        return found

    def frame(self) -> tuple[int, bytes]:
        """The next frame: its first byte, which says that it is whole and of which kind, and what is in it."""
        first, size = self.read(2)
        if size == 126:
            size = int.from_bytes(self.read(2))
        return first, self.read(size)

    def joined(self, token: str) -> Bare:
        """In the namespace, after its hello."""
        self.line.sendall(sent(TEXT, b'40{"token":"%s"}' % token.encode()))
        while not self.frame()[1].startswith(b'42["hello"'):
            pass
        return self

    def is_ended(self) -> bool:
        """Whether the server ended the line."""
        try:
            while self.line.recv(65_536):
                pass
        except TimeoutError:
            return False
        except ConnectionError:
            pass
        return True


@pytest.fixture
def bare(server: Server) -> Iterator[Callable[..., Bare]]:
    opened: list[Bare] = []

    def open_one(**headers: str) -> Bare:
        opened.append(Bare(server, **headers))
        return opened[-1]

    yield open_one
    for each in opened:
        each.line.close()


def test_the_handshake_is_the_one_of_the_standard_and_takes_up_no_extension(bare: Callable[..., Bare]) -> None:
    line = bare(Sec_WebSocket_Extensions="permessage-deflate; client_max_window_bits")
    assert line.head.startswith("HTTP/1.1 101 ")
    assert "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in line.head
    assert "extensions" not in line.head.lower()
    assert line.frame()[1].startswith(b"0{")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_WebSocket_Key": ""},
        {"Sec_WebSocket_Key": "short"},
        {"Sec_WebSocket_Key": "dGhlIHNhbXBsZSBub25jZQ"},
        {"Sec_WebSocket_Version": "8"},
        {"Sec_WebSocket_Version": ""},
        {"Sec_WebSocket_Version": "", "Sec_WebSocket_Key": "", "Sec_WebSocket_Key1": "4 @1  46546xW%0l 1 5"},
    ],
)
def test_a_handshake_that_is_none_is_refused(bare: Callable[..., Bare], headers: dict[str, str]) -> None:
    assert bare(**headers).head.startswith("HTTP/1.1 400 ")


def test_a_message_is_heard_byte_by_byte_and_in_pieces_with_a_ping_between(
    bare: Callable[..., Bare], owner: Person
) -> None:
    line = bare().joined(owner.token)
    for byte in sent(TEXT, b'421["ping",{}]'):
        line.line.sendall(bytes([byte]))
    assert line.frame()[1].startswith(b'431[{"ok":true')
    line.line.sendall(sent(TEXT, b'422["pi', final=False) + sent(PING, b"still there?"))
    assert line.frame() == (0x8A, b"still there?")
    line.line.sendall(sent(CONTINUED, b'ng",{}]'))
    assert line.frame()[1].startswith(b'432[{"ok":true')


def test_a_goodbye_is_said_back_and_ends_the_line(bare: Callable[..., Bare], owner: Person) -> None:
    line = bare().joined(owner.token)
    line.line.sendall(sent(CLOSE, b"\x03\xe8bye"))
    assert line.frame() == (0x88, b"\x03\xe8")
    assert line.is_ended()


SMALL = {name: case for name, case in BROKEN.items() if case[1] != frames.TOO_LARGE}  # else by the server's own limit


@pytest.mark.parametrize(("data", "code"), SMALL.values(), ids=SMALL)
def test_a_broken_frame_ends_its_own_line_with_the_right_code(
    bare: Callable[..., Bare], owner: Person, data: bytes, code: int
) -> None:
    line = bare().joined(owner.token)
    line.line.sendall(data)
    assert line.frame() == (0x88, code.to_bytes(2))
    assert line.is_ended()
    assert bare().joined(owner.token)


def test_a_message_above_the_limit_ends_its_line_before_it_has_arrived(
    bare: Callable[..., Bare], owner: Person
) -> None:
    line = bare().joined(owner.token)
    line.line.sendall(sent(TEXT, b"x" * (MAX_FRAME + 1))[:14])
    assert line.frame() == (0x88, frames.TOO_LARGE.to_bytes(2))
    assert line.is_ended()


def test_what_was_sent_before_a_goodbye_is_kept(bare: Callable[..., Bare], owner: Person) -> None:
    line, channel = bare().joined(owner.token), owner.opens()
    body = b'42["message",{"channel_id":"%s","client_msg_id":"%s","text":"last words"}]'
    body %= (channel.encode(), str(uuid.uuid4()).encode())
    line.line.sendall(sent(TEXT, body) + sent(CLOSE))
    assert line.is_ended()

    def is_kept() -> bool:
        page = owner.get(f"/channels/{channel}/messages").data
        return [message["text"] for message in page["messages"]][-1:] == ["last words"]

    until(is_kept)
