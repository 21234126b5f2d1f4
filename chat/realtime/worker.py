"""The gunicorn worker: one process, thousands of open connections, a graceful stop.

Gunicorn had an eventlet worker of its own until 26.0. This one differs in how it stops: open
websockets never finish by themselves, so it closes them (the clients reconnect elsewhere or a
moment later) and waits only for the requests that are being answered. A request that becomes a
websocket ends here: the transport takes its connection over, and its green thread is let go.
"""

import os
import resource
import socket
import sys
import time
from contextlib import AbstractContextManager, nullcontext, suppress
from types import FrameType
from typing import Any

import eventlet
import eventlet.wsgi
from eventlet import hubs, patcher
from eventlet.greenio import GreenSocket
from gunicorn.http.message import Request
from gunicorn.sock import BaseSocket
from gunicorn.workers.base_async import AsyncWorker

from chat.realtime.discreet import Discreet
from chat.realtime.places import Late, Place, Places, drain, network_of_peer

HEARTBEAT = 0.25  # seconds; also how soon a stop is noticed
FAREWELL = 0.1  # seconds for the closing frames to leave
BREATHER = 0.5  # seconds between tries when the process is out of file descriptors


class PlacedSocket(GreenSocket):
    """A connection with a place: what its client takes too long for has ended.

    It leans on ``_trampoline`` of eventlet's, by which everything waits; tests/realtime/test_seams.py pins it.
    """

    place: Place  # of what was accepted; a listener has none

    def recv(self, size: int, flags: int = 0) -> bytes:
        """Read; what does not come in time has ended."""
        try:
            self.place.has_to_come()  # asked here, too: who reads what is always there never waits
            data: bytes = super().recv(size, flags)
        except Late:
            self.place.is_over = True
            return b""
        if data:
            self.place.heard()
        return data

    def sendall(self, data: bytes, flags: int = 0) -> None:
        """Write; who takes it too slowly is gone."""
        self.place.answers(len(data))
        super().sendall(data, flags)

    def hang_up(self) -> None:
        """End the connection, whatever waits for it."""
        self.fd.shutdown(socket.SHUT_RDWR)

    def _trampoline(
        self, fd: Any, read: bool = False, write: bool = False, timeout: float | None = None, timeout_exc: Any = None
    ) -> Any:
        place: Place | None = getattr(self, "place", None)
        if place is None or (timeout is not None and timeout < place.left()):
            return super()._trampoline(fd, read, write, timeout, timeout_exc)
        with place.waiting():
            return super()._trampoline(fd, read, write, place.left(), Late())


