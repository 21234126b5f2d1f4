"""The web client's own code, many times in one Node process: its histories, its outboxes, and its digests."""

from __future__ import annotations

import json
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.history import digest, read_histories
from tests.faults.web_crowd import WebCrowd
from tests.support import Person, Server, until

Line = dict[str, Any]
Crowds = Callable[..., WebCrowd]


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that lets people act as fast as they can."""
    server = Server(tmp_path_factory.mktemp("busy"), {"HEADS_SECONDS": "2", "RATE_LIMITS": "off"}).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def six(busy: Server) -> list[Person]:
    owner = busy.owner()
    return [owner, *(busy.person(f"p{number}", owner) for number in range(5))]


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[Crowds]:
    """Starts a crowd, and ends whatever is left of it."""
    crowds: list[WebCrowd] = []

    def start(server: Server, people: list[tuple[Person, list[str]]]) -> WebCrowd:
        crowds.append(WebCrowd.of(tmp_path, server, people))
        return crowds[-1].start()

    yield start
    for one in crowds:
        one.end()


def rooms_of(people: list[Person]) -> list[str]:
    """Three channels that all of them are in."""
    first, *others = people
    return [first.opens("public", *others) for _ in range(3)]


def lines(crowd: WebCrowd) -> list[Line]:
    return [line for _, _, line in read_histories(crowd.histories)]


def asked_of(crowd: WebCrowd) -> list[Line]:
    return [line for line in lines(crowd) if line["do"] == "ask"]


def log_of(person: Person, channel: str) -> list[dict[str, Any]]:
    """Every message of a channel, as REST has it."""
    messages: list[dict[str, Any]] = []
    more: dict[str, Any] = {}
    while True:
        page = person.get(f"/channels/{channel}/messages", limit=200, **more).data
        messages = page["messages"] + messages
        if not page["more_before"]:
            return messages
        more = {"before": messages[0]["seq"]}


def assert_cursors_are_explained(history: list[Line]) -> None:
    """Every stream's cursor moved from the first to the last line by what was written, and by nothing else."""
    cursors: dict[tuple[str, str], int] = defaultdict(lambda: -1)
    for line in history:
        of = line["client"], line.get("stream", "")
        if line["do"] == "applied":
            assert line["prev"] <= cursors[of] < line["seq"], line
            cursors[of] = line["seq"]
        elif line["do"] == "cursor":
            cursors[of] = line["cursor"]
        elif line["do"] == "holds":
            assert line["cursor"] == cursors[of], line


def assert_holds_what_the_server_has(line: Line, log: list[dict[str, Any]], head: int) -> None:
    assert line["cursor"] == head
    inside = [message for message in log if message["seq"] >= line["low"]]
    assert line["rows"] == {message["id"]: [message["changed_seq"], digest(message)] for message in inside}


def test_a_crowd_comes_to_rest_and_its_histories_tell_how(crowd: Crowds, busy: Server, six: list[Person]) -> None:
    rooms = rooms_of(six)
    party = crowd(busy, [(person, rooms) for person in six])
    party.asks("start", per_second=60)
    until(
        lambda: len(asks := asked_of(party)) > 120 and {"edit", "delete", "addReaction"} <= {a["action"] for a in asks}
    )
    asked = party.asks("stop")["asked"]
    rest = party.rests(60)
    party.asks("dump")
    party.quit()

    history = lines(party)
    by = {do: [line for line in history if line["do"] == do] for do in {line["do"] for line in history}}
    assert len(by["ask"]) == asked
    assert len(by["applied"]) == rest["applied"] > asked
    assert {line["uuid"] for line in by["ask"]} == {line["uuid"] for line in by["ok"] + by.get("refused", [])}
    assert {line["code"] for line in by.get("refused", [])} <= {"message_not_found"}  # deleted by its author meanwhile
    assert_cursors_are_explained(history)

    logs = {room: log_of(six[0], room) for room in rooms}
    there = Counter(message["client_msg_id"] for log in logs.values() for message in log if message["kind"] == "user")
    assert there == Counter(line["uuid"] for line in by["ask"] if line["action"] == "message")
    heads = {room: six[0].get(f"/channels/{room}").data["channel"]["seq"] for room in rooms}
    channels = [line for line in by["holds"] if line["stream"] in heads]
    assert len(channels) == len(six)
    assert len(by["holds"]) == 2 * len(six)
    for line in channels:
        assert_holds_what_the_server_has(line, logs[line["stream"]], heads[line["stream"]])


