"""A short real run from end to end: a server, histories of those on it, what REST shows, and the verdict."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults import audit
from tests.faults.checker import check
from tests.faults.history import History, digest, row_name
from tests.faults.snapshot import take_snapshots
from tests.faults.truth import Truth
from tests.support import Person, Phone, Server


class Diarist:
    """Someone at a phone who writes down everything: the least that a history needs."""

    def __init__(self, phone: Phone, channel: str, history: History) -> None:
        self.phone, self.channel, self.history = phone, channel, history
        self.rows: dict[str, list[Any]] = {}
        page = phone.looks_at(channel)
        self.cursor = page["seq"]
        for message in page["messages"]:
            self.takes(message)
            self.note("row", row=message["id"], changed_seq=message["changed_seq"], digest=digest(message), via="page")
        self.note("cursor", cursor=self.cursor, low=0, via="page")

    def note(self, do: str, **fields: Any) -> None:
        stream = {} if "uuid" in fields else {"stream": self.channel}
        self.history.add(self.phone.person.username, self.phone.person.id, do, **stream, **fields)

    def takes(self, message: dict[str, Any]) -> None:
        self.rows[message["id"]] = [message["changed_seq"], digest(message)]

    def asks(self, action: str, **payload: Any) -> dict[str, Any]:
        """Ask something for good, and note what becomes of it."""
        key = payload.get("client_msg_id") or str(uuid.uuid4())
        self.note("ask", uuid=key, action=action, **{"channel_id": self.channel, **payload})
        reply = self.phone.asks(action, payload)
        if reply.error:
            self.note("refused", uuid=key, code=reply.code)
            return {}
        self.note("ok", uuid=key, id=reply.data["message"]["id"], seq=reply.data["seq"])
        return dict(reply.data["message"])

    def says(self, text: str) -> dict[str, Any]:
        return self.asks("message", channel_id=self.channel, client_msg_id=str(uuid.uuid4()), text=text)

    def rests(self, head: int) -> None:
        """Apply everything that was told up to the head, and lay down what is held."""
        self.phone.hears("message", lambda event: event["seq"] == head)
        for name, event in self.phone.told:
            if event.get("stream") == self.channel and event["seq"] > self.cursor:
                frame = {"name": name, "prev": event["prev"], "seq": event["seq"]}
                row = event[name]
                self.note("told", **frame)
                self.note("applied", **frame, row=row_name(row), changed_seq=row["changed_seq"], digest=digest(row))
                self.cursor = event["seq"]
                if name == "message":
                    self.takes(row)
        read = self.phone.person.get(f"/channels/{self.channel}").data["channel"]["read"]
        self.note("holds", cursor=self.cursor, low=0, rows=self.rows, read=read)


@pytest.fixture
def watched(own_server: Callable[..., Server]) -> Server:
    server = own_server()
    audit.install(server.address)
    return server


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = History(tmp_path / "all.jsonl")
    yield history
    history.close()


def test_a_real_run_is_proven_and_a_changed_database_is_noticed(
    watched: Server, history: History, connect: Callable[..., Phone]
) -> None:
    ana = watched.owner()
    bo, cleo = watched.person("bo", ana), watched.person("cleo", ana)
    den = ana.opens("private", bo)
    ana.says(den, "before anyone looked")
    hers, his = Diarist(connect(ana), den, history), Diarist(connect(bo), den, history)

    first = hers.says(f"hello @{bo.username}")
    his.asks("addReaction", message_id=first["id"], emoji="🎉")
    his.asks("edit", message_id=first["id"], text="not mine to edit")
    hers.asks("edit", message_id=first["id"], text=f"hello @{bo.username} 🎉")
    second = his.says("hello")
    hers.asks("delete", message_id=first["id"])
    ana.adds(den, cleo)
    ana.removes(den, cleo).expect()
    last = hers.says("that was all")
    for diarist in (hers, his):
        diarist.rests(last["seq"])

    people: list[tuple[Person, list[str]]] = [(person, [den]) for person in (ana, bo, cleo)]
    shown = take_snapshots(watched.url, [(person.id, person.token, channels) for person, channels in people])
    assert shown[cleo.id] == {den: {}}, "she is out, and sees nothing of it"
    verdict = check([history.path], Truth.of(watched), shown)
    assert verdict.is_clean, verdict.report()
    assert (verdict.acked, verdict.totals["refused"], verdict.unknown) == (6, 1, 0)
    assert verdict.deliveries == 2 * 2 * (last["seq"] - first["seq"] + 1)

    watched.sql("UPDATE messages SET text = 'something else' WHERE id = :id", id=second["id"])
    watched.sql("UPDATE read_cursors SET last_read_seq = 0 WHERE user_id = :id", id=bo.id)
    verdict = check([history.path], Truth.of(watched), shown)
    assert set(verdict.kinds) == {"unnumbered change", "stale at rest", "wrong count"}, verdict.report()
