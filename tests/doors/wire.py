"""A WebSocket that speaks Engine.IO and Socket.IO by hand, so that it can also speak them badly."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import websocket

from tests.support import PATIENCE, Server

Gone = (websocket.WebSocketException, ConnectionError)


class Wire:
    """One bare connection. ``frames`` is everything that came over it, but for pings."""

    def __init__(self, server: Server, *, through: dict[str, Any] | None = None, **headers: str) -> None:
        address = f"{server.url.replace('http', 'ws', 1)}/socket.io/?EIO=4&transport=websocket"
        self.socket = websocket.create_connection(
            address, PATIENCE, header=headers, **{"suppress_origin": True, **(through or {})}
        )
        self.frames: list[str] = []
        self.last_ack_id = 0
        self.opened = json.loads(self.reads().removeprefix("0"))

    def connects(self, token: str | None) -> Wire:
        """Join the namespace as the holder of this token, and wait for hello."""
        self.sends("40" + (json.dumps({"token": token}) if token else ""))
        self.reads_until(lambda frame: frame.startswith('42["hello"'))
        return self

    def sends(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            self.socket.send_binary(frame)
        else:
            self.socket.send(frame)

    def reads(self) -> str:
        """The next frame; an engine's ping is answered on the way."""
        while (frame := self.takes()) == "2":
            self.sends("3")
        self.frames.append(frame)
        return frame

    def takes(self) -> str:
        """The next frame, whatever it is."""
        opcode, data = self.socket.recv_data()
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            raise websocket.WebSocketConnectionClosedException(str(data))
        return str(data.decode())

    def reads_until(self, that: Callable[[str], bool]) -> str:
        """The next frame of which ``that`` holds."""
        while not that(frame := self.reads()):
            pass
        return frame

    def asks(self, event: str) -> dict[str, Any]:
        """Send an event, written as the JSON array it stands in, and wait for its acknowledgement."""
        self.last_ack_id += 1
        self.sends(f"42{self.last_ack_id}{event}")
        return self.acknowledged(self.last_ack_id)

    def acknowledged(self, ack_id: int) -> dict[str, Any]:
        """Wait for the acknowledgement of this number."""
        frame = self.reads_until(lambda frame: frame.startswith(f"43{ack_id}["))
        [answer] = json.loads(frame.removeprefix(f"43{ack_id}"))
        return answer

    def is_heard(self) -> bool:
        """Whether it is still connected, and answered."""
        try:
            return bool(self.asks('["ping",{}]')["ok"])
        except Gone:
            return False

    def is_closed(self, within: float = 3.0) -> bool:
        """Whether the server hangs up, within seconds."""
        end = time.monotonic() + within
        self.socket.settimeout(within)
        try:
            while time.monotonic() < end:
                self.reads()
        except websocket.WebSocketTimeoutException:
            return False
        except Gone:
            return True
        return False

    def hangs_up(self) -> None:
        self.socket.shutdown()