def test_a_crowd_that_is_killed_while_it_sends_delivers_everything_once_in_its_next_life(
    crowd: Crowds, busy: Server, six: list[Person], tmp_path: Path
) -> None:
    rooms = rooms_of(six)
    party = crowd(busy, [(person, rooms) for person in six])
    party.asks("start", per_second=3_000)
    until(lambda: len(asked_of(party)) > 300, 30)
    party.asks("stop")
    until(lambda: sum(line["do"] == "ok" for line in lines(party)) > 30, 30)
    party.kill()
    assert any(left_in(outbox) for outbox in tmp_path.glob("outbox-*.jsonl"))
    party.start()
    party.rests(60)
    party.asks("dump")
    party.quit()

    history = lines(party)
    assert_cursors_are_explained(history)
    asked: dict[tuple[str, str], list[str]] = defaultdict(list)
    asks = [line for line in asked_of(party) if line["action"] == "message"]
    logs = {room: log_of(six[0], room) for room in rooms}
    there = {(message["user_id"], message["client_msg_id"]) for log in logs.values() for message in log}
    if (asks[-1]["user"], asks[-1]["uuid"]) not in there:
        asks.pop()  # killed between the line of the history and the line of the outbox
    for line in asks:
        asked[line["user"], line["channel_id"]].append(line["uuid"])
    for person in six:
        for room, log in logs.items():
            arrived = [
                message["client_msg_id"]
                for message in log
                if message["user_id"] == person.id and message["kind"] == "user"
            ]
            assert arrived == asked[person.id, room]


def left_in(outbox: Path) -> set[str]:
    """What an outbox still kept when its process was killed."""
    left: set[str] = set()
    for line in outbox.read_text().splitlines(keepends=True):
        entry = json.loads(line) if line.endswith("\n") else {}
        left |= {entry["put"]["id"]} if "put" in entry else set()
        left -= {entry.get("remove", "")}
    return left


def test_a_row_has_the_same_digest_in_both_languages(crowd: Crowds, busy: Server) -> None:
    # Full-width letters stand before emoji by character, and behind them by halves of UTF-16.
    reactions = [
        {"emoji": emoji, "count": 2, "user_ids": ["U2", "U1", "ｕ3", "😀"]} for emoji in ("👍", ":ａ:", "❤️", ":a:")
    ]
    spoken = {
        "text": 'Grüße, "you" \\ \u2028\x01\x7f\n/ 👩‍🚀',
        "mentions": ["Ub", "Ua", "😀", "ｕ"],
        "reactions": reactions,
    }
    stamps = {"seq": 7, "changed_seq": 9, "rev": 2, "thread_id": None, "reply_count": 0, "deleted_at": None}
    message = {"id": "M1", "user_id": "U1", "client_msg_id": str(uuid.uuid4()), **stamps, **spoken}
    member = {"channel_id": "C1", "user_id": "U1", "role": "owner", "left_at": None, "changed_seq": 3}
    channel = {"id": "C1", "name": "zürich", "topic": "", "kind": "public", "archived_at": None, "changed_seq": 1}
    rows = [
        *(message, {**message, "thread_id": "M0", "deleted_at": "2026-01-01T00:00:00.000Z", "text": ""}),
        *(member, {**member, "left_at": "2026-01-01T00:00:00.000Z"}),
        *(channel, {**channel, "archived_at": "2026-01-01T00:00:00.000Z"}, {**channel, "name": None}),
    ]
    digests = crowd(busy, []).asks("digest", rows=rows)["digests"]
    assert digests == [digest(row) for row in rows]
    assert len(set(digests)) == len(rows)
