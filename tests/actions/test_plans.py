"""How the database finds what the hot paths ask for: by an index, never by going through a table that grows."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chat.basics import now
from chat.extensions import db
from tests.actions.conftest import Office, Someone, watching

# Gone through in whole: a table of one row, and what SQLite makes of an empty list.
SMALL = re.compile(r"SCAN (deployment|CONSTANT ROW|\(subquery-\d+\))$")
# What hangs on the messages of one page is sorted after it was found, and is no more than that.
PARTS = re.compile(r"FROM (reactions|mentions|file_references) WHERE \1\.message_id IN ")
# So is a page of the channels that someone is in: the index on their memberships finds them, in another order.
MINE = re.compile(r"FROM channels WHERE channels\.id > \S+ AND channels\.id IN \(SELECT memberships\.channel_id ")


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
    "how far one has read": lambda on: on.reader.place_of(on.town, on.bo.id),
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
    slow_steps = slow_steps_of_sqlite if db.engine.dialect.name == "sqlite" else slow_steps_of_postgres
    connection = db.engine.raw_connection()
    try:
        for statement, parameters in asked:
            values = parameters[0] if isinstance(parameters, list) else parameters
            flat = " ".join(statement.split())
            may_sort = bool(PARTS.search(flat) or MINE.search(flat))
            found = slow_steps(connection.cursor(), statement, values, may_sort=may_sort)
            assert not found, f"{found}:\n{statement}"
    finally:
        connection.close()


def slow_steps_of_sqlite(cursor: Any, statement: str, values: Any, *, may_sort: bool) -> list[str]:
    """What SQLite would walk through, or sort."""
    steps = [row[3] for row in cursor.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    return [step for step in steps if is_walk(step) or ("TEMP B-TREE" in step and not may_sort)]


def is_walk(step: str) -> bool:
    return ("SCAN" in step and not SMALL.search(step)) or "AUTOMATIC" in step


def slow_steps_of_postgres(cursor: Any, statement: str, values: Any, *, may_sort: bool) -> list[dict[str, Any]]:
    """What PostgreSQL would walk through, or sort, even if it avoids it where it can: tables are still small here."""
    cursor.execute("SET enable_seqscan = off; SET enable_bitmapscan = off")
    cursor.execute(f"EXPLAIN (FORMAT JSON) {statement}", values)
    [[[plan]]] = cursor.fetchall()
    may_sort = may_sort or "LIMIT" not in statement  # all that is sorted is wanted
    return [step for step in steps_of(plan["Plan"]) if is_slow(step, may_sort=may_sort)]


def is_slow(step: dict[str, Any], *, may_sort: bool) -> bool:
    kind = step["Node Type"]
    if kind in ("Sort", "Incremental Sort"):
        return not may_sort
    if kind == "Seq Scan":
        return step["Relation Name"] != "deployment"  # a table of one row
    return kind in ("Index Scan", "Index Only Scan") and "Index Cond" not in step


def steps_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """All steps of a plan, flat; without what they consist of."""
    yield {name: value for name, value in plan.items() if name != "Plans"}
    for part in plan.get("Plans", ()):
        yield from steps_of(part)
