"""Broadcasts the events of public channels over AWS AppSync Events, while this process holds the lease.

Nobody is answered here: who listens acts over REST, and heals by it what did not come. So a lost event costs a gap,
which ``prev`` shows, and one that was told twice is dropped by its number.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from chat import strict_json
from chat.aws.registry import Registry
from chat.basics import new_id
from chat.concurrency import start
from chat.journal import Event

log = logging.getLogger("chat.aws")
LEASE = 2  # the row of it; 1 is the API Gateway's
AT_ONCE = 5  # events that AppSync takes in one request
AT_ONCE_STREAMS = 4  # requests under way
MAX_EVENT = 240 * 1024  # bytes
MAX_WAITING = 2_000  # events of all streams; above, new ones are dropped, and leave a gap
TRIES = 4
FIRST_PAUSE = 0.2  # seconds before the second try, doubled before each further one


class Busy(Exception):
    """AppSync could not take it now; it may in a moment."""


class Sender(Protocol):
    """AppSync's own call; it may wait. Raises ``Busy`` when trying again is worth it."""

    def publish(self, stream_id: str, events: list[str]) -> None: ...


@dataclass
class AppSyncPublisher:
    """A publisher of the dispatcher's. It follows every public channel, because AppSync tells of no subscribers."""

    registry: Registry
    sender: Sender
    public_channels: Callable[[], set[str]]
    hold: Callable[[Sequence[str]], None]
    release: Callable[[Iterable[str]], None]
    lasts: timedelta = timedelta(seconds=2)
    holder: str = field(default_factory=new_id)
    holding: bool = False
    followed: set[str] = field(default_factory=set)
    _waiting: dict[str, deque[str]] = field(default_factory=dict)  # a stream in here has its turn coming
    _count: int = 0
    _ready: queue.SimpleQueue[str] = field(default_factory=queue.SimpleQueue)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _running: bool = False
    _stopping: bool = False

    # The face of a publisher -------------------------------------------------------------------------

    def tell(self, event: Event) -> None:
        """Put an event behind those of its stream that wait."""
        if not self.holding or event.stream not in self.followed:
            return
        text = strict_json.dumps({"event": event.name, "data": event.as_dict()})
        if len(text.encode()) > MAX_EVENT:
            log.warning("a %s is too long for AppSync; its readers ask for it", event.name)
            return
        with self._lock:
            self._start()
            if self._count >= MAX_WAITING:
                log.warning("too much waits for AppSync; an event was dropped, its readers ask for it")
                return
            self._count += 1
            if event.stream not in self._waiting:
                self._waiting[event.stream] = deque()
                self._ready.put(event.stream)
            self._waiting[event.stream].append(text)

    def open_sessions(self) -> set[str]:
        """None: AppSync does not say who is connected."""
        return set()

    def close_sessions(self, session_ids: Iterable[str]) -> None:
        """Nothing: AppSync closes no connection for us."""

    def tick(self) -> None:
        """Hold the lease or try to get it; holding it, follow the channels that are public now."""
        if self._stopping:
            return
        self.holding = self.registry.hold_lease(self.holder, self.lasts, LEASE)
        public = self.public_channels() if self.holding else set()
        if gone := self.followed - public:
            self.followed -= gone
            self.release(gone)
        if new := public - self.followed:
            self.hold(list(new))
            self.followed |= new

    def reset(self) -> None:
        """The streams begin anew: the dispatcher forgot them all, and the next tick follows them again."""
        self.followed = set()

    def stop(self) -> None:
        """The process ends: another may tell at once."""
        self._stopping = True
        if self.holding:
            self.holding = False
            self.registry.give_up_lease(self.holder)

    # Posting -----------------------------------------------------------------------------------------

    def _start(self) -> None:
        if not self._running:
            self._running = True
            for number in range(AT_ONCE_STREAMS):
                start(self._run, f"appsync-{number}")

    def _run(self) -> None:
        while True:
            stream = self._ready.get()
            with self._lock:
                waiting = self._waiting[stream]
                batch = [waiting.popleft() for _ in range(min(AT_ONCE, len(waiting)))]
                self._count -= len(batch)
            try:
                self._publish(stream, batch)
            except Exception as error:
                log.warning("events could not be published: %s", type(error).__name__)  # never what they say
            with self._lock:
                if self._waiting[stream]:
                    self._ready.put(stream)
                else:
                    del self._waiting[stream]

    def _publish(self, stream: str, batch: list[str]) -> None:
        for attempt in range(TRIES):
            # Asked before each try: an event may have waited while its channel was made private.
            if stream not in self.public_channels():
                return
            try:
                self.sender.publish(stream, batch)
            except Busy:
                if attempt == TRIES - 1:
                    raise
                time.sleep(FIRST_PAUSE * 2**attempt)
            else:
                return


class EventsApi:
    """The call of AWS, signed with whatever credentials this process has."""

    def __init__(self, endpoint: str, region: str, namespace: str) -> None:
        self.endpoint, self.region, self.namespace = endpoint, region, namespace
        self._session: Any = None
        self._http: Any = None
        self._making = threading.Lock()

    def publish(self, stream_id: str, events: Collection[str]) -> None:
        """Publish up to five events of a stream in their order."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.exceptions import HTTPClientError

        self._make()
        body = strict_json.dumps({"channel": f"/{self.namespace}/{stream_id}", "events": list(events)}).encode()
        request = AWSRequest("POST", self.endpoint, {"Content-Type": "application/json"}, body)
        SigV4Auth(self._session.get_credentials(), "appsync", self.region).add_auth(request)
        try:
            answer = self._http.send(request.prepare())
        except HTTPClientError:
            raise Busy("not reached") from None
        if answer.status_code == 429 or answer.status_code >= 500:
            raise Busy(str(answer.status_code))
        if answer.status_code in (401, 403):
            log.error("AWS refuses to publish: this server's role lacks appsync:EventPublish")
        if answer.status_code != 200 or strict_json.loads(answer.content).get("failed"):
            raise ValueError(f"AppSync answered {answer.status_code}")

    def _make(self) -> None:
        """Made when it is first needed: the default installation has no boto3."""
        with self._making:
            if self._http is None:
                import boto3
                from botocore.httpsession import URLLib3Session
                from botocore.utils import get_environ_proxies

                self._session = boto3.Session()
                proxies = get_environ_proxies(self.endpoint)
                self._http = URLLib3Session(proxies=proxies, timeout=(2, 5), max_pool_connections=AT_ONCE_STREAMS)
