"""What one delivery costs: messages to one room of a thousand, and to a hundred rooms of ten."""

from __future__ import annotations

import itertools
import sys
import time
from dataclasses import dataclass
from functools import partial

from bench.figures import Report
from bench.load import Crowd, Line
from bench.plan import USUAL, Measured, Plan, by_server
from bench.servers import Contender, Watch
from bench.town import Town


@dataclass(frozen=True)
class Load:
    """Rooms, people in each, and how many messages are in flight at once: sent, and not yet with every reader."""

    rooms: int
    people: int
    in_flight: tuple[int, ...]
    ratios: tuple[float, ...]  # of what Node takes, at most


QUICKEN = 0.2  # seconds at the beginning of a turn, until the server has the processor's caches for itself again
LOADS = (Load(1, 1000, (1, 8), (0.75, 1 / 3)), Load(100, 10, (64,), (0.8,)))


def measure(plan: Plan = USUAL) -> Report:
    """Processor time of the server for each delivered frame, and how many it delivers in a second."""
    report = Report("fan-out")
    sys.stdout.write("Fan-out\n")
    for load in LOADS:
        rooms, people = (plan.many(n) if n > 1 else n for n in (load.rooms, load.people))
        widths = load.in_flight
        medians = plan.by_turns(
            partial(Town.of, rooms, people),
            partial(begin, widths=widths, plan=plan),
            partial(fan_out, widths=widths, plan=plan),
        )
        for width, ratio in zip(load.in_flight, load.ratios, strict=True):
            what = f"{rooms} × {people:,}, {width} in flight"
            report.compare(f"CPU a delivery, {what}", by_server(medians, f"us/{width}"), "µs", ratio_most=ratio)
            report.compare(f"deliveries a second, {what}", by_server(medians, f"per_second/{width}"), "/s")
            report.compare(f"share of its core, {what}", by_server(medians, f"busy/{width}"), "%", aside=True)
            report.compare(
                f"share the load took of the other, {what}", by_server(medians, f"load_busy/{width}"), "%", aside=True
            )
    return report


def begin(server: Contender, crowd: Crowd, widths: tuple[int, ...], plan: Plan) -> None:
    """Everyone comes, and the server gets warm."""
    crowd.connect(server.town.people)
    for width in widths:
        keep_flying(crowd, width, plan.warm_up)


def fan_out(server: Contender, crowd: Crowd, widths: tuple[int, ...], plan: Plan) -> Measured:
    """The figures of one turn of one server."""
    measured: Measured = {}
    for width in widths:
        keep_flying(crowd, width, QUICKEN)
        watch, before = Watch(server), crowd.delivered
        keep_flying(crowd, width, plan.turn)
        watch.stop()
        delivered = crowd.delivered - before
        measured[f"us/{width}"] = watch.cpu * 1e6 / delivered
        measured[f"per_second/{width}"] = delivered / watch.seconds
        measured |= {f"busy/{width}": watch.busy, f"load_busy/{width}": watch.load_busy}
        crowd.demand_quiet(crowd.delivered, crowd.acked)
    return measured


def keep_flying(crowd: Crowd, width: int, seconds: float) -> None:
    """Keep so many messages in flight for so long, by everyone in turn, and wait until all have landed."""
    speakers = in_turn(crowd.lines)
    readers = len(crowd.lines) // len({line.who.room for line in crowd.lines})
    sent, delivered, acked = 0, crowd.delivered, crowd.acked
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        while sent - (crowd.delivered - delivered) // readers < width:
            crowd.say(next(speakers))
            sent += 1
        crowd.pump(0.5)
    crowd.settle(delivered + sent * readers, acked + sent)


def in_turn(lines: list[Line]) -> itertools.cycle[Line]:
    """One of each room, then the next of each room, and so on for ever."""
    rooms: dict[str, list[Line]] = {}
    for line in lines:
        rooms.setdefault(line.who.room, []).append(line)
    return itertools.cycle([line for one_of_each in zip(*rooms.values(), strict=True) for line in one_of_each])
