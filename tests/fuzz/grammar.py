"""Frames that nobody should send: made by the grammar of Engine.IO and Socket.IO, then bent; and bytes below both."""

from __future__ import annotations

import json
import struct
from random import Random
from typing import Any

from chat.dispatch import LIVE

WORDS = [
    "",
    "a",
    "message",
    "__proto__",
    "constructor",
    "\0",
    "\ud800",
    "🙂",
    "é" * 50,
    "x" * 3000,
    "../..",
    "' OR 1=1",
    "<b>",
]
WORDS += ["connect", "disconnect", "_placeholder", "num", "-1", "1e999", "²", "\u2028", "\r\n", "\x1e", "%00"]
NUMBERS = [0, -1, 1, 2**31, 2**53, 2**63, 2**64, -(2**63), 1.5, 1e308, 10**400]
NAMESPACES = ["", "", "", "/,", "/admin,", "/" + "n" * 300 + ",", "/,,", "/\0,", "/?token=x,"]


class Grammar:
    """Makes things up; the same seed makes up the same. ``ids`` are of things that exist and are not one's own."""

    def __init__(self, seed: int, ids: list[str]) -> None:
        self.random, self.ids = Random(seed), ids

    def value(self, depth: int = 0) -> Any:
        """Any JSON value, and some that JSON has not."""
        kind = self.random.randrange(9 if depth < 4 else 6)
        if kind == 0:
            return self.random.choice([None, True, False])
        if kind == 1:
            return self.random.choice([*NUMBERS, float("nan"), float("inf")])
        if kind < 6:
            return self.random.choice([*WORDS, *self.ids])
        if kind == 6:
            return [self.value(depth + 1) for _ in range(self.random.randrange(4))]
        return {self.random.choice(WORDS): self.value(depth + 1) for _ in range(self.random.randrange(4))}

    def arguments(self, action: str) -> dict[str, Any]:
        """An action's own arguments, each right in name and rarely in value."""
        names = [*LIVE[action].params.fields]
        return {name: self.value(2) for name in names if self.random.random() < 0.8}

    def event(self) -> str:
        """An event, as the array it stands in."""
        action = self.random.choice([*LIVE])
        event: Any = [action, self.arguments(action)]
        if self.random.random() < 0.3:
            event = self.random.choice(
                [[self.value()], [action, self.value()], [action, {}, self.value()], self.value()]
            )
        text = json.dumps(event, ensure_ascii=self.random.random() < 0.5)
        return text if self.random.random() < 0.95 else "[" * self.random.randrange(5000) + text

    def packet(self) -> str:
        """A Socket.IO packet in an Engine.IO one."""
        engine = self.random.choice("4444444444012356789x")
        kind = self.random.choice("22222222220134567 9²")
        attachments = self.random.choice(["", "", "", "", "0-", "1-", "99999999999-", "-"])
        number = self.random.choice(["", "1", "2", "0", "9" * 20, "٣", "1" * 3000])
        return f"{engine}{kind}{attachments}{self.random.choice(NAMESPACES)}{number}{self.event()}"

    def bent(self, frame: str) -> str:
        """The same frame with a few characters gone, doubled, moved or exchanged."""
        for _ in range(self.random.randrange(4)):
            at, to = sorted(self.random.randrange(len(frame) + 1) for _ in range(2))
            frame = self.random.choice(
                [
                    frame[:at] + frame[to:],
                    frame[:to] + frame[at:to][:2000] + frame[to:],
                    frame[:at] + self.random.choice(WORDS) + frame[at:],
                    frame[:at]
                    + chr(self.random.choice([0, 9, 30, 34, 44, 91, 93, 123, 125, 955, 0x1F642]))
                    + frame[to:],
                ]
            )
        return frame[:60_000]

    def text(self) -> bytes:
        """A frame's text, well-formed UTF-8 more often than not."""
        frame = self.bent(self.packet()).encode("utf-8", "surrogatepass")
        if self.random.random() < 0.1:
            frame += self.random.choice([b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80"])
        return frame

    def polled(self) -> bytes:
        """The body of a long-polling request: packets, and what stands between them."""
        between = self.random.choice([b"\x1e", b"\x1e", b"\x1e\x1e", b"", b"\n", b"d="])
        return between.join(self.text() for _ in range(self.random.randrange(1, 6)))[:70_000]

    def bytes_on_the_wire(self) -> bytes:
        """A websocket frame by hand: bits, lengths, masks and opcodes as nobody has to respect them."""
        payload = self.random.choice(
            [b"", self.text(), self.random.randbytes(self.random.randrange(300)), b"\x03\xe8bye"]
        )
        first = self.random.choice([0x81, 0x81, 0x01, 0x00, 0x80, 0x82, 0x88, 0x89, 0x8A, 0x09, 0x83, 0x8F, 0xC1, 0xF1])
        masked = self.random.random() < 0.8
        told = self.random.choice([len(payload)] * 6 + [0, len(payload) + 7, 70_000, 2**40, 2**63, 2**64 - 1])
        form = 7 if told < 126 else 16 if told < 65536 else 64
        if self.random.random() < 0.1 and told < 65536:
            form = 64  # longer than it need be
        second = 0x80 * masked
        length = {7: bytes([second | told & 127]), 16: bytes([second | 126]) + struct.pack("!H", told & 0xFFFF)}.get(
            form, bytes([second | 127]) + struct.pack("!Q", told)
        )
        mask = self.random.randbytes(4) if masked else b""
        coded = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload)) if masked else payload
        frame = bytes([first]) + length + mask + coded
        return frame if self.random.random() < 0.9 else frame[: self.random.randrange(len(frame) + 1)]
