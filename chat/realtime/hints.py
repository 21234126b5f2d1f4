"""Hints between processes, over Redis: what one of them committed reaches the others at once, not with their next tick.

They carry no truth, and any of them may be lost. An event that comes along goes straight out only where it follows
the one told before, as with commits of one's own; otherwise the rows are read. Whoever can write to this Redis can make
nobody believe anything: hints are signed with the installation's key, which also names their channel. Nothing waits
for Redis but the two threads here: what it does not take is dropped, and the ticks go on without it.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from redis import ConnectionPool, Redis, RedisError
from redis.backoff import NoBackoff
from redis.client import PubSub
from redis.retry import Retry

from chat import failpoints, metrics, strict_json
from chat.basics import new_id
from chat.concurrency import start
from chat.journal import Event, Events
from chat.realtime.dispatcher import Dispatcher

log = logging.getLogger("chat.hints")
FORMAT = 1  # part of the channel's name: processes of different versions do not talk past each other
AT_ONCE = 32  # hints that are published together
WAITING = 1000  # hints that wait to be published; more are dropped
LARGEST = 131_072  # characters of one publication; where the events would make it larger, they are left to be read
STALE = 2.0  # seconds after which the ticks have told whatever a hint would
PATIENCE = 1.0  # seconds that Redis may take for an answer
SILENCE = 2.0  # seconds without a word after which Redis is asked whether it is still there
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 2.0  # seconds before the next try, longer each time
STEADY = 10.0  # seconds that it went well for the pauses to begin anew


class Hint(NamedTuple):
    """One thing to say: ``about`` one of STREAM, SESSIONS and TYPING."""

    about: str
    what: Any
    said: float


STREAM, SESSIONS, TYPING = "stream", "sessions", "typing"


@dataclass
class Hints:
    """Wakes the dispatcher of this process and, if there is a Redis, those of all others. One per app."""

    dispatcher: Dispatcher
    url: str = ""
    key: str = ""
    hear_typing: Callable[[str, str, str | None, bool], None] = lambda *_: None
    me: str = field(default_factory=new_id)
    _waiting: queue.Queue[Hint] = field(default_factory=lambda: queue.Queue(WAITING))
    _is_running: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    # What this process says ------------------------------------------------------------------------

    def wake(self, told: Events) -> None:
        """Streams have new events, just committed here: tell them here, and let the others know."""
        self.dispatcher.wake(told)
        for each in told.items():
            self._say(STREAM, each)

    def close_sessions(self, session_ids: list[str]) -> None:
        """Sessions have ended: their connections close, wherever they are."""
        self.dispatcher.close_sessions(session_ids)
        self._say(SESSIONS, session_ids)

    def say_typing(self, user_id: str, channel_id: str, thread_id: str | None, on: bool) -> None:
        """Someone here writes, or stopped: those who look elsewhere are to see it too."""
        self._say(TYPING, [user_id, channel_id, thread_id, on])

    def _say(self, about: str, what: Any) -> None:
        if not self.url:
            return
        self.run()
        try:
            self._waiting.put_nowait(Hint(about, what, time.monotonic()))
        except queue.Full:  # Redis takes nothing: the ticks of the others will do
            metrics.HINTS_DROPPED.inc()

    def run(self) -> None:
        """Begin to say and to listen, in the background; once is enough."""
        with self._lock:
            if self._is_running or not self.url:
                return
            self._is_running = True
        start(lambda: self._keep(self._publish), "hints to others")
        start(lambda: self._keep(self._listen), "hints of others")

    # The two threads -------------------------------------------------------------------------------

    def _keep(self, task: Callable[[Redis], None]) -> None:
        """Do it for as long as the process lives: where Redis fails, again after a pause that grows."""
        pause = SHORTEST_PAUSE
        while True:
            began = time.monotonic()
            try:
                with connect(self.url) as redis:
                    task(redis)
            except (RedisError, OSError) as error:
                metrics.REDIS_FAILURES.inc()
                if pause == SHORTEST_PAUSE:  # a line for each outage, not for each try
                    log.warning("Redis fails (%s): other processes hear by their tick", type(error).__name__)
            except Exception:
                log.exception("the hints failed; they are taken up again")
            time.sleep(pause)
            pause = SHORTEST_PAUSE if time.monotonic() - began > STEADY else min(2 * pause, LONGEST_PAUSE)

    def _publish(self, redis: Redis) -> None:
        """Publish what is said, all that waits together."""
        while True:
            hints = [self._waiting.get()]
            while len(hints) < AT_ONCE and not self._waiting.empty():
                hints.append(self._waiting.get())
            fresh = [hint for hint in hints if time.monotonic() - hint.said < STALE]
            metrics.HINTS_DROPPED.inc(len(hints) - len(fresh))
            if fresh:
                failpoints.hit("before_hint")
                redis.publish(self.channel, self.sealed(fresh))
                metrics.HINTS.labels("said").inc()

    def _listen(self, redis: Redis) -> None:
        """Pass on what the others say; raises TimeoutError when Redis does not even answer a ping."""
        with PubSub(redis.connection_pool) as line:
            line.subscribe(self.channel)
            while True:
                message = hears(line)
                if message["type"] == "message" and (said := self.opened(message["data"])):
                    self._pass_on(said)

    def _pass_on(self, said: dict[str, Any]) -> None:
        """Do what another process did to itself; of another epoch, nothing: the poll finds out which is right."""
        if said["from"] == self.me or said["epoch"] != self.dispatcher.known_epoch():
            return
        metrics.HINTS.labels("heard").inc()
        told = {stream_id: [Event(stream_id, *event) for event in events] for stream_id, events in said[STREAM].items()}
        if told:
            self.dispatcher.wake(told)
        if said[SESSIONS]:
            self.dispatcher.close_sessions(said[SESSIONS])
        for sign in said[TYPING]:
            self.hear_typing(*sign)

    # How it is written -----------------------------------------------------------------------------

    @property
    def channel(self) -> str:
        """Where this installation's processes meet: others on the same Redis have another key."""
        return f"parley:{FORMAT}:{self._sign(b'channel')[:16]}"

    def sealed(self, hints: list[Hint]) -> str:
        """Hints as they are published: a signature and one JSON object."""
        events: dict[str, list[Any]] = defaultdict(list)
        for stream_id, told in (hint.what for hint in hints if hint.about == STREAM):
            events[stream_id] += [[event.prev, event.seq, event.name, event.body, event.recount] for event in told]
        said = {
            "from": self.me,
            "epoch": self.dispatcher.known_epoch(),
            STREAM: events,
            SESSIONS: [session for hint in hints if hint.about == SESSIONS for session in hint.what],
            TYPING: [hint.what for hint in hints if hint.about == TYPING],
        }
        body = strict_json.dumps(said)
        if len(body) > LARGEST:
            body = strict_json.dumps({**said, STREAM: dict.fromkeys(events, ())})
        return self._sign(body.encode()) + body

    def opened(self, sealed: bytes) -> dict[str, Any] | None:
        """What a process of this installation published; None: it was none."""
        signature, body = sealed[:64], sealed[64:]
        if not hmac.compare_digest(signature, self._sign(body).encode()):
            return None
        said: dict[str, Any] = json.loads(body)
        return said

    def _sign(self, body: bytes) -> str:
        return hmac.digest(self.key.encode(), b"hint" + body, hashlib.sha256).hex()


def connect(url: str) -> Redis:
    """A client that waits for nothing long and repeats nothing by itself, whatever the address says."""
    pool = ConnectionPool.from_url(url, protocol=2, maint_notifications_config=None)
    patience = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE, "retry": Retry(NoBackoff(), 0)}
    pool.connection_kwargs.update(patience)  # here, as what the address asks for would win above
    return Redis.from_pool(pool)


def hears(line: PubSub) -> dict[str, Any]:
    """The next thing that comes over this connection, which may be the answer to our asking whether it still works."""
    message = line.get_message(timeout=SILENCE)
    if message is None:
        line.ping()
        message = line.get_message(timeout=SILENCE)
    if message is None:
        raise TimeoutError("Redis is silent")
    return dict(message)
