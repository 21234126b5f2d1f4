"""How work is done side by side: green threads under eventlet, real ones without. The rest of chat/ need not know."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

import greenlet

Result = TypeVar("Result")
# Held while something computes for long. Two at once saturate two cores; more would only starve the thread that
# serves everybody, and let more guesses at a password run side by side.
SLOW_AT_ONCE = 2
slow_work = threading.BoundedSemaphore(SLOW_AT_ONCE)


def is_green() -> bool:
    """Whether this process was patched by eventlet."""
    patcher = sys.modules.get("eventlet.patcher")  # importing eventlet only to ask would already warn people
    return bool(patcher and patcher.is_monkey_patched("socket"))


def run_blocking(function: Callable[..., Result], *args: Any) -> Result:
    """Run what computes for long (a password's hash) without holding up everyone else; returns its result."""
    if not is_green():
        return function(*args)
    from eventlet import tpool

    # Each thread keeps the 19 MiB of the last password it hashed; eventlet's own twenty kept 380.
    tpool.set_num_threads(SLOW_AT_ONCE)
    result: Result = tpool.execute(function, *args)
    return result


def bound_waits_for_postgres(seconds: float) -> None:
    """Under eventlet, let nobody wait longer than this for a word from PostgreSQL; the connection is given up then.

    A server that froze keeps its connections open and says nothing, which no timeout of its own can end.
    """
    if not is_green():
        return
    import psycopg2
    from eventlet.hubs import trampoline
    from psycopg2 import extensions

    silence = psycopg2.OperationalError(f"PostgreSQL said nothing for {seconds:.0f} seconds")

    def wait(connection: Any) -> None:
        while (state := connection.poll()) != extensions.POLL_OK:
            reads = state == extensions.POLL_READ
            trampoline(connection.fileno(), read=reads, write=not reads, timeout=seconds, timeout_exc=silence)

    extensions.set_wait_callback(wait)


def let_others_come() -> None:
    """Under eventlet, everyone who is ready runs first, and this goes on after them. Real threads need no asking."""
    if is_green():
        time.sleep(0)


def brief_lock() -> AbstractContextManager[Any]:
    """A lock that is held for an instant, and never while something is waited for.

    Under eventlet it is the system's own: a green one takes ten times as long, and nobody comes in between anyway.
    """
    if not is_green():
        return threading.Lock()
    from eventlet import patcher

    lock: AbstractContextManager[Any] = patcher.original("threading").Lock()
    return lock


def happening() -> Happening:
    """Something that many wait for and one says. Under eventlet not threading's, which makes locks for each."""
    if not is_green():
        return threading.Event()
    from eventlet.hubs import get_hub

    return GreenEvent(get_hub())


class Happening(Protocol):
    """What many wait for."""

    def wait(self) -> object:
        """Return as soon as it was said."""

    def set(self) -> None:
        """Say it; doing it twice is fine."""


class GreenEvent:
    """A Happening of green threads. Eventlet's own sets a timer for each who waits; here one goes on with all of them.

    Who is woken otherwise meanwhile, by a timeout say, waits no longer. It leans on ``switch`` and
    ``schedule_call_global`` of eventlet's hub, which tests/realtime/test_seams.py pins.
    """

    __slots__ = ("_hub", "_is_said", "_waiting")

    def __init__(self, hub: Any) -> None:
        self._hub, self._is_said = hub, False
        self._waiting: dict[greenlet.greenlet, None] = {}

    def wait(self) -> None:
        if self._is_said:
            return
        me = greenlet.getcurrent()
        self._waiting[me] = None
        try:
            self._hub.switch()
        finally:
            self._waiting.pop(me, None)

    def set(self) -> None:
        if not self._is_said:
            self._is_said = True
            if self._waiting:
                self._hub.schedule_call_global(0, self._go_on)

    def _go_on(self) -> None:
        try:
            while self._waiting:
                waiter = next(iter(self._waiting))
                del self._waiting[waiter]
                waiter.switch()  # comes back as soon as it is done or waits for something else
        finally:
            if self._waiting:  # one failed; the others go on all the same
                self._hub.schedule_call_global(0, self._go_on)


def start(function: Callable[[], None], name: str) -> None:
    """Run something in the background for as long as the process lives."""
    threading.Thread(target=function, name=name, daemon=True).start()
