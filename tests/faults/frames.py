"""WebSocket frames in a stream of bytes: where each begins and ends, and what it says."""

from __future__ import annotations

from typing import NamedTuple

TEXT_IN_ONE = 0x81  # a whole text message in one frame, not compressed
DURABLE = ("message", "channel", "member", "channel_joined", "channel_left", "read")


class Frame(NamedTuple):
    """One frame as it travels; ``text`` is what it says, and None for all but whole texts."""

    raw: bytes
    kind: int
    mask: bytes
    payload: bytes

    @property
    def text(self) -> str | None:
        if self.kind != TEXT_IN_ONE:
            return None
        payload = self.payload
        if self.mask:
            key = int.from_bytes((self.mask * (len(payload) // 4 + 1))[: len(payload)], "big")
            payload = (int.from_bytes(payload, "big") ^ key).to_bytes(len(payload), "big")
        return payload.decode("utf-8", "replace")


def end_of_frame(data: bytes | bytearray, start: int) -> int:
    """Where the frame ends that begins at ``start``; 0 when that is not known yet or it is not all there."""
    return sum(bounds[1:]) if (bounds := measure(data, start)) and sum(bounds[1:]) <= len(data) else 0


def measure(data: bytes | bytearray, start: int) -> tuple[int, int, int] | None:
    """Of the frame at ``start``: the length of its mask, where its payload begins, and its payload's length."""
    if len(data) < start + 2:
        return None
    length, body = data[start + 1] & 127, start + 2
    if length > 125:
        body += 2 if length == 126 else 8
        if len(data) < body:
            return None
        length = int.from_bytes(data[start + 2 : body], "big")
    mask = 4 if data[start + 1] & 128 else 0
    return mask, body + mask, length


def frame_at(data: bytes | bytearray, start: int, end: int) -> Frame:
    """The frame between these places."""
    bounds = measure(data, start)
    assert bounds
    mask, body, _ = bounds
    return Frame(bytes(data[start:end]), data[start], bytes(data[body - mask : body]), bytes(data[body:end]))


def is_durable(text: str) -> bool:
    """Whether a frame from the server tells a numbered change of a stream."""
    return text.startswith("42[") and text[4 : text.find('"', 4)] in DURABLE


def is_asked(text: str) -> bool:
    """Whether a frame from a client asks an action and wants an answer."""
    return text.startswith("42") and text[2:3].isdigit()
