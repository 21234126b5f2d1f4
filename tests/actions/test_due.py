"""What retention looks at: everything a channel holds, in order, however it is spread over main line and threads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from chat.actions.retention import find_due
from chat.basics import now
from chat.database import begun
from tests.actions.conftest import Office, Someone


def test_no_message_is_passed_over_and_none_is_met_twice(office: Office, someone: Callable[..., Someone]) -> None:
    ana = someone("ana")
    town = ana.does("create_channel", name="town", kind="public").data["channel"]["id"]
    root = ana.says(town, "a question")["id"]
    for number in range(17):  # by turns: one for the main line, a few for the thread only, one for both
        in_thread = {"thread_id": root, "also_to_channel": number % 7 == 6} if number % 4 else {}
        ana.says(town, f"remark {number}", **in_thread)
    said = ana.does("show_page", channel_id=town, thread_id=root).data["messages"]
    said += ana.does("show_page", channel_id=town).data["messages"]
    in_order = [id for _, id in sorted({(message["seq"], message["id"]) for message in said})]
    assert len(in_order) == 18
    for at_once in (1, 3, 5, 18, 100):
        found, after = [], 0
        while after is not None:
            with begun(writes=False):
                stretch = find_due(town, after, is_kept=False, cutoff=now() + timedelta(days=1), at_once=at_once)
            assert len(stretch.due) <= at_once
            found += stretch.due
            after = stretch.end
        assert found == in_order