class EventletWorker(Discreet, AsyncWorker):
    """Serves each connection in a green thread of its own."""

    alive: bool  # gunicorn's; false once the worker is to stop

    def init_process(self) -> None:
        """Patch the freshly forked process, then load the application and run.

        Here and not at import: the master, which also imports this module, must stay unpatched.
        """
        if self.cfg.is_ssl:
            sys.exit("TLS ends at the proxy in front of Parley: leave certfile and keyfile to it.")
        allow_open_files()
        hubs.use_hub()  # a hub made before the fork would share its epoll with the master
        eventlet.monkey_patch()
        self.connections = eventlet.GreenPool(self.worker_connections)
        self.places = Places(self.worker_connections)
        self.in_flight = 0
        self.cfg.set("sendfile", False)  # a green socket is non-blocking, which sendfile() refuses
        super().init_process()

    def run(self) -> None:
        """Accept connections until told to stop, then stop gracefully."""
        self.config = getattr(self.wsgi, "config", {})
        self.places.per_network = self.config.get("CONNECTIONS_PER_ADDRESS", 0)
        listeners = [unpatched(listener) for listener in self.sockets]
        acceptors = [eventlet.spawn(self.accept_from, listener) for listener in listeners]
        while self.alive:
            self.notify()
            eventlet.sleep(HEARTBEAT)
            if self.ppid != os.getppid():
                self.log.info("The master is gone, stopping: %s", self)
                self.alive = False
        for acceptor in acceptors:
            acceptor.kill(eventlet.StopServe())
        for listener in [*listeners, *(inherited.sock for inherited in self.sockets)]:
            listener.close()
        self.finish()

    def accept_from(self, listener: GreenSocket) -> None:
        """Hand each new connection to a green thread, waiting while there are too many."""
        with suppress(eventlet.StopServe):
            while True:
                try:
                    connection, address = listener.accept()
                except ConnectionAbortedError:
                    continue  # hung up while still in the queue
                except OSError as error:
                    # Most likely out of file descriptors. To die here would leave a worker
                    # that looks alive and hears nobody.
                    self.log.error("Cannot accept a connection: %s", error)
                    eventlet.sleep(BREATHER)
                    continue
                connection.place = Place(network_of_peer(address, self.config), connection.hang_up)
                if self.places.enter(connection.place):
                    self.connections.spawn_n(self.handle, listener, connection, address)
                else:
                    connection.close()

    def handle(self, listener: GreenSocket, client: PlacedSocket, addr: Any) -> None:
        """Serve a connection for as long as it holds its place."""
        try:
            super().handle(listener, client, addr)
        finally:
            self.places.leave(client.place)

    def finish(self) -> None:
        """Close the websockets, let the requests being answered end, within graceful_timeout.

        Not ``connections.waitall()``: the reader of a websocket closed from this side stays
        blocked in ``recv`` until the client's ping is overdue, 45 seconds.
        """
        deadline = time.monotonic() + self.cfg.graceful_timeout
        goodbye = eventlet.spawn(self.say_goodbye)
        while (self.in_flight or not goodbye.dead) and time.monotonic() < deadline:
            self.notify()
            eventlet.sleep(0.05)
        if self.in_flight:
            self.log.warning("Stopping with %d requests unanswered", self.in_flight)
        eventlet.sleep(FAREWELL)

    def say_goodbye(self) -> None:
        """Let the application close what would never end by itself (``on_worker_stop``)."""
        try:
            getattr(self.wsgi, "on_worker_stop", lambda: None)()
        except Exception:
            self.log.exception("on_worker_stop failed: %s", self)

    def handle_request(self, listener_name: Any, req: Request, sock: PlacedSocket, addr: Any) -> Any:
        """Serve one request; a websocket is no request that a stop would wait for."""
        if is_websocket(req):
            return super().handle_request(listener_name, req, sock, addr)
        self.in_flight += 1
        try:
            is_kept = super().handle_request(listener_name, req, sock, addr)
        finally:
            self.in_flight -= 1
        if not drain(req.body):
            raise StopIteration
        sock.place.rest(self.cfg.keepalive)
        return is_kept

    def is_already_handled(self, respiter: Any) -> bool:
        """Whether the connection has become a websocket, so that no response may be written to it."""
        if getattr(eventlet.wsgi.WSGI_LOCAL, "already_handled", False):
            raise StopIteration
        return bool(super().is_already_handled(respiter))

    def timeout_ctx(self) -> AbstractContextManager[None]:
        """Nothing: how long a request may take to come, its place knows."""
        return nullcontext()

    # A signal handler runs in the middle of whatever is running, often the hub, where nothing
    # may block. What these two do blocks, so it goes to a green thread.

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        """Stop at once (SIGQUIT, SIGINT)."""
        eventlet.spawn(super().handle_quit, sig, frame)

    def handle_usr1(self, sig: int, frame: FrameType | None) -> None:
        """Reopen the log files (SIGUSR1)."""
        eventlet.spawn(super().handle_usr1, sig, frame)


def allow_open_files() -> None:
    """Let this process have as many connections as the system allows; the usual 1024 are soon too few."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # some systems name a limit that they do not allow
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def unpatched(listener: BaseSocket) -> PlacedSocket:
    """A green socket on gunicorn's listening socket, of the unpatched class inside.

    Gunicorn's is of the class that was patched since; what it accepts would come wrapped
    twice, and every read and write of every connection would pay for it.
    """
    return PlacedSocket(patcher.original("socket").socket(fileno=os.dup(listener.fileno())))


def is_websocket(req: Request) -> bool:
    """Whether this request asks to become a websocket."""
    return any(name == "UPGRADE" and value.lower() == "websocket" for name, value in req.headers)
