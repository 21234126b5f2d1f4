"""Serve without gunicorn, where it does not run: Werkzeug's server, with a thread for each connection."""

from __future__ import annotations

import logging

import click
from flask import Flask


def serve(app: Flask) -> None:
    """Serve until Ctrl-C."""
    host, port = app.config["HOST"], app.config["PORT"]
    click.echo(f"Parley listens on http://{host}:{port}")
    logging.getLogger("werkzeug").setLevel(logging.WARNING)  # else it writes every address down, with its secrets
    app.on_worker_start()  # type: ignore[attr-defined]
    app.run(host, port, threaded=True)
