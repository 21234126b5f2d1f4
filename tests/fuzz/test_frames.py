"""Whatever a stranger sends over a connection, it is theirs alone that ends: nobody is held up, nothing stored or told.

`PARLEY_FUZZ=50` tries fifty times as much.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import websocket

from tests.doors.wire import Gone, Wire
from tests.fuzz.grammar import Grammar
from tests.support import Database, Person, Phone, Server

TIMES = int(os.environ.get("PARLEY_FUZZ", "1"))
SEEDS = range(16 * TIMES)
FRAMES = 60  # of each seed
MEGABYTES = 60  # what the server may grow by
TABLES = ("messages", "reactions", "revisions", "memberships", "channels", "read_cursors", "users", "mentions")


@dataclass
class Scene:
    """A server, a stranger who may do nothing there, and bo, who watches ana's channel all the while."""

    server: Server
    ana: Person
    stranger: Person
    neighbour: Phone
    den: str
    ids: list[str]
    memory: float = 0.0

    def dial(self) -> Wire:
        """A connection of the stranger's, who asks with numbers that no made-up frame has."""
        wire = Wire(self.server).connects(self.stranger.token)
        wire.last_ack_id = 1000
        return wire

    def stored(self) -> list[int]:
        return [self.server.sql(f"SELECT count(*) FROM {table}")[0][0] for table in TABLES]

    def memory_now(self) -> float:
        """Megabytes that the worker holds."""
        [worker] = self.server.workers()
        status = Path(f"/proc/{worker}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


@pytest.fixture(scope="module")
def scene(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    server = Server(tmp_path_factory.mktemp("frames"), {"RATE_LIMITS": "off"}, database()).start()
    ana = server.owner()
    bo, stranger = server.person("bo", ana), server.person("stranger", ana)
    den = ana.opens("private", bo)
    message = ana.says(den, "among us")
    neighbour = bo.connect()
    neighbour.looks_at(den)
    ids = [den, message["id"], ana.id, stranger.id, message["client_msg_id"]]
    scene = Scene(server, ana, stranger, neighbour, den, ids)
    for seed in range(2):  # whatever is made once is made by now
        send_frames(scene, Grammar(1000 + seed, ids))
    scene.memory = scene.memory_now()
    yield scene
    assert scene.memory_now() < scene.memory + MEGABYTES
    neighbour.hangs_up()
    server.stop()


@pytest.fixture(autouse=True)
def _nobody_else_notices(scene: Scene) -> Iterator[None]:
    workers, rows, log, told = (
        scene.server.workers(),
        scene.stored(),
        len(scene.server.log()),
        len(scene.neighbour.told),
    )
    yield
    assert scene.server.workers() == workers
    assert scene.stored() == rows
    assert scene.neighbour.asks("ping").code == "ok"
    assert [name for name, _ in scene.neighbour.told[told:] if name != "heads"] == []
    written = scene.server.log()[log:]
    assert "Traceback" not in written, written[:6000]
    assert len(written) < 5000, written


def send_frames(scene: Scene, grammar: Grammar) -> None:
    wire = scene.dial()
    for _ in range(FRAMES):
        try:
            kind = websocket.ABNF.OPCODE_BINARY if grammar.random.random() < 0.1 else websocket.ABNF.OPCODE_TEXT
            wire.socket.send(frame := grammar.text(), kind)
            if frame.startswith(b"41"):
                wire.sends("40" + json.dumps({"token": scene.stranger.token}))  # left, perhaps, and comes in again
            if grammar.random.random() < 0.2 and not wire.is_heard():
                assert wire.is_closed(), "it is open, but mute"
                raise ConnectionResetError
        except (*Gone, UnicodeDecodeError):
            assert not any("HTTP/1.1" in frame for frame in wire.frames)
            wire.hangs_up()
            wire = scene.dial()
    wire.hangs_up()


@pytest.mark.parametrize("seed", SEEDS)
def test_frames_that_follow_the_grammar_or_nearly_do(scene: Scene, seed: int) -> None:
    send_frames(scene, Grammar(seed, scene.ids))


@pytest.mark.parametrize("seed", SEEDS)
def test_bytes_that_are_no_websocket_frames(scene: Scene, seed: int) -> None:
    grammar = Grammar(seed, scene.ids)
    for _ in range(12):
        wire = Wire(scene.server)
        if grammar.random.random() < 0.7:
            wire.connects(scene.stranger.token)
        heard = b""
        with suppress(*Gone, OSError):
            for _ in range(grammar.random.randrange(1, 6)):
                wire.socket.sock.sendall(grammar.bytes_on_the_wire())
            wire.socket.sock.settimeout(0.05)
            while part := wire.socket.sock.recv(65536):
                heard += part
        assert b"HTTP/1.1" not in heard
        wire.hangs_up()


@pytest.mark.parametrize("seed", SEEDS)
def test_long_polling_requests_made_up(scene: Scene, seed: int) -> None:
    grammar, address = Grammar(seed, scene.ids), f"{scene.server.url}/socket.io/?EIO=4&transport=polling"
    sid, http = "", requests.Session()
    for _ in range(25):
        if not sid:
            sid = json.loads(http.get(address, timeout=10).text[1:])["sid"]
            http.post(f"{address}&sid={sid}", data=f'40{{"token":"{scene.stranger.token}"}}', timeout=10)
        answer = http.post(f"{address}&sid={sid}", data=grammar.polled(), timeout=10)
        assert answer.status_code in (200, 400)
        if answer.status_code == 400:
            sid = ""
    http.close()


def test_a_stranger_who_stops_in_the_middle_of_a_frame_holds_nobody_up(scene: Scene) -> None:
    wires = [Wire(scene.server).connects(scene.stranger.token) for _ in range(10)]
    for number, wire in enumerate(wires):
        wire.socket.sock.sendall(
            [b"\x81", b"\x81\xfe", b"\x81\xff\x00\x00", b"\x01\x84abcd4", b"\x89\x84ab"][number % 5]
        )
    began = time.monotonic()
    for _ in range(20):
        assert scene.neighbour.asks("ping").code == "ok"
    assert time.monotonic() - began < 10
    for wire in wires:
        wire.hangs_up()
