"""Serve without gunicorn, where it does not run: Werkzeug's server, with a thread for each connection."""

from __future__ import annotations

import logging
import socket
from typing import Any

import click
from flask import Flask
from werkzeug.serving import ThreadedWSGIServer, WSGIRequestHandler

from chat.realtime.places import Places, ThreadSocket, network_of_peer

PLACES = 200  # connections, each of which holds a thread; as many as gunicorn has threads


class Handler(WSGIRequestHandler):
    """Serves one connection, which holds a place meanwhile; after one answer it is closed."""

    connection: ThreadSocket

    def run_wsgi(self) -> None:
        """Answer a request; one that becomes a websocket is not waited for any more."""
        if self.headers.get("Upgrade", "").lower() == "websocket":
            self.connection.release()
        super().run_wsgi()


class Standalone(ThreadedWSGIServer):
    """Accepts connections while there are places, or someone gives way."""

    def __init__(self, app: Flask) -> None:
        self.places = Places(PLACES, app.config["CONNECTIONS_PER_ADDRESS"])
        self.config = app.config
        super().__init__(app.config["HOST"], app.config["PORT"], app, Handler)

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next connection; one of too many is refused."""
        plain, peer = super().get_request()
        connection = ThreadSocket.of(plain, network_of_peer(peer, self.config), self.places)
        if connection is None:
            raise ConnectionAbortedError("too many connections from this address")
        return connection, peer


def serve(app: Flask) -> None:
    """Serve until Ctrl-C."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # else it writes every address down, with its secrets
    app.on_worker_start()  # type: ignore[attr-defined]
    server = Standalone(app)
    click.echo(f"Parley listens on http://{app.config['HOST']}:{app.config['PORT']}")
    server.serve_forever()
