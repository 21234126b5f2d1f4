"""Transactions that meet on PostgreSQL, where nobody holds the whole database: each comes out as if alone."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest

from chat import journal
from chat.actions import Answer, sync
from chat.database import transaction
from chat.errors import ChatError
from tests.actions.conftest import Office, Someone
from tests.servers.postgres import Postgres
from tests.support import PATIENCE, until

TAKE = "UPDATE streams SET seq = seq + 1 WHERE id = %s"


pytestmark = pytest.mark.postgresql


@pytest.fixture
def ana(someone: Callable[..., Someone]) -> Someone:
    return someone("ana")


@pytest.fixture
def bo(someone: Callable[..., Someone]) -> Someone:
    return someone("bo")


@pytest.fixture
def den(ana: Someone, bo: Someone) -> str:
    """A private channel with Ana and Bo in it."""
    den = ana.does("create_channel", name="den", kind="private").data["channel"]["id"]
    ana.does("add_member", channel_id=den, user_id=bo.id)
    return str(den)


class Other:
    """Another process in the middle of a transaction, statement by statement."""

    def __init__(self, address: str) -> None:
        self.connection = psycopg2.connect(address)
        self.cursor = self.connection.cursor()

    def does(self, statement: str, *values: Any) -> None:
        self.cursor.execute(statement, values)


@pytest.fixture
def other(scratch: str) -> Iterator[Other]:
    other = Other(scratch)
    yield other
    other.connection.close()


class Asking(threading.Thread):
    """An action that is asked meanwhile; what became of it."""

    def __init__(self, office: Office, act: Callable[[], Answer]) -> None:
        super().__init__(daemon=True)
        self.office, self.act, self.outcome = office, act, ""
        self.start()

    def run(self) -> None:
        with self.office.app.app_context():
            try:
                self.act()
                self.outcome = "ok"
            except ChatError as refusal:
                self.outcome = refusal.code

    def comes_to(self) -> str:
        self.join(PATIENCE)
        return self.outcome


def until_someone_waits(postgres: Postgres) -> None:
    """Until an action waits for a row that someone else holds."""
    until(lambda: postgres.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"))


def numbers(person: Someone, channel_id: str) -> list[int]:
    """The numbers of a channel's messages."""
    return [message["seq"] for message in person.does("show_page", channel_id=channel_id).data["messages"]]


def test_who_was_removed_while_waiting_is_refused(
    office: Office,
    postgres: Postgres,
    other: Other,
    ana: Someone,
    bo: Someone,
    den: str,
) -> None:
    other.does(TAKE, den)
    other.does("UPDATE memberships SET left_at = now(), changed_seq = 4 WHERE user_id = %s", bo.id)
    sending = Asking(office, lambda: bo.does("message", **a_message(den)))
    until_someone_waits(postgres)
    other.connection.commit()
    assert sending.comes_to() == "channel_not_found"
    assert ana.says(den, "and on")["seq"] == 5, "the refused one left no hole"


def test_the_same_message_over_two_processes_is_posted_once(
    office: Office,
    ana: Someone,
    bo: Someone,
    den: str,
) -> None:
    body = a_message(den)
    asked = [Asking(office, lambda: ana.does("message", **body)) for _ in range(8)]
    assert {each.comes_to() for each in asked} == {"ok"}
    assert len(numbers(bo, den)) == 1


def test_numbers_are_in_the_order_of_commits_without_holes(office: Office, ana: Someone, bo: Someone, den: str) -> None:
    asked = [Asking(office, lambda who=who: who.does("message", **a_message(den))) for who in (ana, bo) * 10]
    assert {each.comes_to() for each in asked} == {"ok"}
    assert numbers(ana, den) == list(range(4, 24))


def test_who_is_the_victim_of_a_deadlock_is_asked_again(
    office: Office,
    postgres: Postgres,
    other: Other,
    someone: Callable[..., Someone],
    ana: Someone,
    den: str,
) -> None:
    cleo = someone("cleo")
    other.does("SET deadlock_timeout = '60s'")  # so that the action is who finds out, and gives way
    other.does(TAKE, cleo.id)
    adding = Asking(office, lambda: ana.does("add_member", channel_id=den, user_id=cleo.id))
    until_someone_waits(postgres)
    other.does("SELECT 1 FROM streams WHERE id = %s FOR UPDATE", den)
    other.connection.rollback()
    assert adding.comes_to() == "ok"
    assert ana.says(den, "welcome")["seq"] == 5, "the first try left no hole"


def test_nobody_waits_for_ever_for_what_another_process_holds(
    office: Office,
    other: Other,
    ana: Someone,
    bo: Someone,
    den: str,
) -> None:
    other.does(TAKE, den)
    assert Asking(office, lambda: ana.does("message", **a_message(den))).comes_to() == "unavailable"
    assert numbers(bo, den) == [], "reading waits for nobody"


def test_what_is_read_is_of_one_moment_and_is_kept_under_its_number(
    office: Office,
    ana: Someone,
    bo: Someone,
    den: str,
) -> None:
    first = ana.says(den, "as it was")
    with transaction(writes=False):
        head = journal.head(den).seq
        edit = Asking(office, lambda: ana.does("edit", message_id=first["id"], text="as it is"))
        assert edit.comes_to() == "ok"
        assert Asking(office, lambda: ana.does("message", **a_message(den))).comes_to() == "ok"
        changes = sync.channel_changes(den, first["seq"] - 1, 200, sync.find_epoch())
        assert (changes.seq, texts(changes)) == (head, ["as it was"])
    with transaction(writes=False):
        changes = sync.channel_changes(den, first["seq"] - 1, 200, sync.find_epoch())
        assert (changes.seq, texts(changes)) == (head + 2, ["as it is", "hello"])


def texts(changes: sync.Changes) -> list[str]:
    return [event.body["message"]["text"] for event in changes.events]


def a_message(channel_id: str) -> dict[str, Any]:
    return {"channel_id": channel_id, "client_msg_id": str(uuid.uuid4()), "text": "hello"}
