"""Everyone at once: a thousand people connect, sign in and open their room."""

from __future__ import annotations

import sys

from bench.figures import Report
from bench.plan import USUAL, Measured, Plan, by_server
from bench.servers import Contender, Watch
from bench.town import Town

ROOMS, PEOPLE = 20, 50
AT_ONCE = 1000  # half-open connections


def measure(plan: Plan = USUAL) -> Report:
    """Until all of them are subscribed: connections a second, and the server's processor time for each."""
    report = Report("connect-storm")
    rooms, people = plan.many(ROOMS, 4), plan.many(PEOPLE, 5)
    sys.stdout.write("Connect storm\n")
    medians = plan.medians(lambda: Town.of(rooms, people), connect_all)
    what = f"{rooms * people:,} at once"
    report.compare(f"connections ready a second, {what}", by_server(medians, "per_second"), "/s")
    report.compare(f"CPU a connection, {what}", by_server(medians, "ms"), "ms")
    return report


def connect_all(server: Contender) -> Measured:
    """The figures of one server."""
    with server.crowd() as crowd:
        watch = Watch(server)
        crowd.connect(server.town.people, AT_ONCE)
        watch.stop()
        return {"per_second": len(crowd.lines) / watch.seconds, "ms": watch.cpu * 1000 / len(crowd.lines)}
