"""What the long form measures besides: how soon clients are back, how soon a hole is mended, what a storm costs."""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.figures import percentile
from tests.doors.wire import Gone, Wire
from tests.faults.team import Team
from tests.support import ROOT, Server, until

BACK, HOLES, STORM = 20, 20, 2000
HANDSHAKE = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    "Connection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


def all_of(team: Team, folder: Path) -> list[dict[str, Any]]:
    """Every measurement, printed as it is made."""
    figures = []
    for name, limit, measure in (
        ("a client is back after kill -9 of the worker, p95", 3.0, back_after_kill),
        ("a message committed by a process that died before telling reaches the others, p99", 1.5, mended_hole),
        ("2,000 clients that come back at once are all greeted", 15.0, storm),
    ):
        value = measure(team.on(folder / measure.__name__, **SETTINGS.get(measure.__name__, {})))
        figures.append(figure(name, value, "s", limit))
    alone, longest, flooded = beside_a_flood(team.on(folder / "flood"))
    figures.append(
        figure("a neighbour's answer beside a flood, p99, as many times as without", flooded / alone, "×", 2)
    )
    figures.append(figure("the longest such answer", longest, "s", 0.25))
    return figures


def figure(name: str, value: float, unit: str, limit: float) -> dict[str, Any]:
    """One measured number, printed as it comes."""
    print(f"{name:<84} {value:6.2f} {unit}  at most {limit} {unit}", flush=True)
    return {"name": name, "value": round(value, 2), "unit": unit, "limit": limit}


SETTINGS = {
    "mended_hole": {"WEB_CONCURRENCY": "2"},
    "storm": {"CONNECTIONS_PER_ADDRESS": "0", "CONNECTIONS_PER_USER": "0", "RATE_LIMITS": "off"},
}


def back_after_kill(team: Team) -> float:
    """From the kill of the worker until a client that tries as ours do hears hello again."""
    server, token = team.server.start(), team.people[0].token
    seconds = []
    try:
        for _ in range(BACK):
            wire = Wire(server).connects(token)
            [worker] = server.workers()
            os.kill(worker, signal.SIGKILL)
            began = time.monotonic()
            assert wire.is_closed()
            wire.hangs_up()
            until(lambda: greeted(server, token), 30)
            seconds.append(time.monotonic() - began)
    finally:
        server.stop()
    return percentile(seconds, 0.95)


def greeted(server: Server, token: str) -> bool:
    try:
        Wire(server).connects(token).hangs_up()
    except (*Gone, OSError):
        time.sleep(0.1)
        return False
    return True


def mended_hole(team: Team) -> float:
    """Two processes: one dies right after a commit. From the commit until someone at the other process hears of it."""
    server, (ana, bo) = team.server.start(), team.people[:2]
    channel, seconds = team.channels[0], []
    points = server.folder / "failpoints"
    try:
        for _ in range(HOLES):
            listeners = [Wire(server).connects(bo.token) for _ in range(8)]  # some of them at each process
            for wire in listeners:
                wire.asks(json.dumps(["subscribe", {"channel_id": channel}]))
            text = uuid.uuid4().hex
            points.write_text("after_commit:exit")
            began = time.monotonic()
            send_and_die(server, ana.token, channel, text)
            points.write_text("")
            heard = [after for wire in listeners if (after := hears(wire, text, began)) is not None]
            seconds += heard
            for wire in listeners:
                wire.hangs_up()
            until(lambda: len(server.workers()) == 2, 30)
            time.sleep(1.5)
    finally:
        server.stop()
    assert len(seconds) > HOLES, "the others were all at the process that died"
    return percentile(seconds, 0.99)


def send_and_die(server: Server, token: str, channel: str, text: str) -> None:
    sender = Wire(server).connects(token)
    body = {"channel_id": channel, "client_msg_id": str(uuid.uuid4()), "text": text}
    sender.sends("421" + json.dumps(["message", body]))
    assert sender.is_closed()
    sender.hangs_up()


