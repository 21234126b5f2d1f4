"""A live connection through an API Gateway, with the face of the one over Socket.IO."""

from __future__ import annotations

import itertools
import json
import threading
import uuid
from collections.abc import Callable
from typing import Any

import websocket

from tests.support import PATIENCE, Person, Phone, Reply, until


class GatewayPhone(Phone):
    """Opened with a ticket; remembers everything it was told, and hears its hello as it first asks something."""

    def __init__(self, person: Person, url: str, ticket: str | None = None, **options: Any) -> None:
        self.person = person
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.troubles: list[dict[str, Any]] = []
        self.answers: dict[str, dict[str, Any]] = {}
        self.disconnected = threading.Event()
        self.numbers = itertools.count(1)
        ticket = person.post("/tickets").expect(201).data["ticket"] if ticket is None else ticket
        self.socket = websocket.WebSocket()
        try:
            address = f"{url}?ticket={ticket}" if ticket else url
            self.socket.connect(address, suppress_origin="origin" not in options, **options)
        except BaseException:
            self.socket.shutdown()
            raise
        self.reader = threading.Thread(target=self.reads, daemon=True)
        self.reader.start()
        self.asks("ping")
        self.hello = self.hears("hello")

    def reads(self) -> None:
        """Sort what comes until the connection ends."""
        try:
            while text := self.socket.recv():
                frame = json.loads(text)
                if frame.get("event") == "ack":
                    self.answers[frame["request_id"] or ""] = frame
                elif "event" in frame:
                    self.told.append((frame["event"], frame["data"]))
                else:
                    self.troubles.append(frame)
        except (websocket.WebSocketException, OSError):
            pass
        self.disconnected.set()

    def asks(self, action: str, payload: Any = None, timeout: float = PATIENCE) -> Reply:
        request_id = f"r{next(self.numbers)}"
        return self.asks_raw(json.dumps({"action": action, "request_id": request_id, **(payload or {})}), request_id)

    def asks_raw(self, frame: str, request_id: str = "") -> Reply:
        """Send a frame as it stands, and wait for the answer to this request."""
        self.answers.pop(request_id, None)
        self.socket.send(frame)
        answer = until(lambda: self.answers.get(request_id))
        assert answer["event"] == "ack"
        if answer["ok"] is True:
            return Reply(200, answer["data"])
        return Reply(0, {}, answer["error"])

    def hangs_up(self) -> None:
        self.socket.close()
        self.reader.join(PATIENCE)
        self.socket.shutdown()


def refused(open_phone: Callable[[], object]) -> int:
    """The HTTP status of a handshake that must fail."""
    try:
        open_phone()
    except websocket.WebSocketBadStatusException as error:
        return int(error.status_code)
    raise AssertionError("it was let in")


def message_of(channel_id: str, text: str) -> dict[str, Any]:
    return {"channel_id": channel_id, "client_msg_id": str(uuid.uuid4()), "text": text}
