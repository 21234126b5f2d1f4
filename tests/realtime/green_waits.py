"""Run by test_postgres_driver.py in a process that eventlet patched: how long waits on PostgreSQL take side by side."""

from __future__ import annotations

import time

import eventlet
from sqlalchemy import text

from chat import create_app, database
from chat.extensions import db

AT_ONCE, SLEEP = 12, 0.5


def main(address: str, folder: str) -> None:
    """Print the seconds that one wait took, and many; then what a connection says that hears nothing."""
    database.PATIENCE = 1.5
    app = create_app({"DATABASE_URL": address, "DATA_DIR": folder})

    def sleeps(seconds: float) -> float:
        began = time.monotonic()
        with app.app_context(), db.engine.connect() as connection:
            connection.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": seconds})
        return time.monotonic() - began

    sleeps(0)
    print(sleeps(SLEEP))
    began = time.monotonic()
    for waiting in [eventlet.spawn(sleeps, SLEEP) for _ in range(AT_ONCE)]:
        waiting.wait()
    print(time.monotonic() - began)
    try:
        sleeps(60)
    except database.DBAPIError as error:
        print(type(error).__name__, error.connection_invalidated, str(error.orig))
    print(sleeps(0))
