"""Actions that wait at the same moment share a commit, and nobody notices but by how soon it is their turn."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text

from chat import failpoints
from chat.actions import messages, reactions
from chat.commits import AT_ONCE
from chat.database import transaction
from chat.extensions import db
from chat.models import ReadCursor
from tests.actions.conftest import Someone

pytestmark = pytest.mark.sqlite  # PostgreSQL lets writers go side by side


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


def sending(person: Someone, channel_id: str, words: str, **more: Any) -> Callable[[], Any]:
    body = {"channel_id": channel_id, "client_msg_id": str(uuid.uuid4()), "text": words, **more}
    return lambda: person.does("message", **body).data


def texts(person: Someone, channel_id: str) -> list[str]:
    """What stands in the channel."""
    page = person.does("show_page", channel_id=channel_id).data["messages"]
    return [message["text"] for message in page]


@contextmanager
def traced() -> Iterator[list[str]]:
    """Everything that SQLite itself is asked inside, savepoints too."""
    with db.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection  # the only one there is
    said: list[str] = []
    driver.set_trace_callback(said.append)
    try:
        yield said
    finally:
        driver.set_trace_callback(None)


def test_who_waits_together_goes_to_disk_together_in_the_order_of_coming(office, ana, bo, den) -> None:
    head, office.commits = ana.does("show_channel", channel_id=den).data["channel"]["seq"], 0
    office.told.clear()
    people = [ana, bo] * 10
    with traced() as said:
        answers = office.at_once(*(sending(person, den, f"remark {n}") for n, person in enumerate(people)))
    assert office.commits == said.count("COMMIT") == 1
    assert "SAVEPOINT part" not in said
    assert [answer["seq"] for answer in answers] == list(range(head + 1, head + 21))
    assert [answer["message"]["text"] for answer in answers] == [f"remark {n}" for n in range(20)] == texts(ana, den)
    assert [(told.prev, told.seq) for told in office.told] == [(head + n, head + n + 1) for n in range(20)]


def test_whom_a_commit_has_no_room_for_is_in_the_next(office, ana, den) -> None:
    head, office.commits = ana.does("show_channel", channel_id=den).data["channel"]["seq"], 0
    answers = office.at_once(*(sending(ana, den, f"remark {n}") for n in range(AT_ONCE + 6)))
    assert office.commits == 2
    assert [answer["seq"] for answer in answers] == list(range(head + 1, head + AT_ONCE + 7))


def test_a_refusal_among_them_harms_nobody_and_leaves_no_hole(office, someone, ana, bo, den) -> None:
    cleo = someone("cleo")
    said = ana.says(den, "said before")
    office.told.clear()
    with traced() as asked:
        answers = office.at_once(
            sending(ana, den, "first"),
            sending(cleo, den, "let me in"),
            lambda: bo.does("edit", message_id=said["id"], text="not mine"),
            lambda: ana.does("edit", message_id=said["id"], text="said before").data["changed"],
            sending(ana, den, "in a thread that is not there", thread_id="0" * 26),
            sending(bo, den, "second"),
        )
    assert [asked.count(f"{word} part") for word in ("SAVEPOINT", "ROLLBACK TO SAVEPOINT")] == [6, 4]
    assert asked.count("COMMIT") == 1
    assert answers[1:5] == ["channel_not_found", "forbidden", False, "thread_not_found"]
    assert [answers[0]["seq"], answers[5]["seq"]] == [said["seq"] + 1, said["seq"] + 2]
    assert [(told.seq, told.body["message"]["text"]) for told in office.told] == [
        (said["seq"] + 1, "first"),
        (said["seq"] + 2, "second"),
    ]
    assert texts(ana, den) == ["said before", "first", "second"]


def test_the_same_message_twice_in_one_commit_is_posted_once(office, ana, den) -> None:
    send = sending(ana, den, "once")
    one, other = office.at_once(send, send)
    assert (one.pop("duplicate"), other.pop("duplicate")) == (False, True)
    assert one == other
    assert texts(ana, den) == ["once"]


def test_who_lost_a_race_in_a_shared_commit_finds_what_the_winner_made(office, ana, bo, den, monkeypatch) -> None:
    looked = []

    def blind(actor, client_msg_id, find_sent=messages.find_sent):
        looked.append(client_msg_id)
        return find_sent(actor, client_msg_id) if len(looked) > 3 else None

    monkeypatch.setattr(messages, "find_sent", blind)
    send = sending(ana, den, "once")
    one, other, third = office.at_once(send, send, sending(bo, den, "another"))
    assert other == {**one, "duplicate": True}
    assert third["seq"] == one["seq"] + 1
    assert texts(ana, den) == ["once", "another"]


def test_whose_own_fault_broke_the_transaction_fails_alone(office, ana, bo, den, monkeypatch) -> None:
    said = ana.says(den, "said before")
    bo.does("addReaction", message_id=said["id"], emoji="🎉")
    monkeypatch.setattr(reactions, "find_own", lambda *_: None)  # it will be written twice
    office.told.clear()
    one, broken, other = office.at_once(
        sending(ana, den, "one"),
        lambda: bo.does("addReaction", message_id=said["id"], emoji="🎉"),
        sending(bo, den, "other"),
    )
    assert broken == "internal_error"
    assert texts(ana, den) == ["said before", "one", "other"]
    assert [told.seq for told in office.told] == [one["seq"], other["seq"]] == [one["seq"], one["seq"] + 1]


def test_everyone_sees_what_the_one_before_wrote_as_if_it_were_committed(office, ana, bo, den) -> None:
    first = ana.says(den, "one")["seq"]
    for n in range(3):
        ana.says(den, f"and {n}")
    held: list[ReadCursor] = []  # rows that were read may stay in memory; they count for nobody else
    event.listen(ReadCursor, "load", keep := lambda row, _context: held.append(row))
    marked, said, marked_again = office.at_once(
        lambda: bo.does("markRead", channel_id=den, seq=first).data["read"]["last_read_seq"],
        sending(bo, den, "I have read it all"),
        lambda: bo.does("markRead", channel_id=den, seq=first + 1).data["read"]["last_read_seq"],
    )
    event.remove(ReadCursor, "load", keep)
    assert (marked, marked_again) == (first, said["seq"])  # one's own message moved the cursor; it does not go back


def test_a_commit_that_fails_is_answered_to_everyone_and_told_to_nobody(office, someone, ana, den, monkeypatch) -> None:
    cleo, send = someone("cleo"), sending(ana, den, "never")
    head = ana.does("show_channel", channel_id=den).data["channel"]["seq"]
    office.told.clear()
    with monkeypatch.context() as broken:
        broken.setattr(failpoints, "_active", failpoints.Failpoints(*failpoints.parse("before_commit:raise")))
        # A repeat and a refusal may rest on what then was not committed.
        assert office.at_once(send, send, sending(cleo, den, "let me in")) == ["unavailable"] * 3
    assert office.told == []
    assert texts(ana, den) == []
    assert ana.says(den, "and on")["seq"] == head + 1


def test_a_transaction_that_the_database_gave_up_counts_for_nobody(office, ana, bo, den) -> None:
    with transaction(writes=True) as session:
        pages = session.execute(text("PRAGMA page_count")).scalar_one()
        session.execute(text(f"PRAGMA max_page_count = {pages + 1}"))
    office.told.clear()
    sends = [sending(ana, den, "small"), sending(bo, den, "🎈" * 4_000), sending(ana, den, "small too")]
    assert office.at_once(*sends) == ["unavailable"] * 3
    assert office.told == []
    assert texts(ana, den) == []
    db.engine.dispose()  # the limit was the connection's
    assert [answer["message"]["text"][:9] for answer in office.at_once(*sends)] == ["small", "🎈" * 9, "small too"]


def test_someone_alone_waits_for_nobody(office, ana, den) -> None:
    office.commits = 0
    with traced() as said, office.queries(at_most=7):
        ana.says(den, "hello?")
    assert office.commits == said.count("COMMIT") == 1
    assert "SAVEPOINT part" not in said
