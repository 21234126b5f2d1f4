"""How the database finds what the hot paths ask for: by an index, never by going through a table that grows."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from chat.basics import now
from chat.extensions import db
from tests.actions.conftest import Office, Someone, watching

# Gone through in whole: a table of one row, and what SQLite makes of an empty list.
SMALL = re.compile(r"SCAN (deployment|CONSTANT ROW|\(subquery-\d+\))$")
# What hangs on the messages of one page is sorted after it was found, and is no more than that.
PARTS = re.compile(r"FROM (reactions|mentions|file_references) WHERE \1\.message_id IN ")


class Scene:
    """Ana and Bo in a town with some history, a thread, and a conversation of their own."""

    def __init__(self, office: Office, someone: Callable[..., Someone]) -> None:
        self.ana, self.bo = someone("ana"), someone("bo")
        self.reader = office.app.extensions["chat"].reader
        self.town = self.ana.does("create_channel", name="town", kind="public").data["channel"]["id"]
        self.ana.does("add_member", channel_id=self.town, user_id=self.bo.id)
        self.said = [self.ana.says(self.town, f"remark {n} @bo") for n in range(20)]
        self.id, self.middle = self.said[0]["id"], self.said[10]["seq"]
        self.ana.says(self.town, "quite", thread_id=self.id)
        self.ana.does("open_conversation", user_ids=[self.bo.id])
        self.again = {"channel_id": self.town, "client_msg_id": str(uuid.uuid4()), "text": "hello @bo"}
        self.ana.does("message", **self.again)

    def leafs(self, **where: Any) -> None:
        self.bo.does("show_page", channel_id=self.town, **where)


HOT: dict[str, Callable[[Scene], Any]] = {
    "sending": lambda on: on.ana.says(on.town, "hello @bo, hello @channel"),
    "sending again": lambda on: on.ana.does("message", **on.again),
    "replying": lambda on: on.bo.says(on.town, "no", thread_id=on.id),
    "editing": lambda on: on.ana.does("edit", message_id=on.id, text="hello @ana"),
    "deleting": lambda on: on.ana.does("delete", message_id=on.id),
    "reacting": lambda on: on.bo.does("addReaction", message_id=on.id, emoji="🎉"),
    "opening a channel": lambda on: on.bo.does("subscribe", channel_id=on.town),
    "coming back to a channel": lambda on: on.bo.does("subscribe", channel_id=on.town, since=on.middle),
    "the latest page": lambda on: on.leafs(),
    "the page before": lambda on: on.leafs(before=on.middle),
    "the page after": lambda on: on.leafs(after=on.middle),
    "the page around": lambda on: on.leafs(around=on.middle),
    "a thread": lambda on: on.leafs(thread_id=on.id),
    "a message": lambda on: on.bo.does("show_message", message_id=on.id),
    "what a message said before": lambda on: on.bo.does("list_revisions", message_id=on.id),
    "marking": lambda on: on.bo.does("markRead", channel_id=on.town, seq=on.middle),
    "typing": lambda on: on.bo.does("typing", channel_id=on.town, on=True),
    "sync": lambda on: on.bo.does("sync", cursors={on.town: on.middle, on.bo.id: 1}),
    "hello": lambda on: on.bo.does("hello"),
    "a channel and what was missed": lambda on: on.bo.does("show_channel", channel_id=on.town),
    "its members": lambda on: on.bo.does("list_members", channel_id=on.town),
    "whose cookie it is": lambda on: on.reader.find_session("secret", "browser"),
    "the sessions that ended": lambda on: on.reader.sessions_ended_since(now()),
    "the sessions that hold": lambda on: on.reader.sessions_that_hold([on.ana.session_id, on.bo.session_id]),
    "heads": lambda on: on.reader.heads([on.town, on.ana.id, on.bo.id]),
    "changes": lambda on: on.reader.changes(on.town, on.middle, 200),
    "one's own changes": lambda on: on.reader.changes(on.bo.id, 1, 200),
    "one's channels": lambda on: on.reader.channels_of(on.bo.id),
    "who is in": lambda on: on.reader.members_among(on.town, [on.ana.id, on.bo.id]),
    "whether one is in": lambda on: on.reader.head_if_member(on.town, on.bo.id),
}


@pytest.mark.parametrize("act", HOT.values(), ids=HOT.keys())
def test_it_is_found_by_an_index(office: Office, someone: Callable[..., Someone], act: Callable[[Scene], Any]) -> None:
    scene = Scene(office, someone)
    asked: list[tuple[str, Any]] = []

    def note(statement: str, parameters: Any) -> None:
        if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE")):
            asked.append((statement, parameters))

    with watching(note):
        act(scene)
    assert asked
    for statement, parameters in asked:
        for step in plan(statement, parameters[0] if isinstance(parameters, list) else parameters):
            is_sort = "TEMP B-TREE" in step and not PARTS.search(" ".join(statement.split()))
            is_walk = ("SCAN" in step and not SMALL.search(step)) or "AUTOMATIC" in step
            assert not is_sort, f"{step}:\n{statement}"
            assert not is_walk, f"{step}:\n{statement}"


def plan(statement: str, parameters: Any) -> list[str]:
    """The steps that SQLite takes."""
    connection = db.engine.raw_connection()
    try:
        return [row[3] for row in connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)]
    finally:
        connection.close()
