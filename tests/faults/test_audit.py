"""The audit knows every version of every row: exactly what people were told, and nothing that was rolled back."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator

import pytest

from tests.faults import audit
from tests.faults.history import digest, row_name
from tests.faults.truth import Truth
from tests.support import Database, Person, Phone, Server


@pytest.fixture(scope="module")
def watched(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A running server with an audit.

    It does not poll: what a poll reads ahead of the telling is told as it is by then, without the versions in between,
    and these tests ask for every version.
    """
    server = Server(tmp_path_factory.mktemp("watched"), {"POLL_SECONDS": "0"}, database()).start()
    audit.install(server.address)
    yield server
    server.stop()


@pytest.fixture
def ana(watched: Server) -> Person:
    return watched.owner()


@pytest.fixture
def bo(watched: Server, ana: Person) -> Person:
    return watched.person("bo", ana)


def truth_of(server: Server) -> Truth:
    return Truth.of(server)


def durable(phone: Phone) -> list[tuple[str, dict]]:
    return [(name, event) for name, event in phone.told if "stream" in event and name != "hello"]


def test_every_kind_of_change_is_recorded_as_it_was_told(
    watched: Server, ana: Person, bo: Person, connect: Callable[..., Phone]
) -> None:
    den = ana.opens("private", bo)
    hers, his = connect(ana), connect(bo)
    hers.looks_at(den), his.looks_at(den)
    before = truth_of(watched).heads

    first = ana.says(den, f"hello @{bo.username} and @{ana.username}")["id"]
    reply = bo.says(den, "a reply", thread_id=first)["id"]
    bo.says(den, "for all", thread_id=first, also_to_channel=True)
    for person, emoji in ((bo, "🎉"), (ana, ":tada:"), (ana, "🎉")):
        person.put(f"/messages/{first}/reactions/{emoji}").expect()
    ana.patch(f"/messages/{first}", {"text": f'hello @{bo.username}, "quoted"\n – ✓'}).expect()
    ana.delete(f"/messages/{first}/reactions/🎉").expect()
    bo.delete(f"/messages/{reply}").expect()
    ana.delete(f"/messages/{first}").expect()
    ana.patch(f"/channels/{den}", {"name": "nest", "topic": "eggs"}).expect()
    head = bo.put(f"/channels/{den}/read", {"seq": 9}).expect().data["read"]["seq"]
    cleo = watched.person("cleo", ana)
    ana.adds(den, cleo)
    bo.delete(f"/channels/{den}/members/{bo.id}").expect()
    ana.removes(den, cleo).expect()
    ana.adds(den, bo)
    last = ana.says(den, "the end")
    hers.hears("message", lambda event: event["message"]["id"] == last["id"])
    his.hears("channel_joined", lambda event: event["seq"] == before[bo.id] + 3)

    truth = truth_of(watched)
    told = durable(hers)
    assert head < last["seq"]
    assert [event["seq"] for _, event in told] == list(range(before[den] + 1, truth.heads[den] + 1))
    for name, event in told:
        version = truth.versions[den][event["seq"]]
        row = event[name]
        assert (version.kind, version.row, version.digest) == (name, row_name(row), digest(row))
    own = [(name, event) for name, event in durable(his) if event["stream"] == bo.id]
    assert [(name, event["seq"]) for name, event in own] == [
        (version.kind, number) for number, version in truth.versions[bo.id].items() if number > before[bo.id]
    ]
    assert [name for name, _ in own] == ["read", "channel_left", "channel_joined"]


def test_the_last_version_of_every_row_is_what_the_tables_hold(watched: Server, ana: Person, bo: Person) -> None:
    den = ana.opens("public", bo)
    said = ana.says(den, f"@{bo.username}")["id"]
    bo.put(f"/messages/{said}/reactions/🎉").expect()
    truth = truth_of(watched)
    for row, present in truth.final[den].items():
        assert truth.versions[den][truth.last(den, row)].digest == digest(present)
    assert len(truth.final[den]) == 4, "two people, a message, and the channel"


def test_what_was_refused_leaves_no_record_and_no_hole(watched: Server, ana: Person, bo: Person) -> None:
    den = ana.opens("public")
    said = ana.says(den, "mine")["id"]
    before = truth_of(watched)
    bo.patch(f"/messages/{said}", {"text": "not mine"}).expect(403)
    bo.post(f"/channels/{den}/messages", {"client_msg_id": str(uuid.uuid4()), "text": "let me in"}).expect(403)
    after = truth_of(watched)
    assert after.heads[den] == before.heads[den]
    assert after.versions[den].keys() == before.versions[den].keys() == set(range(1, before.heads[den] + 1))


def test_what_was_there_before_the_audit_is_known_as_it_was_then(own_server: Callable[..., Server]) -> None:
    server = own_server()
    ana = server.owner()
    den = ana.opens()
    said = ana.says(den, "before")["id"]
    ana.patch(f"/messages/{said}", {"text": "still before"})
    audit.install(server.address)
    later = ana.says(den, "after")
    truth = truth_of(server)
    assert truth.starts[den] == 4
    assert sorted(truth.versions[den]) == [1, 2, 4, later["seq"]], "number 3 was overtaken by the edit"
    assert truth.is_member(den, ana.id)
    assert truth.stays[den, ana.id][0].joined == 0, "what was before is not known, so nothing is held against her"


def test_unread_counts_are_counted_anew(watched: Server, ana: Person, bo: Person) -> None:
    den = ana.opens("public", bo)
    for text in ("one", f"two @{bo.username}", "three", "@channel four"):
        last = ana.says(den, text)
    ana.delete(f"/messages/{last['id']}").expect()
    bo.put(f"/channels/{den}/read", {"seq": last["seq"] - 3}).expect()
    counts = truth_of(watched).counts
    assert counts[ana.id, den] == {"unread": 0, "mentions": 0}
    assert counts[bo.id, den] == {"unread": 2, "mentions": 1}


@pytest.mark.parametrize("reaction_first", [True, False])
def test_a_version_is_whole_in_whichever_order_it_is_written(
    watched: Server, ana: Person, *, reaction_first: bool
) -> None:
    den = ana.opens()
    said = ana.says(den, "react to this")
    react = f"""INSERT INTO reactions (message_id, emoji, user_id, position, created_at)
                VALUES ('{said["id"]}', '🎉', '{ana.id}', 0, '2026-01-01')"""
    stamp = f"UPDATE messages SET changed_seq = {said['seq'] + 1} WHERE id = '{said['id']}'"
    with audit.snapshot(watched.address, writes=True) as connection:
        ask = connection.exec_driver_sql
        ask(f"UPDATE streams SET seq = seq + 1 WHERE id = '{den}'")
        for statement in (react, stamp) if reaction_first else (stamp, react):
            ask(statement)
        found = ask(f"SELECT number, body FROM audit WHERE stream = '{den}' AND kind = 'message' ORDER BY number")
        assert [(number, len(json.loads(body)["reactions"])) for number, body in found] == [
            (said["seq"], 0),
            (said["seq"] + 1, 1),
        ]
    assert sorted(truth_of(watched).versions[den]) == [1, 2, said["seq"]], "rolled back, and so is its record"
