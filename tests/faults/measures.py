"""What the long form measures besides: how soon clients are back, how soon a hole is mended, what a storm costs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench.figures import percentile
from tests.doors.wire import Gone, Wire
from tests.faults.callers import UNLIMITED, Callers, allow_files
from tests.faults.idle import Figures, idle
from tests.faults.team import Team
from tests.servers.redis import Redis
from tests.support import ROOT, Person, Server, until

BACK, HOLES, STORM, MISSED, REVOKED, ASKED, SAID = 20, 20, 2000, 20, 20, 500, 100


def all_of(team: Team, folder: Path, words: list[str]) -> Iterator[dict[str, Any]]:
    """Every measurement, or those with these words in their names, printed as it is made."""
    for measure in MEASURES:
        if not words or any(word in measure.__name__ for word in words):
            for found in measure(team, folder / measure.__name__):
                yield figure(*found)


def figure(name: str, value: float, unit: str, limit: float) -> dict[str, Any]:
    """One measured number, printed as it comes."""
    print(f"{name:<84} {value:6.2f} {unit}  at most {limit} {unit}", flush=True)
    return {"name": name, "value": round(value, 2), "unit": unit, "limit": limit}


def back_after_kill(team: Team, folder: Path) -> Figures:
    """From the kill of the worker until a client that tries as ours do hears hello again."""
    team = team.on(folder)
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
    yield "a client is back after kill -9 of the worker, p95", percentile(seconds, 0.95), "s", 3.0


def greeted(server: Server, token: str) -> bool:
    try:
        Wire(server).connects(token).hangs_up()
    except (*Gone, OSError):
        time.sleep(0.1)
        return False
    return True


def mended_hole(team: Team, folder: Path) -> Figures:
    """Two processes: one dies right after a commit. From the commit until someone at the other process hears of it."""
    team = team.on(folder, WEB_CONCURRENCY="2")
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
    name = "a message committed by a process that died before telling reaches the others, p99"
    yield name, percentile(seconds, 0.99), "s", 1.5


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


def revoked(team: Team, folder: Path) -> Figures:
    """From the end of a session until its open connection is closed, within one process and across two."""
    redis = Redis(own=True)
    ways = (
        ("in one process", 1.0, {}),
        ("from another process", 2.0, {"WEB_CONCURRENCY": "2"}),
        ("from another process, with Redis", 1.0, {"WEB_CONCURRENCY": "2", "REDIS_URL": redis.url}),
    )
    for where, limit, settings in ways:
        own = team.on(folder / where.replace(" ", "-"), **settings)
        server, ana = own.server.start(), own.people[0]
        seconds = []
        try:
            for number in range(REVOKED):
                token = ana.post("/tokens", {"name": f"ended {number}"}).expect(201).data["token"]
                wire = Wire(server).connects(token)
                sessions = ana.get("/sessions").data["sessions"]
                [ended] = [session["id"] for session in sessions if session["name"] == f"ended {number}"]
                began = time.monotonic()
                ana.delete(f"/sessions/{ended}").expect(200)
                assert wire.is_closed(within=10)
                seconds.append(time.monotonic() - began)
        finally:
            server.stop()
        yield f"a connection is closed after its session was ended {where}, p95", percentile(seconds, 0.95), "s", limit
    redis.close()


def without_redis(team: Team, folder: Path) -> Figures:
    """Two processes: how long an acknowledgement and everyone's hearing take with Redis, and with one that is away."""
    redis = Redis(own=True)
    team = team.on(folder, REDIS_URL=redis.url, RATE_LIMITS="off")
    server, (ana, bo), channel = team.server.start(), team.people[:2], team.channels[0]
    other = Server(server.folder, server.settings).start()
    speaker = Wire(server).connects(ana.token)
    listeners = [Wire(at).connects(bo.token) for at in (server, other)]
    try:
        for wire in listeners:
            wire.asks(json.dumps(["subscribe", {"channel_id": channel}]))
        yield from said_and_heard("with Redis", speaker, listeners, channel, 0.3)
        with redis.frozen():
            yield from said_and_heard("while Redis is frozen", speaker, listeners, channel, 1.5)
        redis.stop()
        yield from said_and_heard("while Redis is stopped", speaker, listeners, channel, 1.5)
    finally:
        for wire in (speaker, *listeners):
            wire.hangs_up()
        server.stop()
        other.stop()
        redis.close()


def said_and_heard(when: str, speaker: Wire, listeners: list[Wire], channel: str, limit: float) -> Figures:
    acknowledged, heard = [], []
    for _ in range(SAID):
        text = uuid.uuid4().hex
        body = {"channel_id": channel, "client_msg_id": str(uuid.uuid4()), "text": text}
        began = time.monotonic()
        assert speaker.asks(json.dumps(["message", body]))["ok"]
        acknowledged.append(time.monotonic() - began)
        times = [hears(wire, text, began) for wire in listeners]
        assert None not in times, "a connection was cut"
        heard.append(max(filter(None, times)))
    yield f"an acknowledgement {when}, two processes, p99", percentile(acknowledged, 0.99), "s", 0.3
    yield f"until everyone at both processes has heard {when}, p99", percentile(heard, 0.99), "s", limit


