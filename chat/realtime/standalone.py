"""Serve without gunicorn, where it does not run: eventlet's own server, or Werkzeug's with threads."""

from __future__ import annotations

import logging
import signal
import socket
from typing import Any

import click
from flask import Flask

from chat.concurrency import is_green


def serve(app: Flask) -> None:
    """Serve until SIGTERM or Ctrl-C; open connections are closed, requests in flight are answered."""
    host, port = app.config["HOST"], app.config["PORT"]
    click.echo(f"Parley listens on http://{host}:{port}")
    if not is_green():
        logging.getLogger("werkzeug").setLevel(logging.WARNING)  # else it writes every address down, with its secrets
        app.run(host, port, threaded=True)
        return
    import eventlet
    import eventlet.wsgi

    listener = eventlet.listen((host, port))
    # Small frames must not wait for acknowledgements of earlier ones: that cost 40 ms each.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    server = eventlet.spawn(eventlet.wsgi.server, listener, app, log_output=False)

    def stop(*_: Any) -> None:
        app.on_worker_stop()  # type: ignore[attr-defined]
        server.throw(SystemExit(0))

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: eventlet.spawn_n(stop))
    server.wait()
