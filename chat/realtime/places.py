"""Places: each connection whose request is read or answered holds one. How many there are, and for how long.

Nothing that a client keeps us waiting for lasts without end: a request, head and body together, has to arrive within
REQUEST_WITHIN however slowly it drips, and an answer has to be taken at SLOWEST bytes a second. When all places are
taken, the client that has kept us waiting longest gives way, so that strangers who say nothing keep nobody out. A
connection that became a websocket holds no place any more; those are bounded in transport/engine.py.
"""

from __future__ import annotations

import errno
import socket
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from chat.concurrency import brief_lock
from chat.networks import network_of

REQUEST_WITHIN = 20.0  # seconds from the first byte of a request, or from the connection, to its last
SLOWEST = 4096  # bytes of an answer that a client takes in a second at least, after REQUEST_WITHIN
DRAINED = 1_048_576  # bytes of a body nobody wanted that are read, so that the answer arrives; with more, we hang up
DRAINED_AT_ONCE = 65_536


class Late(ConnectionResetError):
    """A client took too long; for whoever reads or writes, the connection is gone."""

    def __init__(self) -> None:
        super().__init__(errno.ECONNRESET, "The client took too long.")


class Place:
    """What one connection holds; ``until`` is when its client has to be done with what it keeps us waiting for."""

    __slots__ = ("_hang_up", "is_answered", "is_idle", "is_over", "network", "until", "waits")

    def __init__(self, network: str, hang_up: Callable[[], None]) -> None:
        self.network = network
        self._hang_up = hang_up
        self.until = time.monotonic() + REQUEST_WITHIN
        self.is_idle = False  # between two requests
        self.is_answered = False  # its answer is being written
        self.is_over = False  # its client was too late: an answer may leave, nothing more is read
        self.waits = True  # a thread waits for this client

    def rest(self, seconds: float) -> None:
        """One request is answered; the next may take this long to begin."""
        self.is_idle, self.is_answered, self.until = True, False, time.monotonic() + seconds

    def heard(self) -> None:
        """Bytes of a request came: from the first of them on, the request has its time."""
        if self.is_idle:
            self.is_idle, self.until = False, time.monotonic() + REQUEST_WITHIN

    def answers(self, size: int) -> None:
        """So many bytes of an answer are about to be written."""
        if not self.is_answered:
            self.is_answered, self.until = True, time.monotonic() + REQUEST_WITHIN
        self.until += size / SLOWEST

    def left(self, timeout: float | None = None) -> float:
        """Seconds that may still be waited for the client; ``timeout``: no more than these."""
        left = max(0.0, self.until - time.monotonic())
        return left if timeout is None else min(left, timeout)

    def has_to_come(self) -> None:
        """Raise Late if nothing more may be read."""
        self.is_over = self.is_over or not self.left()
        if self.is_over:
            raise Late

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While this is held, the client is what everything waits for."""
        self.waits = True
        try:
            yield
        finally:
            self.waits = False

    def give_way(self) -> None:
        """Hang up, for someone else to have the place."""
        with suppress(OSError):
            self._hang_up()


class Places:
    """All places of a process, in the order in which they were taken, and those of each network."""

    def __init__(self, most: int, per_network: int = 0) -> None:
        self.most = most
        self.per_network = per_network
        self.taken: OrderedDict[Place, None] = OrderedDict()
        self.of: dict[str, OrderedDict[Place, None]] = {}
        self._lock = brief_lock()

    def enter(self, place: Place) -> bool:
        """Take a place, if need be from who is waited for longest; False: this network has too many at work."""
        with self._lock:
            own = self.of.get(place.network)
            if own and self.per_network and len(own) >= self.per_network and not self._make_room(own):
                return False
            if len(self.taken) >= self.most:
                self._make_room(self.taken)
            self.taken[place] = None
            if place.network and self.per_network:
                self.of.setdefault(place.network, OrderedDict())[place] = None
        return True

    def leave(self, place: Place) -> None:
        """Give a place back; doing it twice is fine."""
        with self._lock:
            self._forget(place)

    def free_a_thread(self) -> None:
        """Have the client give way for which a thread has been waiting longest."""
        with self._lock:
            self._make_room(self.taken, lambda place: place.waits and not place.is_idle)

    def _make_room(
        self,
        among: OrderedDict[Place, None],
        may_go: Callable[[Place], bool] = lambda place: place.waits or place.is_idle,
    ) -> bool:
        """Hang up on the first of these that may go; those at work on the way to it go to the end, and are not looked
        at again soon."""
        for _ in range(len(among)):
            place = next(iter(among))
            if may_go(place):
                self._forget(place)
                place.give_way()
                return True
            among.move_to_end(place)
        return False

    def _forget(self, place: Place) -> None:
        self.taken.pop(place, None)
        if own := self.of.get(place.network):
            own.pop(place, None)
            if not own:
                del self.of[place.network]


def drain(body: Any) -> bool:
    """Read what is left of a request's body; False: it is too much."""
    return any(not body.read(DRAINED_AT_ONCE) for _ in range(DRAINED // DRAINED_AT_ONCE))


def network_of_peer(peer: Any, config: Any) -> str:
    """The network of whoever connected. Empty behind a proxy, where everybody has the proxy's address."""
    is_bare = isinstance(peer, tuple) and not config.get("TRUSTED_PROXIES")
    return network_of(str(peer[0])) if is_bare else ""


class ThreadSocket(socket.socket):
    """A connection with a place, where each has a thread; the place is given back when it is closed."""

    place: Place
    places: Places
    is_bounded = True

    @classmethod
    def of(cls, plain: socket.socket, network: str, places: Places) -> ThreadSocket | None:
        """The same connection with a place of these; None, and closed, when there is none for its network."""
        placed = cls(plain.family, plain.type, plain.proto, plain.detach())
        placed.place, placed.places = Place(network, lambda: placed.shutdown(socket.SHUT_RDWR)), places
        if places.enter(placed.place):
            return placed
        placed.close()
        return None

    def release(self) -> None:
        """It became a websocket: what it waits for is no request any more. Its thread it keeps."""
        self.is_bounded = self.place.waits = False

    def close(self) -> None:
        """Close it, and give its place back."""
        super().close()
        self.places.leave(self.place)

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Read; what does not come in time has ended."""
        data: bytes = self._read(super().recv, b"", size, flags)
        return data

    def recv_into(self, buffer: Any, size: int = 0, flags: int = 0) -> int:
        """Read; what does not come in time has ended."""
        count: int = self._read(super().recv_into, 0, buffer, size, flags)
        return count

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Write; who takes it too slowly is gone."""
        self.place.answers(len(data))
        self._in_time(super().sendall, data, flags)

    def _read(self, operation: Callable[..., Any], nothing: Any, *arguments: Any) -> Any:
        if not self.is_bounded:
            return operation(*arguments)
        try:
            self.place.has_to_come()
            read = self._in_time(operation, *arguments)
        except Late:
            self.place.is_over = True
            return nothing
        if read:
            self.place.heard()
        return read

    def setblocking(self, flag: bool) -> None:
        """Of one that is closed, nothing."""
        if self.fileno() >= 0:
            super().setblocking(flag)

    def _in_time(self, operation: Callable[..., Any], *arguments: Any) -> Any:
        place, timeout = self.place, self.gettimeout()
        if not self.is_bounded or timeout == 0:
            return operation(*arguments)
        left = place.left(timeout)
        if not left:
            raise Late
        self.settimeout(left)
        try:
            with place.waiting():
                return operation(*arguments)
        except TimeoutError:
            if left == timeout:
                raise  # it was not the place's time that ended
            raise Late from None
        finally:
            with suppress(OSError):
                self.settimeout(timeout)
