"""Thousands of people who are connected and do nothing, and some who chat beside them: who is cut off, who waits.

PARLEY_FAULTS_IDLE sets how many, PARLEY_FAULTS_IDLE_SECONDS for how long.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.figures import percentile
from tests.faults.callers import UNLIMITED, Caller, Callers, allow_files
from tests.faults.team import Team
from tests.support import ROOT, Person, Server

IDLE = int(os.environ.get("PARLEY_FAULTS_IDLE", "10000"))
IDLE_SECONDS = float(os.environ.get("PARLEY_FAULTS_IDLE_SECONDS", "600"))
ACTIVE, SAID_PER_SECOND, SIGN_IN_EVERY = 50, 10, 0.5
LAST_WORDS = 1.0  # seconds until what was said last must have been heard
CONNECTIONS_EACH = 500  # of one idle person; signing up takes long

Figures = Iterator[tuple[str, float, str, float]]  # its name, the value, the unit, and what it may be at most


def idle(team: Team, folder: Path, number: int = IDLE, seconds: float = IDLE_SECONDS) -> Figures:
    """So many are connected and do nothing while some chat; who is cut off, and what those wait who chat."""
    allow_files(number + 1000)  # the server that is started has as many
    team = team.on(folder, **UNLIMITED)
    server, owner = team.server.start(), team.people[0]
    people = [server.person("idle", owner) for _ in range(1 + number // CONNECTIONS_EACH)]
    try:
        before = memory(server)
        with idlers(server, number, owner.opens("public", *people), people) as dropped:
            with talking(server, team) as talk, sign_ins(team.people[-1]) as waits:
                talk.goes_on(seconds)
                lost = talk.callers.count("gone")
            each = (memory(server) - before) / number / 1024
            lost += dropped()
    finally:
        server.stop()
    beside = f"beside {number:,} idle connections"
    yield f"connections cut off of {number:,} idle and {ACTIVE} active in {seconds:g} s", lost, "", 0
    yield "memory of the server for each idle connection", each, "KB", 14
    yield f"an answer {beside}, p99", percentile(talk.answered, 0.99), "s", 0.05
    yield f"a message to everyone who looks, {beside}, p99", percentile(talk.heard, 0.99), "s", 0.1
    yield f"a sign-in {beside}, p99", percentile(waits, 0.99), "s", 0.5


@contextmanager
def idlers(server: Server, number: int, channel: str, people: list[Person]) -> Iterator[Callable[[], int]]:
    """They come in, in a process of their own; the function sends them home and says how many had been cut off."""
    tokens = [person.token for person in people]
    program = [sys.executable, "-m", "tests.faults.idlers", str(server.port), str(number), channel, *tokens]
    with subprocess.Popen(program, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout

        def leave() -> int:
            process.stdin.close()
            return int(json.loads(process.stdout.readline())["missing"])

        try:
            came = json.loads(process.stdout.readline() or '{"in": 0}')
            assert came["in"] == number, f"of {number} only {came['in']} came in"
            yield leave
        finally:
            process.kill()


@contextmanager
def sign_ins(person: Person) -> Iterator[list[float]]:
    """Someone signs in again and again, in a thread; how long that took."""
    waits: list[float] = []
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(SIGN_IN_EVERY):
            began = time.monotonic()
            person.sign_in()
            waits.append(time.monotonic() - began)

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield waits
    finally:
        over.set()
        thread.join()


@dataclass
class Talk:
    """Some who look at one channel and say something in turn; when it was answered, and when each of them heard it."""

    server: Server
    team: Team
    said: dict[str, float] = field(default_factory=dict)  # client_msg_id -> when
    answered: list[float] = field(default_factory=list)
    heard: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.channel = self.team.channels[0]
        self.callers = Callers(self.server.port, self._told)
        tokens = [person.token for person in self.team.people]
        question = json.dumps(["subscribe", {"channel_id": self.channel}])
        self.callers.come_in([(tokens[number % len(tokens)], question) for number in range(ACTIVE)], 60)

    def goes_on(self, seconds: float) -> None:
        """Say so many things a second, evenly, and listen."""
        began = time.monotonic()
        for number in range(round(seconds * SAID_PER_SECOND)):
            self.callers.listen(began + number / SAID_PER_SECOND - time.monotonic())
            self._say(self.callers.everyone[number % ACTIVE])
        self.callers.listen(LAST_WORDS)

    def _say(self, caller: Caller) -> None:
        key = str(uuid.uuid4())
        message = {"channel_id": self.channel, "client_msg_id": key, "text": "hello everyone"}
        self.said[key] = time.monotonic()
        if caller.state == "in":
            caller.sends(f"421{json.dumps(['message', message])}")

    def _told(self, caller: Caller, text: str) -> None:
        if found := re.search(r'"client_msg_id": ?"([^"]+)"', text):
            waits = self.answered if text.startswith("43") else self.heard
            waits.append(time.monotonic() - self.said[found[1]])


@contextmanager
def talking(server: Server, team: Team) -> Iterator[Talk]:
    """Some of the team are in, and at the end they hang up."""
    talk = Talk(server, team)
    try:
        yield talk
    finally:
        talk.callers.close()


def memory(server: Server) -> int:
    """What the server's workers hold in memory, in bytes."""
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in server.workers()]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE")
