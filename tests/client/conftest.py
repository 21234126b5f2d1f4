"""Fixtures: programs that are connected by chat.client, closed at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chat.client import Client
from tests.support import Person

Connect = Callable[..., Client]


@pytest.fixture
def bot() -> Iterator[Connect]:
    """Runs a program for someone, who has a token for it."""
    running: list[Client] = []

    def run(person: Person, **options: Any) -> Client:
        options = {"url": person.server.url, "token": person.token, **options}
        running.append(Client(**options).open())
        return running[-1]

    yield run
    for client in running:
        client.close()
