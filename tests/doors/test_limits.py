"""Who asks too fast, reads too slowly, keeps too much open or never joins is held back, and harms nobody else."""

from __future__ import annotations

import json
import logging
import socket
import struct
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
import requests

from chat.limits import MAX_BACKLOG_PACKETS, MAX_FRAME
from chat.logs import Bounded
from chat.rates import Pace, parse
from tests.doors.wire import Gone, Wire
from tests.support import Database, Person, Reply, Server, until


@pytest.fixture(scope="module")
def strict(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the usual limits, of which the smallest are within a test's reach."""
    settings = {
        "RATE_LIMITS": "message=5/10, typing=100/1000, create=100/1000, address=50/500",
        "CONNECTIONS_PER_USER": "3",
    }
    server = Server(tmp_path_factory.mktemp("strict"), settings, database()).start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def ana(strict: Server) -> Person:
    return strict.owner()


@pytest.fixture
def bo(strict: Server, ana: Person) -> Person:
    return strict.person("bo", ana)


@pytest.fixture
def dial() -> Iterator[Callable[[Server], Wire]]:
    """Opens bare connections."""
    wires: list[Wire] = []

    def open_wire(server: Server) -> Wire:
        wires.append(Wire(server))
        return wires[-1]

    yield open_wire
    for wire in wires:
        wire.hangs_up()


def refused(replies: list[Reply]) -> list[Reply]:
    assert {reply.code for reply in replies} <= {"ok", "rate_limited"}
    return [reply for reply in replies if reply.code == "rate_limited"]


# Asking too fast -----------------------------------------------------------------------------------------


def test_who_sends_too_fast_is_told_when_to_try_again_and_then_can(connect, bo):
    den, phone = bo.opens("private"), connect(bo)
    replies = [phone.sends(den, f"message {number}") for number in range(14)]
    held_back = refused(replies)
    assert 1 <= len(held_back) <= 4
    error = held_back[-1].error
    assert (error["retryable"], 0 < error["retry_after_ms"] <= 1000) == (True, True)
    time.sleep(error["retry_after_ms"] / 1000)
    assert phone.sends(den, "now").code == "ok"
    stored = bo.get(f"/channels/{den}/messages").data["messages"]
    assert len(stored) == 15 - len(held_back)


def test_all_doors_and_connections_of_one_person_share_a_rate(connect, bo, ana):
    town = bo.opens("public", ana)
    phones = [connect(bo), connect(bo)]
    neighbour = connect(ana)
    for number in range(12):
        phones[number % 2].sends(town, f"message {number}")
    body = {"client_msg_id": str(uuid.uuid4()), "text": "by another door"}
    reply = bo.post(f"/channels/{town}/messages", body)
    assert (reply.status, reply.code) == (429, "rate_limited")
    assert phones[0].asks("ping").code == "ok"  # only what was too much is refused
    assert neighbour.sends(town, "I was quiet").code == "ok"


def test_whoever_is_not_signed_in_shares_a_rate_with_their_address(own_server):
    server = own_server(RATE_LIMITS="address=1/5")
    replies = [server.stranger("nobody").post("/session", {"login": "nobody", "password": "x" * 8}) for _ in range(8)]
    assert [reply.code for reply in replies[:5]].count("not_authed") == 5
    assert replies[-1].code == "rate_limited"


def test_limits_can_be_switched_off(connect, owner):
    den, phone = owner.opens("private"), connect(owner)
    assert not refused([phone.sends(den, "quick") for _ in range(60)])


def test_a_pace_lets_a_burst_pass_and_then_so_many_a_second(monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr("chat.rates.time.monotonic", lambda: clock[0])
    pace = Pace(per_second=2, burst=3)
    assert [pace.take("ana") for _ in range(3)] == [0, 0, 0]
    assert pace.take("ana") == pytest.approx(0.5)
    assert pace.take("bo") == 0
    clock[0] += 0.5
    assert pace.take("ana") == 0
    assert pace.take("ana") > 0
    clock[0] += 100
    assert [pace.take("ana") for _ in range(4)] == [0, 0, 0, pytest.approx(0.5)]


@pytest.mark.parametrize("setting", ["message", "message=0/5", "message=5/0", "messages=1/1", "fast", "message=-1/5"])
def test_what_is_no_rate_is_refused(setting):
    with pytest.raises(ValueError, match="is no rate"):
        parse(setting)


def test_what_is_not_set_keeps_its_usual_rate():
    rates = parse("message=1/2")
    assert (rates.paces["message"].burst, rates.paces["event"].burst) == (2, 150)
    assert not parse("off").paces


# Too much open -------------------------------------------------------------------------------------------


def test_one_person_has_only_so_many_connections(strict, bo, dial):
    wires = [dial(strict).connects(bo.token) for _ in range(3)]
    fourth = dial(strict)
    fourth.sends("40" + json.dumps({"token": bo.token}))
    assert fourth.is_closed()  # passing trouble: it comes back by itself
    wires[0].hangs_up()
    assert until(lambda: can_connect(dial(strict), bo))
    assert wires[1].is_heard()


def can_connect(wire: Wire, person: Person) -> bool:
    try:
        wire.connects(person.token)
    except Gone:
        return False
    return True


def test_one_address_has_only_so_many_connections(own_server, dial):
    server = own_server(CONNECTIONS_PER_ADDRESS="4")
    wires = [dial(server) for _ in range(4)]
    polling = f"{server.url}/socket.io/?EIO=4&transport=polling"
    assert requests.get(polling, timeout=10).status_code == 429
    with pytest.raises(Exception, match="429"):
        dial(server)
    wires[0].hangs_up()
    assert until(lambda: requests.get(polling, timeout=10).status_code == 200)


def test_an_engine_that_never_joins_is_closed_and_one_that_did_is_not(server, owner, dial):
    idle, joined, left = dial(server), dial(server).connects(owner.token), dial(server).connects(owner.token)
    left.sends("41")
    polling = requests.get(f"{server.url}/socket.io/?EIO=4&transport=polling", timeout=10)
    sid = json.loads(polling.text[1:])["sid"]
    assert idle.is_closed(within=15)
    assert joined.is_heard()
    assert left.is_closed()
    late = requests.get(f"{server.url}/socket.io/?EIO=4&transport=polling&sid={sid}", timeout=15)
    assert late.status_code == 400


# Reading too slowly --------------------------------------------------------------------------------------


@pytest.fixture
def crowded(server: Server, owner: Person, person) -> tuple[Person, Person, str]:
    """Someone who says a lot, someone who listens, and where."""
    bo = person("bo")
    return owner, bo, owner.opens("public", bo)


def test_who_reads_nothing_is_cut_off_and_catches_up_on_coming_back(server, crowded, connect, dial):
    speaker, reader, town = crowded
    slow = dial(server)
    slow.socket.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.connects(reader.token)
    since = slow.asks(json.dumps(["subscribe", {"channel_id": town}]))["data"]["seq"]
    neighbour = connect(reader)
    neighbour.looks_at(town)
    phone = connect(speaker)
    said = 0
    while not is_cut(slow):
        assert said < 4 * MAX_BACKLOG_PACKETS, "it was never cut off"
        assert phone.sends(town, f"{said} " + "🙂" * 3990).code == "ok"
        said += 1
    until(lambda: len(neighbour.events("message")) == said)
    assert {event["seq"] for event in neighbour.events("message")} == set(range(since + 1, since + said + 1))
    back = connect(reader).looks_at(town, since=since + said - 100)
    assert [message["seq"] for message in back["messages"]] == list(range(since + said - 99, since + said + 1))


def is_cut(wire: Wire) -> bool:
    """Whether the server ended the connection, found by the operating system without reading what came over it."""
    state = wire.socket.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    established = 1
    return state != established


# Sending too much ----------------------------------------------------------------------------------------


def raw_frame(opcode: int, payload: bytes, *, final: bool = True) -> bytes:
    """A masked websocket frame, as a client must send them."""
    head = bytes([(0x80 if final else 0) | opcode])
    if len(payload) < 126:
        head += bytes([0x80 | len(payload)])
    else:
        head += bytes([0x80 | 126]) + struct.pack("!H", len(payload))
    return head + bytes(4) + payload


@pytest.mark.parametrize(
    "flood",
    [
        raw_frame(1, b'42["ping",{}]'),
        raw_frame(1, b"3"),
        raw_frame(9, b"are you there"),
        raw_frame(1, b"42" + b"[" * 60_000),
        raw_frame(1, b'421["message",{"text":"' + b"x" * 60_000 + b'"}]'),
    ],
    ids=["actions", "pongs", "websocket pings", "nonsense", "large ones"],
)
def test_a_flood_slows_down_its_sender_and_nobody_else(strict, ana, bo, connect, dial, flood):
    flooder = dial(strict).connects(bo.token)
    den, neighbour = ana.opens("private"), connect(ana)
    flooder.socket.sock.settimeout(1)
    with ThreadPoolExecutor(1) as pool:
        poured = pool.submit(pour, flooder, flood)
        answered = []
        for number in range(20):
            began = time.monotonic()
            assert neighbour.asks("typing", {"channel_id": den, "on": bool(number % 2)}).code == "ok"
            answered.append(time.monotonic() - began)
        poured.result()
    assert max(answered) < 2.5  # how much longer is a matter for docs/reliability.md
    flooder.hangs_up()
    assert "Traceback" not in strict.log()


def pour(wire: Wire, frame: bytes) -> None:
    """Send the same again and again, as fast as it is taken, for two seconds."""
    end = time.monotonic() + 2
    with suppress(OSError):
        while time.monotonic() < end:
            wire.socket.sock.sendall(frame * 20)


def test_a_message_in_many_pieces_is_no_way_around_the_limit(server, owner, dial):
    wire = dial(server).connects(owner.token)
    text = b'42["ping",{}]'
    for piece in (text[:4], b"", text[4:5]):
        wire.socket.sock.sendall(raw_frame(1 if piece == text[:4] else 0, piece, final=False))
    wire.socket.sock.sendall(raw_frame(9, b"between") + raw_frame(0, text[5:]))
    assert wire.is_heard()
    wire.socket.sock.sendall(raw_frame(1, b"42", final=False))
    with suppress(OSError):
        for _ in range(3):
            wire.socket.sock.sendall(raw_frame(0, b"x" * (MAX_FRAME // 2), final=False))
    assert wire.is_closed()


# Logs ----------------------------------------------------------------------------------------------------


def test_a_log_is_not_flooded_by_one_kind_of_line(monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr("chat.rates.time.monotonic", lambda: clock[0])
    bounded = Bounded()

    def passes(words: str, *filling: object) -> logging.LogRecord | None:
        record = logging.LogRecord("chat.x", logging.WARNING, "f", 1, words, filling, None)
        return record if bounded.filter(record) else None

    passed = [passes("%s answered unavailable", number) for number in range(1000)]
    assert sum(record is not None for record in passed) == 20
    assert passes("something else")
    clock[0] += 1
    assert passes("%s answered unavailable", "send").getMessage() == (
        "send answered unavailable (and 980 more like it before)"
    )


def test_who_is_cut_off_while_being_answered_leaves_no_trace_in_the_log(server, owner, dial):
    before = len(server.log())
    for _ in range(5):
        wire = dial(server).connects(owner.token)
        wire.socket.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        for number in range(20):
            with suppress(*Gone):
                wire.sends(f'42{number}["ping",{{}}]')
        wire.socket.sock.close()
    assert owner.get("/session").status == 200
    assert "Traceback" not in server.log()[before:]
