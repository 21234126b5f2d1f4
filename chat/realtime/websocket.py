"""Eventlet's WebSocket, made fair: it unmasks fast, bounds a message of many frames, and lets others have their turn.

Only for a process that eventlet patched. Its private parts are pinned by tests/realtime/test_seams.py.
"""

from __future__ import annotations

from typing import Any

import eventlet
import eventlet.websocket

from chat.rates import Pace

TURN = 8  # frames read before others get their turn: a socket that always has more would never let go


class FairMessage(eventlet.websocket.RFC6455WebSocket.Message):
    """A message of one frame or many; the library bounds each frame only."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.size = 0

    def push(self, data: bytes, final: bool = False) -> None:
        self.size += max(1, len(data))  # empty pieces take room too
        if self.size > self.max_frame_length:
            raise eventlet.websocket.FailedConnectionError(1009, "Incoming message is above the length limit.")
        super().push(data, final)


class FairWebSocket(eventlet.websocket.RFC6455WebSocket):
    """What the server reads from; a client that floods it is slowed down, and slows down nobody else."""

    Message = FairMessage
    frames_per_second: tuple[float, int] | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.frames = 0
        self.pace = Pace(*self.frames_per_second) if self.frames_per_second else None

    def _recv_frame(self, message: Any = None) -> Any:
        while self.pace and (wait := self.pace.take()):
            eventlet.sleep(wait)
        self.frames += 1
        if self.frames % TURN == 0:
            eventlet.sleep(0)
        return super()._recv_frame(message)

    @staticmethod
    def _apply_mask(data: bytes, mask: tuple[int, ...], length: int | None = None, offset: int = 0) -> bytes:
        """One XOR of two long numbers: 130 times as fast as byte by byte, which stalls everyone for 40 ms a frame."""
        size = len(data) if length is None else length
        turn = offset % 4
        key = bytes([*mask[turn:], *mask[:turn]]) * (size // 4 + 1)
        return (int.from_bytes(data[:size]) ^ int.from_bytes(key[:size])).to_bytes(size)


def install(frames_per_second: tuple[float, int] | None) -> None:
    """Let eventlet make these instead of its own, read at this pace."""
    FairWebSocket.frames_per_second = frames_per_second
    eventlet.websocket.RFC6455WebSocket = FairWebSocket
