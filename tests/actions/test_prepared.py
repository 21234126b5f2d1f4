"""Statements handed straight to the driver answer, write and fail as SQLAlchemy's own way does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from chat.basics import new_id, now
from chat.database import savepoint, transaction
from chat.models import Deployment, Stream, User
from chat.prepared import Prepared
from tests.actions.conftest import Office

USERS, STREAMS = User.__table__, Stream.__table__
ADD = Prepared(insert(USERS))
FIND = Prepared(
    select(USERS.c.username, USERS.c.created_at, USERS.c.deactivated_at).where(USERS.c.id == bindparam("id"))
)
RENAME = Prepared(update(USERS).where(USERS.c.id == bindparam("who")).values(display_name=bindparam("name")))


def someone(**more: object) -> dict[str, object]:
    blank = dict.fromkeys(column.key for column in USERS.c)
    return {**blank, "id": new_id(), "username": "ana", "display_name": "Ana", "role": "member", "kind": "person"} | {
        "created_at": now(),
        **more,
    }


def test_what_is_written_is_read_as_the_session_reads_it(office: Office) -> None:
    moment = datetime(2026, 3, 29, 1, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    ana = someone(created_at=moment)
    with transaction(writes=True) as session:
        assert ADD(**ana) is None
        found = FIND(id=ana["id"])
        assert (found.username, found.created_at, found.deactivated_at) == ("ana", moment, None)
        assert found.created_at.tzinfo is UTC
        assert session.get_one(User, ana["id"]).created_at == moment
        assert RENAME(who=ana["id"], name="Anna") is None
        assert session.scalars(select(User.display_name).where(User.id == ana["id"])).one() == "Anna"


def test_what_is_not_there_is_none(office: Office) -> None:
    with transaction(writes=False):
        assert FIND(id=new_id()) is None


def test_values_that_stand_in_the_statement_come_along_and_the_others_are_not_forgotten(office: Office) -> None:
    ana = someone()
    member = Prepared(select(USERS.c.id).where(USERS.c.role == "member", USERS.c.username == bindparam("username")))
    with transaction(writes=True):
        ADD(**ana)
        assert member(username="ana").id == ana["id"]
        assert member(username="bo") is None


def test_an_update_answers_with_what_it_made(office: Office) -> None:
    advance = Prepared(
        update(STREAMS)
        .where(STREAMS.c.id == bindparam("stream"))
        .values(seq=STREAMS.c.seq + 1)
        .returning(STREAMS.c.seq, STREAMS.c.floor)
    )
    with transaction(writes=True) as session:
        session.add(Stream(id=new_id(), seq=4, posted=0, floor=2))
        session.flush()
        stream = session.scalars(select(Stream.id)).one()
        made = advance(stream=stream)
        assert (made.seq, made.floor) == (5, 2)
        assert advance(stream=new_id()) is None


def test_a_breach_is_told_by_its_name_and_without_what_people_wrote(office: Office) -> None:
    ana = someone(display_name="very secret")
    with transaction(writes=True) as session:
        ADD(**ana)
        with pytest.raises(IntegrityError) as breach, savepoint():
            ADD(**ana)
        assert "very secret" not in str(breach.value)
        assert session.scalars(select(User.id)).one() == ana["id"]  # the transaction goes on
    with transaction(writes=True) as session:
        session.execute(text("ALTER TABLE deployment RENAME TO elsewhere"))
        with pytest.raises((OperationalError, ProgrammingError)):  # SQLite's name for it, and PostgreSQL's
            Prepared(select(Deployment.epoch))()


def test_whoever_watches_the_statements_sees_these_too(office: Office) -> None:
    with transaction(writes=False), office.queries(at_most=1) as asked:
        FIND(id=new_id())
    assert len(asked) == 1
    assert asked[0].startswith("SELECT users.username")


def test_a_value_that_was_forgotten_is_a_mistake_and_not_nothing(office: Office) -> None:
    with transaction(writes=True), pytest.raises(KeyError, match="name"):
        RENAME(who=new_id())
