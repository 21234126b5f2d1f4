"""Tells durable events, in order, after their commit: the only thing in the process that does.

A stream is followed while someone here listens to it. The dispatcher is woken by a local commit or by another
process's hint, or finds a change by its poll tick; an event at hand goes straight out only if it follows the one told
before, otherwise the rows that changed are read and told in order. What it tells is handed to the publishers, each of
which knows its connections.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from chat import failpoints, metrics
from chat.basics import now
from chat.concurrency import start
from chat.journal import Event, Events

log = logging.getLogger("chat.dispatcher")
READ_AT_ONCE = 200
RECHECK_SECONDS = 60.0  # how often the sessions of open connections are looked at whether they still hold
OVERLAP = timedelta(seconds=10)  # a commit may become visible this long after the moment it was stamped with


class Publisher(Protocol):
    """A door's hands: tells its own connections what the dispatcher passes on."""

    def tell(self, event: Event) -> None:
        """Pass on a durable event. Must not wait for anything; the dispatcher's lock is held meanwhile."""

    def open_sessions(self) -> set[str]:
        """The sessions of the open connections."""

    def close_sessions(self, session_ids: Iterable[str]) -> None:
        """Close the connections of sessions that have ended."""

    def tick(self) -> None:
        """Do what is due by the clock."""

    def reset(self) -> None:
        """Close every connection: what they hold belongs to another epoch."""


class Reader(Protocol):
    """What the dispatcher reads from the database, each call in one snapshot."""

    def heads(self, stream_ids: Iterable[str]) -> dict[str, int]: ...

    def changes(self, stream_id: str, after: int, limit: int) -> tuple[list[Event], int]: ...

    def epoch(self) -> str: ...

    def sessions_ended_since(self, moment: datetime) -> list[str]: ...

    def sessions_that_hold(self, session_ids: Iterable[str]) -> set[str]: ...


@dataclass
class Followed:
    """A stream someone here listens to: how many do, and the number that was told last."""

    listeners: int = 0
    sent: int = -1
    known: threading.Event = field(default_factory=threading.Event)


