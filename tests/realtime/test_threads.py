"""With real threads (ASYNC_MODE=threading, and inside a Lambda) what is counted stays right, whoever comes when."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from chat import rates
from chat.rates import Pace
from chat.realtime.server import Server
from chat.realtime.transport import engine
from tests.threads import interrupted

PEOPLE = ("ana", "bo", "cleo", "dan", "eva")


def test_whoever_comes_and_goes_at_the_same_moment_is_counted_right() -> None:
    server = Server(async_mode="threading")
    server.eio._is_watching = True  # the round of pings is not what this is about

    def come_and_go(name: str) -> None:
        for number in range(5):
            server.eio._arrived(f"{name}-{number}", "192.0.2.1")
        for number in range(5):
            server.eio.left(f"{name}-{number}")

    with interrupted(engine), ThreadPoolExecutor(len(PEOPLE)) as pool:
        list(pool.map(come_and_go, PEOPLE))
    assert not server.eio.counts


def test_those_at_rest_are_forgotten_while_others_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "FORGET_AT", 0)
    pace = Pace(per_second=1000, burst=1, paid_off={f"gone-{number}": 0.0 for number in range(50)})

    def ask(name: str) -> None:
        for number in range(20):
            assert pace.take(f"{name}-{number}") == 0

    with interrupted(rates), ThreadPoolExecutor(len(PEOPLE)) as pool:
        list(pool.map(ask, PEOPLE))
    assert not any(key.startswith("gone") for key in pace.paid_off)
