"""Posts frames to the API Gateway's connections: each connection's in their order, many connections at once."""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from chat import strict_json
from chat.concurrency import start

log = logging.getLogger("chat.aws")
AT_ONCE = 32  # posts under way; each waits for the network
MAX_MESSAGE = 128 * 1024  # bytes that the API Gateway takes in one message
MAX_WAITING = 512  # frames that wait for one connection; above, it is closed, and catches up on coming back
CLOSE = b""  # stands in a queue for: close the connection


class Gone(Exception):
    """The connection does not exist (any more)."""


class Sender(Protocol):
    """The API Gateway's own calls; both may wait, and raise ``Gone`` for a connection that is not there."""

    def send(self, connection_id: str, frame: bytes) -> None: ...

    def close(self, connection_id: str) -> None: ...


@dataclass
class Post:
    """How the rooms, and the door with its answers, reach people over the API Gateway. No call waits.

    ``gone`` hears of every connection that turned out not to be there, or was closed.
    """

    sender: Sender
    gone: Callable[[str], None] = lambda _connection_id: None
    rooms: dict[str, set[str]] = field(default_factory=dict)
    _waiting: dict[str, deque[bytes]] = field(default_factory=dict)  # a connection in here has its turn coming
    _ready: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)
    _lock: threading.Condition = field(default_factory=threading.Condition)
    _running: bool = False

    def emit(self, name: str, payload: dict[str, Any], *, room: str, skip: Collection[str] = ()) -> None:
        """Send an event to everyone in a room."""
        if frame := self._frame(name, payload):
            for connection_id in self.rooms.get(room, set()) - set(skip):
                self.put(connection_id, frame)

    def emit_to(self, sid: str, name: str, payload: dict[str, Any]) -> None:
        """Send an event to one connection."""
        if frame := self._frame(name, payload):
            self.put(sid, frame)

    def _frame(self, name: str, payload: dict[str, Any]) -> bytes:
        """An event as it travels; none when it is too long: a durable one leaves a gap, which clients close by sync."""
        frame = pack({"event": name, "data": payload})
        if len(frame) <= MAX_MESSAGE:
            return frame
        log.warning("a %s is too long for the API Gateway; its readers ask for it", name)
        return b""

    def has_people(self, room: str) -> bool:
        """Whether an event to this room would reach anyone."""
        return room in self.rooms

    def enter(self, sid: str, room: str) -> None:
        """Let a connection hear what is sent to a room."""
        self.rooms.setdefault(room, set()).add(sid)

    def leave(self, sid: str, room: str) -> None:
        """Take it out again."""
        if members := self.rooms.get(room):
            members.discard(sid)
            if not members:
                del self.rooms[room]

    def kick(self, sid: str) -> None:
        """Close a connection, behind what waits for it."""
        self.put(sid, CLOSE)

    hang_up = kick  # the API Gateway knows one way to close; whether to come back the client learns from its ticket

    def put(self, connection_id: str, frame: bytes) -> None:
        """Have a frame sent behind those that wait for the same connection."""
        with self._lock:
            self._start()
            waiting = self._waiting.get(connection_id)
            if waiting is None:
                waiting = self._waiting[connection_id] = deque()
                self._ready.put(connection_id)
            if len(waiting) >= MAX_WAITING:
                waiting.clear()
                frame = CLOSE
            waiting.append(frame)

    def wait(self, seconds: float) -> None:
        """Wait until nothing waits to be sent, for as long at most."""
        with self._lock:
            self._lock.wait_for(lambda: not self._waiting, seconds)

    def _start(self) -> None:
        if not self._running:
            self._running = True
            for number in range(AT_ONCE):
                start(self._run, f"aws-post-{number}")

    def _run(self) -> None:
        while True:
            connection_id = self._ready.get()
            with self._lock:  # whoever put it there may not have come to putting its frame
                frame = self._waiting[connection_id].popleft()
            self._send(connection_id, frame)
            with self._lock:
                if self._waiting[connection_id]:
                    self._ready.put(connection_id)  # at the end, so that a busy connection keeps nobody waiting
                else:
                    del self._waiting[connection_id]
                    self._lock.notify_all()

    def _send(self, connection_id: str, frame: bytes) -> None:
        try:
            if frame == CLOSE:
                self.sender.close(connection_id)
                raise Gone
            self.sender.send(connection_id, frame)
        except Gone:
            with self._lock:
                self._waiting[connection_id].clear()
            self._tell_gone(connection_id)
        except Exception as error:
            # It is lost for this connection, which finds the gap by the next event or by its heads.
            log.warning("a frame could not be posted: %s", error)

    def _tell_gone(self, connection_id: str) -> None:
        try:
            self.gone(connection_id)
        except Exception:
            log.exception("a connection that is gone could not be taken out")


class ManagementApi:
    """The calls of AWS, signed by boto3 with whatever credentials this process has."""

    def __init__(self, endpoint: str, region: str) -> None:
        self.endpoint, self.region = endpoint, region
        self._client: Any = None
        self._making = threading.Lock()

    @property
    def client(self) -> Any:
        """Made when it is first needed: the default installation has no boto3."""
        with self._making:
            if self._client is None:
                import boto3
                from botocore.config import Config

                options = Config(
                    retries={"mode": "standard", "total_max_attempts": 3},
                    connect_timeout=2,
                    read_timeout=5,
                    max_pool_connections=AT_ONCE,
                )
                self._client = boto3.client(
                    "apigatewaymanagementapi", endpoint_url=self.endpoint, region_name=self.region, config=options
                )
            return self._client

    def send(self, connection_id: str, frame: bytes) -> None:
        """Post one frame; raises Gone, or what boto3 raises when its own tries were in vain."""
        self._call("post_to_connection", ConnectionId=connection_id, Data=frame)

    def close(self, connection_id: str) -> None:
        """Close a connection; one that is closed already is fine."""
        self._call("delete_connection", ConnectionId=connection_id)

    def _call(self, name: str, **arguments: Any) -> None:
        from botocore.exceptions import ClientError

        try:
            getattr(self.client, name)(**arguments)
        except ClientError as error:
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            if status in (400, 410):  # 410 is not always GoneException; 400 is an id that was never one
                raise Gone from None
            if status == 403:
                log.error("AWS refuses %s: this server's role lacks execute-api:ManageConnections", name)
            raise


def region_of(endpoint: str) -> str:
    """The region that an address of AWS's names, or that the environment does for addresses of one's own."""
    parts = (urlsplit(endpoint).hostname or "").split(".")
    named = parts[2] if len(parts) > 3 and parts[1] in ("execute-api", "appsync-api") else ""
    return named or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def pack(frame: dict[str, Any]) -> bytes:
    """A frame as it travels."""
    return strict_json.dumps(frame).encode()