@dataclass
class Dispatcher:
    """Follows streams and tells their events to the publishers; ``poll_seconds`` 0 switches the tick off."""

    reader: Reader
    poll_seconds: float = 1.0
    publishers: list[Publisher] = field(default_factory=list)
    followed: dict[str, Followed] = field(default_factory=dict)
    begins_with: list[Callable[[], None]] = field(default_factory=list)  # what is begun with the first listener
    epoch: str | None = None
    _work: queue.SimpleQueue[Callable[[], None]] = field(default_factory=queue.SimpleQueue)
    lock: threading.RLock = field(default_factory=threading.RLock)  # the publishers share it
    _running: bool = False
    _asked_at: datetime = field(default_factory=now)
    _recheck_due: float = field(default_factory=lambda: time.monotonic() + RECHECK_SECONDS)

    # Listening -----------------------------------------------------------------------------------

    def hold(self, stream_ids: Sequence[str]) -> None:
        """Begin to follow streams for one more listener each.

        On return the last told number of each is set, from a head that was read before the listener reads anything:
        whatever is committed later will be told.
        """
        self.start()
        with self.lock:
            fresh = [stream for stream in stream_ids if stream not in self.followed]
            for stream in stream_ids:
                self.followed.setdefault(stream, Followed()).listeners += 1
            waiting = [self.followed[stream] for stream in stream_ids]
        if fresh:
            try:
                self.known_epoch()  # or one that begins before the first poll would not be noticed
                heads = self.reader.heads(fresh)
            except BaseException:
                self.release(stream_ids)
                raise
            with self.lock:
                for stream in fresh:
                    if (entry := self.followed.get(stream)) and entry.sent < 0:
                        entry.sent = heads.get(stream, 0)
                        entry.known.set()
        for entry in waiting:
            entry.known.wait()

    def release(self, stream_ids: Iterable[str]) -> None:
        """One listener less for each of these streams."""
        with self.lock:
            for stream in stream_ids:
                if entry := self.followed.get(stream):
                    entry.listeners -= 1
                    if entry.listeners <= 0:
                        del self.followed[stream]
                        entry.known.set()

    @property
    def waiting(self) -> int:
        """Tasks that wait for their turn."""
        return self._work.qsize()

    def sent(self, stream_id: str) -> int | None:
        """The number of a followed stream that was told last."""
        entry = self.followed.get(stream_id)
        return entry.sent if entry and entry.sent >= 0 else None

    # Telling -------------------------------------------------------------------------------------

    def wake(self, told: Events) -> None:
        """Streams have new events, just committed; they are told by the background, off the senders' path.

        No events: which ones is not known, so the stream is looked at. What shared a commit is one task.
        """
        followed = {stream_id: events for stream_id, events in told.items() if stream_id in self.followed}
        if followed:
            committed_at = time.monotonic()
            self._work.put(lambda: self._pass_on_all(followed, committed_at))

    def close_sessions(self, session_ids: list[str]) -> None:
        """Sessions have ended: their connections close."""
        self._work.put(lambda: self._each(lambda publisher: publisher.close_sessions(session_ids)))

    def soon(self, task: Callable[[], None]) -> None:
        """Run something in the background, in turn with the telling."""
        self._work.put(task)

    def known_epoch(self) -> str:
        """The epoch by which this process tells; the poll notices when another one has begun."""
        self.epoch = self.epoch or self.reader.epoch()
        return self.epoch

    def _pass_on_all(self, told: Events, committed_at: float) -> None:
        behind = []
        with self.lock:  # once for all: it is a green one, and takes as long as telling one event
            for stream_id, events in told.items():
                try:
                    if not self._pass_on(stream_id, events):
                        behind.append(stream_id)
                except Exception:
                    log.exception("the dispatcher failed to tell an event")
        for stream_id in behind:
            self._try(partial(self._catch_up, stream_id))
        metrics.DELIVERY_LAG.observe(time.monotonic() - committed_at)

    def _pass_on(self, stream_id: str, events: list[Event]) -> bool:
        """Tell what follows the event told before; False: something is missing, and the rows have to be read."""
        entry = self.followed.get(stream_id)
        if entry is None:
            return True
        for event in events:
            if event.seq > entry.sent:
                if event.prev != entry.sent:
                    return False
                self._tell(entry, event)
        return bool(events)

    def _catch_up(self, stream_id: str) -> None:
        """Read what changed since the last told number, and tell it in order."""
        while (entry := self.followed.get(stream_id)) and entry.sent >= 0:
            metrics.CATCH_UPS.inc()
            events, head = self.reader.changes(stream_id, entry.sent, READ_AT_ONCE)
            for event in events:
                if event.seq > entry.sent:
                    with self.lock:
                        self._tell(entry, event)
            if entry.sent >= head:
                return
            if not events:
                entry.sent = head  # retention removed what had changed last: there is nothing to tell of it any more

    def _tell(self, entry: Followed, event: Event) -> None:
        """Hand an event to the publishers, with the lock held."""
        failpoints.hit("in_dispatch")
        # Nothing may yield between the telling and the new number, or another event could slip between them.
        self._each(lambda publisher: publisher.tell(event))
        entry.sent = event.seq

    def _each(self, task: Callable[[Publisher], None]) -> None:
        for publisher in self.publishers:
            try:
                task(publisher)
            except Exception:
                log.exception("a publisher failed")  # the others go on; its connections heal by their heads

    # The tick ------------------------------------------------------------------------------------

    def poll(self) -> None:
        """Find what nobody told this process: changes of others, or of a commit that died before it was told."""
        epoch = self.reader.epoch()
        with self.lock:
            following = {stream: entry.sent for stream, entry in self.followed.items() if entry.sent >= 0}
        heads = self.reader.heads(following) if following else {}
        if (self.epoch or epoch) != epoch or any(heads.get(stream, 0) < sent for stream, sent in following.items()):
            log.warning("the database was restored: all connections start anew")
            metrics.EPOCHS.inc()
            self._each(lambda publisher: publisher.reset())
            with self.lock:
                self.followed.clear()
            following = {}
        self.epoch = epoch
        for stream, sent in following.items():
            if heads.get(stream, 0) > sent:
                self._catch_up(stream)
        asked_at, self._asked_at = self._asked_at, now()
        if ended := self.reader.sessions_ended_since(asked_at - OVERLAP):
            self._each(lambda publisher: publisher.close_sessions(ended))

    def recheck(self) -> None:
        """Close the connections of sessions that ran out: nobody ended them, so nobody told of it."""
        opened = {session for publisher in self.publishers for session in publisher.open_sessions()}
        if opened and (ended := opened - self.reader.sessions_that_hold(opened)):
            self._each(lambda publisher: publisher.close_sessions(ended))

    def start(self) -> None:
        """Begin to work in the background; doing it twice is fine."""
        with self.lock:
            if not self._running:
                self._running = True
                start(self._run, "dispatcher")
                for begin in self.begins_with:
                    begin()

    def _run(self) -> None:
        pause = self.poll_seconds or 1.0
        due = time.monotonic() + pause
        while True:
            with suppress(queue.Empty):
                self._try(self._work.get(timeout=max(0.0, due - time.monotonic())))
            if time.monotonic() >= due:
                due = time.monotonic() + pause
                self._tick()

    def _try(self, task: Callable[[], None]) -> None:
        try:
            task()
        except Exception:
            log.exception("the dispatcher failed at a task")

    def _tick(self) -> None:
        for _ in range(self._work.qsize()):
            self._try(self._work.get())  # what is at hand already need not be read from the database
        try:
            if self.poll_seconds:
                self.poll()
                metrics.POLLS.labels("ok").inc()
            if time.monotonic() >= self._recheck_due:
                self.recheck()
                self._recheck_due = time.monotonic() + RECHECK_SECONDS
        except Exception:
            log.exception("the poll failed; the next one comes in %s s", self.poll_seconds)
            metrics.POLLS.labels("failed").inc()
        self._each(lambda publisher: publisher.tick())
