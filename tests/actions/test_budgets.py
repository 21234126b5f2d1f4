"""What the hot paths cost, in questions and in memory: no more with a larger channel, history or team."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from chat.extensions import db
from tests.actions.conftest import Office, Someone


def test_sending_asks_the_database_no_more_than_eight_times(office: Office, someone: Callable[..., Someone]) -> None:
    ana = someone("ana")
    town = ana.does("create_channel", name="town", kind="public").data["channel"]["id"]
    with office.queries(at_most=6):
        ana.says(town, "good morning")
    with office.queries(at_most=8):  # whom it names, and a row for each
        ana.says(town, "good morning @ana")


def test_sending_takes_little_memory_and_keeps_none(office: Office, someone: Callable[..., Someone]) -> None:
    ana = someone("ana")
    town = ana.does("create_channel", name="town", kind="public").data["channel"]["id"]
    for _ in range(100):  # what is made once and kept is made now
        ana.says(town, "good morning")
    with taking(at_most=48 * 1024):
        ana.says(town, "good morning")

    def kept_by_a_hundred() -> int:
        """Blocks of memory that are there after a hundred sends and were not before."""
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(100):
            ana.says(town, "good morning")
        office.told.clear()
        office.statements.clear()
        gc.collect()
        return sys.getallocatedblocks() - before

    # What each send keeps is kept every time; what others in this process take meanwhile is not.
    assert min(kept_by_a_hundred() for _ in range(3)) < 500


@contextmanager
def taking(at_most: int) -> Iterator[None]:
    """Insist on how many bytes more than before are in use at any moment inside, garbage included."""
    gc.disable()
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] <= at_most
    finally:
        tracemalloc.stop()
        gc.enable()


def test_catching_up_costs_the_same_for_one_change_and_for_many(
    office: Office, someone: Callable[..., Someone]
) -> None:
    ana = someone("ana")
    town = ana.does("create_channel", name="town", kind="public").data["channel"]["id"]
    ana.says(town, "one")
    with office.queries(at_most=9) as few:
        ana.does("sync", cursors={town: 2})
    cost = len(few)
    for number in range(50):
        ana.says(town, f"message {number}")
    with office.queries(at_most=cost):
        ana.does("sync", cursors={town: 2})
    with office.queries(at_most=4):  # nothing new: who asks, the epoch, the channel, its head
        ana.does("sync", cursors={town: 53})


def test_opening_the_page_costs_the_same_with_one_channel_and_with_thirty(
    office: Office, someone: Callable[..., Someone]
) -> None:
    ana, bo = someone("ana"), someone("bo")
    with office.queries(at_most=1):
        ana.does("show_session")
    ana.does("create_channel", name="town", kind="public")
    ana.does("open_conversation", user_ids=[bo.id])
    with office.queries(at_most=9) as few:
        ana.does("hello")
    cost = len(few)
    for number in range(30):
        ana.does("create_channel", name=f"room {number}", kind="private")
    with office.queries(at_most=cost):
        ana.does("hello")


def test_looking_at_a_channel_counts_what_was_missed_once(office: Office, someone: Callable[..., Someone]) -> None:
    ana = someone("ana")
    town = ana.does("create_channel", name="town", kind="public").data["channel"]["id"]
    ana.says(town, "one")
    with office.queries(at_most=12) as statements:
        ana.does("subscribe", channel_id=town)
    assert sum("count(*)" in statement for statement in statements) == 1


def test_a_page_of_history_costs_the_same_however_long_it_is(office: Office, someone: Callable[..., Someone]) -> None:
    ana = someone("ana")
    town = ana.does("create_channel", name="town", kind="public").data["channel"]["id"]
    for number in range(60):
        ana.says(town, f"message {number}")
    with office.queries(at_most=10):
        page = ana.does("show_page", channel_id=town, before=50, limit=40).data
    assert len(page["messages"]) == 40


def test_many_who_come_back_to_the_same_place_share_one_reading_until_something_changes(
    office: Office, someone: Callable[..., Someone]
) -> None:
    ana, bo, cleo = someone("ana"), someone("bo"), someone("cleo")
    town = ana.does("create_channel", name="town", kind="public").data["channel"]["id"]
    said = [ana.says(town, f"message {number}") for number in range(20)]
    since = said[10]["seq"]
    with office.queries(at_most=20) as first:
        ana.does("subscribe", channel_id=town, since=since)
    with office.queries(at_most=len(first) - 4):  # messages, what belongs to them, and who is in
        shown = bo.does("subscribe", channel_id=town, since=since).data
    assert [message["text"] for message in shown["messages"]] == [message["text"] for message in said[11:]]
    ana.does("edit", message_id=said[15]["id"], text="no")
    again = cleo.does("subscribe", channel_id=town, since=since).data
    assert [message["text"] for message in again["messages"]][-1] == "no"
    assert cleo.does("subscribe", channel_id=town).data["messages"][15]["text"] == "no"


@pytest.mark.sqlite  # whose steps can be counted; what PostgreSQL does is in test_plans.py
def test_a_badge_costs_the_same_however_much_was_missed(office: Office, someone: Callable[..., Someone]) -> None:
    ana, bo = someone("ana"), someone("bo")
    town = ana.does("create_channel", name="town", kind="public").data["channel"]["id"]
    ana.does("add_member", channel_id=town, user_id=bo.id)
    for number in range(20):
        ana.says(town, f"message {number}")
    few = steps(lambda: bo.does("show_channel", channel_id=town))
    for number in range(1_000):
        ana.says(town, f"message {number}")
    assert bo.does("show_channel", channel_id=town).data["channel"]["read"]["unread"] == 1_020
    assert steps(lambda: bo.does("show_channel", channel_id=town)) <= few * 1.2


def steps(act: Callable[[], object]) -> int:
    """How many steps of its program the database takes for what is asked inside."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    driver = db.engine.raw_connection()  # there is one connection only
    driver.driver_connection.set_progress_handler(count, 1)
    driver.close()
    try:
        act()
    finally:
        driver = db.engine.raw_connection()
        driver.driver_connection.set_progress_handler(None, 0)
        driver.close()
    assert taken
    return taken
