"""The connection: opened again and again with fresh credentials, and what is asked over it with a time limit.

The only module that knows python-socketio. Each attempt has a socket of its own, so nothing of an earlier one counts.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import engineio
import socketio

from chat.client.errors import NO_ANSWER, OFFLINE, Refused, SessionEnded

log = logging.getLogger("chat.client")
ANSWER_SECONDS = 8.0
HELLO_SECONDS = 10.0
FAREWELL_SECONDS = 1.0
FIRST_WAIT, LONGEST_WAIT = 0.3, 30.0
OPTIONS = {"skip_utf8_validation": True}  # byte by byte, in Python; decoding finds what is wrong all the same

Token = str | Callable[[], str]
Then = Callable[[dict[str, Any], Refused | None], None]
Result = TypeVar("Result")


def backoff(attempt: int) -> float:
    """How long to wait before trying again: longer each time, with full jitter, so that a crowd spreads out."""
    return random.random() * min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempt, 20))


class Engine(engineio.Client):
    """Handles a frame where it was read; the library would start a thread for each."""

    def start_background_task(self, target: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if target == self.handlers.get("message"):
            return target(*args, **kwargs)
        return super().start_background_task(target, *args, **kwargs)

    def disconnect(self, abort: bool = False, reason: str | None = None) -> None:
        """Where the server says so in a frame, this thread is the one that the library would wait for."""
        super().disconnect(abort or threading.current_thread() is self.read_loop_task, reason)


class Socket(socketio.Client):
    """One attempt at a connection."""

    def _engineio_client_class(self) -> type[engineio.Client]:
        return Engine


class Connection:
    """Keeps a connection open in a thread of its own. Everything is done, and everyone called, under one lock.

    It can be used while ``greeted``: from hello until it is lost. What was asked, and what waits, ends with it.
    """

    def __init__(self, url: str, token: Token, lock: threading.RLock, transports: Sequence[str]) -> None:
        self.url, self.token, self.lock, self.transports = url, token, lock, list(transports)
        self.greeted = False
        self.closed = False
        self.ended: Exception | None = None
        self._socket: Socket | None = None
        self._hanging_up: threading.Thread | None = None
        self._attempt = 0
        self._goodbye: float | None = None
        self._asked: dict[int, Then] = {}
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count(1)
        self._wake = threading.Condition(lock)
        self._thread = threading.Thread(target=self._run, name="chat.client", daemon=True)

    def start(
        self,
        told: Callable[[str, Any], None],
        lost: Callable[[], None],
        stopped: Callable[[], None],
    ) -> None:
        """Connect, and come back for ever; ``stopped`` is called when the server wants these credentials no more."""
        self._told, self._lost, self._stopped = told, lost, stopped
        self._thread.start()

    def close(self) -> None:
        """Hang up for good."""
        with self.lock:
            self.closed = True
            self._lose(self._socket)
        if self._hanging_up:
            self._hanging_up.join(FAREWELL_SECONDS)

    def end(self, reason: Exception) -> None:
        """Stop for good, with a reason."""
        self.ended, self.closed = reason, True
        self.restart()
        self._stopped()

    def restart(self) -> None:
        """Give up a connection that is no good, and come back."""
        self._lose(self._socket)

    def ask(self, action: str, payload: dict[str, Any], then: Then, seconds: float | None = None) -> None:
        """Ask the server; ``then`` is called once: with data, or with a refusal, ours when there is no answer."""
        socket = self._socket
        if not self.greeted or socket is None:
            then({}, OFFLINE)
            return
        number = next(self._numbers)
        self._asked[number] = then
        try:
            socket.emit(action, payload, callback=partial(self._on_answer, number))
        except socketio.exceptions.SocketIOError:
            self.restart()
        else:
            self.after(seconds or ANSWER_SECONDS, lambda: self._answer(number, {}, NO_ANSWER))

    def after(self, seconds: float, do: Callable[[], None]) -> None:
        """Do something later, if this same connection still stands then."""
        timer = (time.monotonic() + seconds, next(self._numbers), do)
        heapq.heappush(self._timers, timer)
        if self._timers[0] is timer:
            self._wake.notify_all()

    def aside(self, work: Callable[[], Result], then: Callable[[Result], None]) -> None:
        """Do what waits, such as a call over REST, in a thread besides; ``then`` is called if this same connection
        still stands. If it fails, the connection is opened anew."""
        socket = self._socket

        def run() -> None:
            try:
                result = work()
            except Exception as error:
                log.info("starting anew: %s", error)
                with self.lock:
                    self._lose(socket)
                return
            with self.lock:
                if socket is self._socket:
                    self._guard(lambda: then(result))

        threading.Thread(target=run, name="chat.client.aside", daemon=True).start()

    # In the connection's thread ------------------------------------------------------------------

    def _run(self) -> None:
        while not self.closed:
            self._serve(self._open())
            with self.lock:
                wait = backoff(self._attempt) if self._goodbye is None else self._goodbye
                self._attempt += 1
                self._goodbye = None
                self._wake.wait_for(lambda: self.closed, wait)

    def _open(self) -> Socket:
        """Try once."""
        socket = Socket(reconnection=False, handle_sigint=False, websocket_extra_options=OPTIONS)
        socket.on("*", partial(self._on_told, socket))
        socket.on("disconnect", lambda *_: self._lose(socket))
        socket.on("connect_error", partial(self._on_refused, socket))
        with self.lock:
            if not self.closed:
                self._socket = socket
        try:
            auth = {"token": self.token() if callable(self.token) else self.token}
            socket.connect(self.url, auth=auth, transports=self.transports, wait=False)
        except Exception as error:  # of whatever makes the token, too
            log.info("could not connect to %s: %s", self.url, error)
            self._lose(socket)
        # The library does not tell of an end that comes while it is still at it.
        if socket.eio.state != "connected":
            self._lose(socket)
        elif self._socket is not socket:
            _hang_up(socket)
        return socket

    def _serve(self, socket: Socket) -> None:
        """Do what is due, until the connection is lost."""
        with self.lock:
            if self._socket is socket:
                self.after(HELLO_SECONDS, self._give_up_silence)
            while self._socket is socket:
                wait = self._timers[0][0] - time.monotonic() if self._timers else None
                if wait is None or wait > 0:
                    self._wake.wait(wait)
                else:
                    self._guard(heapq.heappop(self._timers)[2])

    def _give_up_silence(self) -> None:
        if not self.greeted:
            self.restart()

    # In the library's threads --------------------------------------------------------------------

    def _on_told(self, socket: Socket, name: str, payload: Any = None, *_: Any) -> None:
        with self.lock:
            if socket is not self._socket:
                return
            if name == "hello":
                self.greeted, self._attempt = True, 0
            elif name == "goodbye":
                self._goodbye = payload["reconnect_after_ms"] / 1000
            self._guard(lambda: self._told(name, payload))

    def _on_refused(self, socket: Socket, said: Any = None, *_: Any) -> None:
        error = said.get("data") if isinstance(said, dict) else None
        refused = Refused.from_dict(error)
        with self.lock:
            if socket is self._socket and refused.session_ended:
                self.end(SessionEnded(str(refused)))
            elif socket is self._socket:
                self.restart()

    def _on_answer(self, number: int, answer: Any = None, *_: Any) -> None:
        """The acknowledgement. Whatever is not plainly a success is a failure."""
        with self.lock:
            if isinstance(answer, dict) and answer.get("ok") is True:
                self._answer(number, answer.get("data") or {}, None)
            else:
                error = answer.get("error") if isinstance(answer, dict) else None
                self._answer(number, {}, Refused.from_dict(error))

    def _answer(self, number: int, data: dict[str, Any], refused: Refused | None) -> None:
        if then := self._asked.pop(number, None):
            self._guard(lambda: then(data, refused))

    def _lose(self, socket: Socket | None) -> None:
        """The connection is gone, and with it what was asked and what was to be done later."""
        with self.lock:
            if socket is None or socket is not self._socket:
                self._wake.notify_all()
                return
            self._socket = None
            # It may take a while where nobody is there any more.
            self._hanging_up = threading.Thread(target=_hang_up, args=(socket,), daemon=True)
            self._hanging_up.start()
            was_greeted, self.greeted = self.greeted, False
            asked, self._asked = self._asked, {}
            for then in asked.values():
                self._guard(partial(then, {}, OFFLINE))
            self._timers.clear()
            if was_greeted:
                self._guard(self._lost)
            self._wake.notify_all()

    def _guard(self, do: Callable[[], None]) -> None:
        """A server that says what makes no sense, or a fault of ours, costs a connection, never a thread."""
        try:
            do()
        except Exception:
            log.exception("starting anew after an unexpected error")
            self.restart()


def _hang_up(socket: Socket) -> None:
    """Close a socket, whatever state it is in; the library leaves one open whose other end has gone."""
    try:
        socket.disconnect()
        if socket.eio.ws:
            socket.eio.ws.shutdown()
    except Exception as error:
        log.debug("while hanging up: %s", error)
