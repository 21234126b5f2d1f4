"""The gunicorn worker of ASYNC_MODE=threading: gunicorn's own, discreet, and with places that are bounded.

What of gunicorn's we lean on is pinned by tests/realtime/test_seams.py.
"""

from __future__ import annotations

import errno
from typing import Any

from gunicorn import util
from gunicorn.http.message import Request
from gunicorn.workers.gthread import TConn, ThreadWorker

from chat.realtime.discreet import Discreet
from chat.realtime.places import Places, ThreadSocket, drain, network_of_peer


class Listener:
    """What gunicorn accepts from: each connection comes with a place, or not at all."""

    def __init__(self, listener: Any, places: Places, config: Any) -> None:
        self.listener, self.places, self.config = listener, places, config
        self.getsockname = listener.getsockname

    def accept(self) -> tuple[ThreadSocket, Any]:
        """The next connection; one of too many is closed, which to gunicorn looks as if it had gone."""
        plain, peer = self.listener.accept()
        connection = ThreadSocket.of(plain, network_of_peer(peer, self.config), self.places)
        if connection is None:
            raise ConnectionAbortedError(errno.ECONNABORTED, "too many connections from this address")
        return connection, peer


class DiscreetThreadWorker(Discreet, ThreadWorker):
    """A thread for each open connection."""

    places: Places

    def run(self) -> None:
        """Serve until told to stop."""
        self.config = getattr(self.wsgi, "config", {})
        # One less than gunicorn's own bound: at that it accepts nobody, so that nobody could give way.
        self.places = Places(self.worker_connections - 1, self.config.get("CONNECTIONS_PER_ADDRESS", 0))
        self.at_work = 0
        super().run()

    def accept(self, listener: Any) -> None:
        """Take a new connection."""
        super().accept(Listener(listener, self.places, self.config))

    def enqueue_req(self, conn: TConn) -> None:
        """Hand a connection to a thread; when there is none, whoever a thread waits for longest gives way."""
        self.at_work += 1
        if self.at_work > self.cfg.threads:
            self.places.free_a_thread()
        super().enqueue_req(conn)

    def finish_request(self, conn: TConn, fs: Any) -> None:
        """A thread is done with a connection for now."""
        self.at_work -= 1
        super().finish_request(conn, fs)

    def handle(self, conn: TConn) -> Any:
        """Serve one request, in a thread."""
        outcome = super().handle(conn)
        if outcome is False:
            # Here and not in finish_request, whose thread is the one that accepts: it would wait up to two
            # seconds for each client that does not hang up too.
            util.close_graceful(conn.sock)
        else:
            conn.sock.place.rest(self.cfg.keepalive)
        return outcome

    def handle_request(self, req: Request, conn: TConn) -> Any:
        """Answer a request; one that becomes a websocket is not waited for any more."""
        if is_websocket(req):
            conn.sock.release()
        is_kept = super().handle_request(req, conn)
        return is_kept and drain(req.body)


def is_websocket(req: Request) -> bool:
    """Whether this request asks to become a websocket."""
    return any(name == "UPGRADE" and value.lower() == "websocket" for name, value in req.headers)
