"""How long messages take at a fixed rate: until the sender has the acknowledgement, until a reader has the message."""

from __future__ import annotations

import sys
import time

from bench.fan_out import in_turn
from bench.figures import Report, percentile
from bench.load import BenchError
from bench.plan import USUAL, Measured, Plan, by_server
from bench.servers import Contender
from bench.town import Town

RATE = 200  # messages a second
READERS = 50
ROOMS = 10
LIMITS = {"ack": 50.0, "delivery": 100.0}  # ms, of the slowest in a hundred
REAL_SLOWER = 20  # times slower is what the real chat server is asked for: far above that it only falls behind
TIMES_LONGER = 2  # than the other measurements: the slowest in a hundred wants many


def measure(plan: Plan = USUAL) -> Report:
    """Median and 99th percentile of both, counted from the moment at which the message was due."""
    report = Report("latency")
    rooms, readers, rate = plan.many(ROOMS), plan.many(READERS), plan.many(RATE, 20)
    sys.stdout.write(f"Latency, {rate} messages a second to {readers} readers each\n")
    medians = plan.medians(lambda: Town.of(rooms, readers), lambda server: time_messages(server, rate, plan))
    what = f"{rate}/s × {readers}"
    for name, limit in LIMITS.items():
        report.compare(f"{name}, p50, {what}", by_server(medians, f"{name}/p50"), "ms")
        report.compare(f"{name}, p99, {what}", by_server(medians, f"{name}/p99"), "ms", most=limit)
    slowly = rate // REAL_SLOWER
    if real := plan.medians(
        lambda: Town.of(rooms, readers), lambda server: time_messages(server, slowly, plan), plan.real_servers
    ):
        medians |= real
        for name in LIMITS:
            for share in ("p50", "p99"):
                what = f"{slowly}/s × {readers}"
                report.compare(f"{name}, {share}, {what}", by_server(real, f"{name}/{share}"), "ms")
    for server, late in by_server(medians, "late").items():
        report.add(f"how late the load itself was, p99, {server}", late, "ms")
    return report


def time_messages(server: Contender, rate: int, plan: Plan) -> Measured:
    """The figures of one server."""
    with server.crowd(numbered=True) as crowd:
        crowd.connect(server.town.people)
        speakers, readers = in_turn(crowd.lines), len(crowd.lines) // len(server.town.rooms)
        due: dict[int, float] = {}
        late: list[float] = []
        began = time.perf_counter() + 0.1
        warm, total = int(rate * plan.warm_up), int(rate * (plan.warm_up + plan.seconds * TIMES_LONGER))
        for number in range(total):
            moment = began + number / rate
            while (wait := moment - time.perf_counter()) > 0:
                crowd.pump(wait)
            late.append(time.perf_counter() - moment)
            due[crowd.say(next(speakers))] = moment
        crowd.settle(total * readers, total)
        crowd.demand_quiet(total * readers, total)
        times = {"ack": crowd.acks, "delivery": crowd.reached}
        measured: Measured = {}
        for name, moments in times.items():
            taken = [(at - due[number]) * 1000 for number, at in moments if number > warm]
            if not taken:
                raise BenchError("nothing was timed")
            measured |= {f"{name}/p50": percentile(taken, 0.5), f"{name}/p99": percentile(taken, 0.99)}
        return measured | {"late": percentile(late[warm:], 0.99) * 1000}
