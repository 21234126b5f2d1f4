"""How many messages a second are kept: two hundred people who each wait for the acknowledgement of their last."""

from __future__ import annotations

import sqlite3
import sys
import time
from tempfile import TemporaryDirectory

from bench.figures import Report, median
from bench.load import TEXT, Crowd, Line
from bench.plan import USUAL, Measured, Plan, by_server
from bench.servers import ON_DISK, Contender, Watch
from bench.town import Town

SENDERS = 200
TOGETHER = 2  # in a room: the more there are, the more it is fan-out that is measured


def measure(plan: Plan = USUAL) -> Report:
    """Acknowledged messages a second; an acknowledgement means that the commit is on disk (synchronous=FULL)."""
    report = Report("sending")
    senders = plan.many(SENDERS, 4)
    sys.stdout.write("Sending\n")
    everyone = (*plan.servers, *plan.real_servers)
    medians = plan.medians(lambda: Town.of(senders // TOGETHER, TOGETHER), lambda server: send(server, plan), everyone)
    what = f"{senders} senders"
    report.compare(f"acknowledged sends a second, {what}", by_server(medians, "per_second"), "/s", ratio_least=1.0)
    report.compare(f"CPU a send, {what}", by_server(medians, "us"), "µs")
    report.add("a commit of one row by bare SQLite, FULL, median", bare_commit() * 1000, "ms")
    report.compare(f"share of its core, {what}", by_server(medians, "busy"), "%", aside=True)
    return report


def send(server: Contender, plan: Plan) -> Measured:
    """The figures of one server."""
    with server.crowd() as crowd:
        crowd.connect(server.town.people)
        keep_sending(crowd, plan.warm_up)
        watch, before, beside = Watch(server), crowd.acked, server.cpu_beside()
        keep_sending(crowd, plan.seconds)
        watch.stop()
        sent, beside = crowd.acked - before, server.cpu_beside() - beside
        crowd.demand_quiet(crowd.delivered, crowd.acked)
    costs = {"us": watch.cpu * 1e6 / sent, "us_beside": beside * 1e6 / sent}
    return {"per_second": sent / watch.seconds, **costs, "busy": watch.busy}


def keep_sending(crowd: Crowd, seconds: float) -> None:
    """Everyone sends, waits for the answer and sends again, for so long; then wait until all have landed."""
    end = time.monotonic() + seconds
    sent, delivered, acked = 0, crowd.delivered, crowd.acked

    def go_on(line: Line) -> None:
        nonlocal sent
        if time.monotonic() < end:
            crowd.say(line)
            sent += 1

    crowd.on_ack = go_on
    for line in crowd.lines:
        go_on(line)
    while time.monotonic() < end:
        crowd.pump(0.5)
    crowd.settle(delivered + sent * TOGETHER, acked + sent)
    crowd.on_ack = None


def bare_commit() -> float:
    """Seconds that this disk takes for a commit of one row, other costs aside."""
    ON_DISK.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=ON_DISK) as folder:
        db = sqlite3.connect(f"{folder}/bare.db", isolation_level=None)
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE bare (row TEXT)"):
            db.execute(statement)
        taken = []
        for _ in range(200):
            began = time.perf_counter()
            db.execute("INSERT INTO bare VALUES (?)", ("x" * TEXT,))
            taken.append(time.perf_counter() - began)
        db.close()
    return median(taken)
