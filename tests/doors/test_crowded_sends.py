"""Two hundred people press Enter at the same moment: all are answered, and the disk is not asked two hundred times."""

from __future__ import annotations

import json
import os
import signal
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.doors.test_metrics import Figures
from tests.doors.wire import Wire
from tests.support import Person, Server

CROWD = 200
COMMITS = 20  # a fraction of them; four would do


class Crowd:
    """Connections that all send while the server holds its breath, so that it finds everything at once."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.points, self.server = folder / "failpoints", server
        self.owner = server.owner()
        self.town = self.owner.opens("public")
        self.watcher = server.person("watcher", self.owner)
        self.watcher.joins(self.town)

    @contextmanager
    def connections(self, person: Person, count: int) -> Iterator[list[Wire]]:
        with ExitStack() as stack:
            wires = []
            for _ in range(count):
                wires.append(Wire(self.server).connects(person.token))
                stack.callback(wires[-1].hangs_up)
            yield wires

    def send_at_once(self, wires: list[Wire], bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """What each is answered."""
        [pid] = self.server.workers()
        os.kill(pid, signal.SIGSTOP)
        try:
            for wire, body in zip(wires, bodies, strict=True):
                wire.last_ack_id += 1
                wire.sends(f"42{wire.last_ack_id}{json.dumps(['message', body])}")
        finally:
            os.kill(pid, signal.SIGCONT)
        return [wire.acknowledged(wire.last_ack_id) for wire in wires]


@pytest.fixture
def crowd(tmp_path: Path, own_server, request: pytest.FixtureRequest) -> Crowd:
    (tmp_path / "failpoints").write_text("")
    mode = getattr(request, "param", "auto")
    return Crowd(tmp_path, own_server(CHAT_FAILPOINTS=f"@{tmp_path / 'failpoints'}", ASYNC_MODE=mode))


def a_message(channel_id: str, text: str) -> dict[str, Any]:
    return {"channel_id": channel_id, "client_msg_id": str(uuid.uuid4()), "text": text}


def test_two_hundred_at_once_are_answered_each_in_one_order_and_few_commits(crowd: Crowd, connect) -> None:
    watcher = connect(crowd.watcher)
    start = watcher.looks_at(crowd.town)["seq"]
    bodies = [a_message(crowd.town, f"remark {n}") for n in range(CROWD)]
    bodies[100]["channel_id"] = "0" * 26
    if not crowd.server.database:  # PostgreSQL lets writers go side by side, and gathers their commits by itself
        crowd.points.write_text(f"before_commit:raise@{COMMITS}")  # who needs more of them is not answered well
    with crowd.connections(crowd.owner, CROWD) as wires:
        before = Figures(crowd.server).of("commit_wait_seconds_count")
        answers = crowd.send_at_once(wires, bodies)
        waits = Figures(crowd.server).of("commit_wait_seconds_count") - before
    assert 1 <= waits <= (CROWD if crowd.server.database else COMMITS)  # of each commit, the longest
    assert answers.pop(100)["error"]["code"] == "channel_not_found"
    assert {answer["ok"] for answer in answers} == {True}
    sent = sorted((answer["data"]["message"] for answer in answers), key=lambda message: message["seq"])
    assert [message["seq"] for message in sent] == list(range(start + 1, start + CROWD))
    watcher.hears("message", lambda event: event["seq"] == start + CROWD - 1)
    told = watcher.events("message")
    assert [event["prev"] for event in told] == list(range(start, start + CROWD - 1))
    assert [event["message"] for event in told] == sent


@pytest.mark.parametrize("crowd", ["auto", "threading"], indirect=True)
def test_when_their_commit_fails_nobody_is_told_and_everyone_may_try_again(crowd: Crowd, connect) -> None:
    watcher = connect(crowd.watcher)
    start = watcher.looks_at(crowd.town)["seq"]
    bodies = [a_message(crowd.town, f"remark {n}") for n in range(20)]
    with crowd.connections(crowd.owner, 20) as wires:
        crowd.points.write_text("before_commit:raise")
        refusals = crowd.send_at_once(wires, bodies)
        assert {(answer["error"]["code"], answer["error"]["retryable"]) for answer in refusals} == {
            ("unavailable", True)
        }
        crowd.points.write_text("")
        answers = crowd.send_at_once(wires, bodies)
    assert [answer["data"]["duplicate"] for answer in answers] == [False] * 20
    watcher.hears("message", lambda event: event["seq"] == start + 20)
    assert [event["seq"] for event in watcher.events("message")] == list(range(start + 1, start + 21))
