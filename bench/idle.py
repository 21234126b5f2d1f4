"""What an open connection costs while nothing happens: memory, and processor time for its pings and heads."""

from __future__ import annotations

import sys
import time

from bench.figures import Report
from bench.load import Crowd
from bench.plan import USUAL, Measured, Plan, by_server
from bench.servers import Contender, Watch
from bench.town import Town

PEOPLE = 50  # in a room
FIRST_ROOMS = 10  # what they need once, such as pools that grow, is not counted
MORE_ROOMS = 50
RATIO, LIMIT = 0.6, 14.0
TIMES_LONGER = 6  # than the other measurements: a ping comes every 25 s


def measure(plan: Plan = USUAL) -> Report:
    """Growth of the server's memory by a connection that is signed in and subscribed to its room."""
    report = Report("idle")
    people, first, more = plan.many(PEOPLE, 5), plan.many(FIRST_ROOMS), plan.many(MORE_ROOMS, 10)
    sys.stdout.write("Idle connections\n")
    medians = plan.medians(lambda: Town.of(first + more, people), lambda server: rest(server, first * people, plan))
    count = f"{more * people:,} connections"
    memory = by_server(medians, "KB")
    report.compare(f"memory a connection, {count}", memory, "KB", ratio_most=RATIO, most=LIMIT)
    name = f"CPU of 1,000 idle connections, share of a core, {count}"
    report.compare(name, by_server(medians, "percent"), "%")
    return report


def rest(server: Contender, first: int, plan: Plan) -> Measured:
    """The figures of one server."""
    people = list(server.town.people)
    with server.crowd() as crowd:
        crowd.connect(people[:first])
        pump_for(crowd, plan.rest)
        before = server.memory()
        crowd.connect(people[first:])
        pump_for(crowd, plan.rest)
        grown = server.memory() - before
        watch = Watch(server)
        pump_for(crowd, plan.seconds * TIMES_LONGER)
        watch.stop()
    return {"KB": grown / 1024 / (len(people) - first), "percent": watch.busy * 1000 / len(people)}


def pump_for(crowd: Crowd, seconds: float) -> None:
    """Answer pings, and nothing else, for so long."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        crowd.pump(left)
