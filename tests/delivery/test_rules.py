"""The rules of writing, each by itself: stored once, answered after the commit, told after it."""

from __future__ import annotations

import sqlite3
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from chat import failpoints
from chat.basics import new_id
from chat.database import transaction
from chat.errors import ChatError
from chat.models import Message, Stream
from tests.delivery.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, healing=False)


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Arms failpoints in this very process; the clock stays as it is."""

    def arm(points: str) -> None:
        effects, clock = failpoints.parse(points)
        monkeypatch.setattr(failpoints, "_active", failpoints.Failpoints(effects, clock))

    return arm


def says(world: World, text: str) -> dict[str, Any]:
    payload = {"channel_id": world.channel_id, "client_msg_id": str(uuid.uuid4()), "text": text}
    return world.does(world.people[0], "message", **payload)


def stored(world: World) -> list[str]:
    with world.app.app_context(), transaction(writes=False) as session:
        query = select(Message.text).where(Message.channel_id == world.channel_id).order_by(Message.seq)
        return list(session.scalars(query))


def test_the_database_itself_takes_a_message_once(world: World) -> None:
    sent = says(world, "once")["message"]
    table = Message.__table__
    with world.app.app_context(), transaction(writes=True) as session:
        [row] = session.execute(select(table).where(table.c.id == sent["id"])).mappings()
        again = {**row, "id": new_id(), "seq": 1000, "changed_seq": 1000}
        session.execute(
            insert(table).values({**again, "client_msg_id": str(uuid.uuid4())})
        )  # one row more is no trouble
        with pytest.raises(IntegrityError):
            session.execute(insert(table).values({**again, "id": new_id(), "seq": 1001, "changed_seq": 1001}))


def test_what_was_answered_is_there_whatever_happens_next(world: World) -> None:
    says(world, "answered")
    world.kill()
    assert stored(world) == ["answered"]


def test_what_could_not_be_committed_is_told_to_nobody(world: World, breaks: Any) -> None:
    page = world.pages[1]
    page.connect()
    page.asked.append(("subscribe", {"channel_id": world.channel_id}, {"generation": 0}))
    assert world.serve(page)
    breaks("before_commit:raise")
    with pytest.raises(ChatError, match="unavailable"):
        says(world, "never")
    breaks("")
    says(world, "and on")
    while world.tell_one():
        pass
    told = [payload["message"]["text"] for name, payload in world.wire.frames[page.sid] if name == "message"]
    assert told == ["and on"] == stored(world)


def test_an_answer_that_was_lost_after_the_commit_is_given_again(world: World, breaks: Any) -> None:
    payload = {"channel_id": world.channel_id, "client_msg_id": str(uuid.uuid4()), "text": "kept"}
    breaks("after_commit:raise")
    with pytest.raises(ChatError, match="unavailable"):
        world.does(world.people[0], "message", **payload)
    breaks("")
    assert world.does(world.people[0], "message", **payload)["duplicate"] is True
    assert stored(world) == ["kept"]


def test_what_is_read_for_one_answer_is_of_one_moment_whatever_another_process_commits(world: World) -> None:
    says(world, "before")
    head = select(Stream.seq).where(Stream.id == world.channel_id)
    file = world.app.config["SQLALCHEMY_DATABASE_URI"].removeprefix("sqlite:///")
    with world.app.app_context(), transaction(writes=False) as session:
        seen = session.execute(head).scalar_one()
        with closing(sqlite3.connect(file, isolation_level=None)) as another:
            another.execute("UPDATE streams SET seq = seq + 1 WHERE id = ?", [world.channel_id])
        assert session.execute(head).scalar_one() == seen
    with world.app.app_context(), transaction(writes=False) as session:
        assert session.execute(head).scalar_one() == seen + 1