def hears(wire: Wire, text: str, began: float) -> float | None:
    """When a message came over a connection, in seconds since; None if the connection went with its process."""
    wire.socket.settimeout(5)
    try:
        wire.reads_until(lambda frame: text in frame)
    except (*Gone, OSError):
        return None
    return time.monotonic() - began


FLOODS: tuple[tuple[str, ...], ...] = (
    ('42["ping",{}]',),
    ("3",),
    ("42", "[", "60000"),
    ('421["message",{"text":"x"}]',),
    ('421["sync",{"cursors":{"x":0}}]',),
)


def beside_a_flood(team: Team) -> tuple[float, float, float]:
    """How long a neighbour waits: p99 alone, the longest of all beside floods, and p99 beside the worst of them."""
    server, (ana, bo) = team.server.start(), team.people[:2]
    try:
        neighbour = Wire(server).connects(ana.token)
        alone = percentile(answered(neighbour, team.channels[0]), 0.99)
        times = [flooded_by(frame, server, bo.token, neighbour, team.channels[0]) for frame in FLOODS]
        neighbour.hangs_up()
    finally:
        server.stop()
    return alone, max(max(each) for each in times), max(percentile(each, 0.99) for each in times)


def flooded_by(frame: tuple[str, ...], server: Server, token: str, neighbour: Wire, channel: str) -> list[float]:
    """A neighbour's waits while another process pours this into the server as fast as it is taken."""
    program = [sys.executable, "-m", "tests.faults.flooder", str(server.port), token, *frame]
    with subprocess.Popen(program, cwd=ROOT, stderr=subprocess.DEVNULL) as flooder:
        time.sleep(2)
        waits = answered(neighbour, channel)
        flooder.kill()
    return waits


def answered(neighbour: Wire, channel: str) -> list[float]:
    """Seconds from asking to the answer, many times, twenty a second."""
    waits = []
    for number in range(200):
        began = time.monotonic()
        neighbour.asks(json.dumps(["typing", {"channel_id": channel, "on": bool(number % 2)}]))
        waits.append(time.monotonic() - began)
        time.sleep(0.03)
    return waits


def storm(team: Team) -> float:
    """So many bare clients connect at once; until the last of them was greeted."""
    server = team.server.start()
    tokens = [person.token for person in team.people]
    try:
        return greet_all(server, [tokens[number % len(tokens)] for number in range(STORM)])
    finally:
        server.stop()


@dataclass
class Caller:
    """One bare client on its way in."""

    line: socket.socket
    token: str
    state: str = "calling"
    heard: bytes = b""

    def go_on(self) -> None:
        """Take a step: ask for the websocket, then for the namespace, then wait for hello."""
        if self.state == "calling":
            self.line.send(HANDSHAKE.encode())
            self.state = "opening"
            return
        self.heard += self.line.recv(262_144)
        if self.state == "opening" and b'"pingTimeout"' in self.heard:
            self.line.send(masked(f'40{{"token":"{self.token}"}}'.encode()))
            self.state, self.heard = "joining", b""
        elif b'42["hello"' in self.heard:
            self.state = "greeted"


def greet_all(server: Server, tokens: list[str]) -> float:
    """Seconds until all were greeted."""
    selector = selectors.DefaultSelector()
    began = time.monotonic()
    callers = [Caller(socket.socket(), token) for token in tokens]
    for caller in callers:
        caller.line.setblocking(False)
        caller.line.connect_ex(("127.0.0.1", server.port))
        selector.register(caller.line, selectors.EVENT_WRITE, caller)
    while selector.get_map():
        assert time.monotonic() - began < 120, f"{len(selector.get_map())} of {len(tokens)} were not greeted"
        for key, _ in selector.select(1):
            key.data.go_on()
            if key.data.state == "greeted":
                selector.unregister(key.fileobj)
            else:
                selector.modify(key.fileobj, selectors.EVENT_READ, key.data)
    seconds = time.monotonic() - began
    for caller in callers:
        caller.line.close()
    return seconds


def masked(payload: bytes) -> bytes:
    """A text frame as clients send it."""
    assert len(payload) < 126
    return bytes([0x81, 0x80 | len(payload)]) + bytes(4) + payload