def hidden(team: Team, folder: Path) -> Figures:
    """Asking for a channel one may not see takes as long as asking for one that does not exist."""
    own = team.on(folder, RATE_LIMITS="off")
    server, ana, bo = own.server.start(), own.people[0], own.people[1]
    try:
        secret = ana.opens("private")
        times: dict[str, list[float]] = {secret: [], secret[:-4] + "zzzz": []}
        wire = Wire(server).connects(bo.token)
        for _ in range(ASKED):
            for channel, waits in times.items():
                began = time.perf_counter()
                assert wire.asks(json.dumps(["subscribe", {"channel_id": channel}]))["ok"] is False
                waits.append(time.perf_counter() - began)
        wire.hangs_up()
    finally:
        server.stop()
    there, nowhere = (percentile(waits, 0.5) for waits in times.values())
    yield (
        "a hidden channel is refused as slowly as a missing one, medians apart",
        abs(there - nowhere) * 1000,
        "ms",
        0.5,
    )


FLOODS: dict[str, tuple[str, ...]] = {
    "actions": ('42["ping",{}]',),
    "pongs": ("3",),
    "nonsense": ("42", "[", "60000"),
    "malformed messages": ('421["message",{"text":"x"}]',),
    "catching up on everything": ('421["sync",{"cursors":CURSORS}]',),
    "a page over and over": ('421["subscribe",{"channel_id":"CHANNEL"}]',),
    "coming and going": ("",),
    "calling only": ("CALL",),
}
HISTORY = 10  # messages of each person, for those who catch up


def beside_a_flood(team: Team, folder: Path) -> Figures:
    """How long a neighbour waits, alone and beside floods."""
    team = team.on(folder, RATE_LIMITS="typing=100/1000, create=100/1000")  # which is what the neighbour asks
    server, (ana, bo) = team.server.start(), team.people[:2]
    words = {"CURSORS": json.dumps(dict.fromkeys(team.channels, 0)), "CHANNEL": team.channels[0]}
    try:
        for person in team.people:
            write_history(person, team.channels)
        neighbour = Wire(server).connects(ana.token)
        alone = percentile(answered(neighbour, team.channels[0]), 0.99)
        times = {}
        for name, flood in FLOODS.items():
            for word, meant in words.items():
                flood = (flood[0].replace(word, meant), *flood[1:])
            times[name] = flooded_by(flood, server, bo.token, neighbour, team.channels[0])
            p99, longest = percentile(times[name], 0.99), max(times[name])
            print(f"  beside {name}: p99 {p99:.4f} s, longest {longest:.4f} s, alone {alone:.4f} s", flush=True)
        neighbour.hangs_up()
    finally:
        server.stop()
    flooded = max(percentile(each, 0.99) for each in times.values())
    yield "a neighbour's answer beside a flood, p99, as many times as without", flooded / alone, "×", 2.0
    yield "the longest such answer", max(max(each) for each in times.values()), "s", 0.25


def write_history(person: Person, channels: list[str]) -> None:
    """Something to catch up on, as fast as one may write."""
    wire = Wire(person.server).connects(person.token)
    for number in range(HISTORY):
        body = {"channel_id": channels[number % len(channels)], "client_msg_id": str(uuid.uuid4()), "text": "x" * 200}
        assert wire.asks(json.dumps(["message", body]))["ok"]
    wire.hangs_up()


def flooded_by(flood: tuple[str, ...], server: Server, token: str, neighbour: Wire, channel: str) -> list[float]:
    """A neighbour's waits while another process pours this into the server as fast as it is taken."""
    program = [sys.executable, "-m", "tests.faults.flooder", str(server.port), token, *flood]
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


def storm(team: Team, folder: Path, callers: int = STORM) -> Figures:
    """So many clients that had been there come back at once and catch up; until the last one has what it missed."""
    allow_files(2 * callers + 100)
    team = team.on(folder, **UNLIMITED)
    server, channel = team.server.start(), team.channels[0]
    line = Callers(server.port)
    try:
        since = page_of(team.people[0], channel)
        for number in range(MISSED):
            team.people[0].says(channel, f"you missed {number}")
        question = json.dumps(["subscribe", {"channel_id": channel, **since}])
        tokens = [person.token for person in team.people]
        began = time.monotonic()
        line.come_in([(tokens[number % len(tokens)], question) for number in range(callers)], 120)
        seconds = time.monotonic() - began
    finally:
        line.close()
        server.stop()
    yield f"{callers:,} clients that come back at once have all caught up", seconds, "s", 15.0


def page_of(person: Person, channel: str) -> dict[str, Any]:
    """How far a channel is, as it is said when one asks what came since."""
    wire = Wire(person.server).connects(person.token)
    page = wire.asks(json.dumps(["subscribe", {"channel_id": channel}]))["data"]
    wire.hangs_up()
    return {"since": page["seq"], "epoch": page["epoch"]}


MEASURES: tuple[Callable[[Team, Path], Figures], ...] = (
    back_after_kill,
    mended_hole,
    revoked,
    without_redis,
    hidden,
    storm,
    beside_a_flood,
    idle,
)
