"""Runs the measurements that are named, or all of them, and says whether every figure keeps its limit.

`--little` first: a small crowd and short runs, to see that the scripts work; the figures mean nothing and are not kept.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable

from bench import fan_out, history, idle, latency, page, sending, storm, workers
from bench.figures import Comparison, Report, table
from bench.plan import LITTLE, USUAL, Plan

# Of Parley alone.
SCRIPTS: dict[str, Callable[[], Report]] = {
    "history": history.measure,
    "page": page.measure,
    "workers": workers.measure,
}
# Of Parley and its peers, in turn.
COMPARED: dict[str, Callable[[Plan], Report]] = {
    "fan-out": fan_out.measure,
    "sending": sending.measure,
    "latency": latency.measure,
    "idle": idle.measure,
    "connect-storm": storm.measure,
}
BUSY = 0.5  # load average at the start


def main() -> int:
    """Measure, print, keep; the exit status tells of limits that were not kept."""
    little = sys.argv[1:2] == ["--little"]
    names = sys.argv[1 + little :] or [*COMPARED, *SCRIPTS]
    if unknown := [name for name in names if name not in SCRIPTS and name not in COMPARED]:
        sys.exit(f"There is no measurement {', '.join(unknown)}; there are: {', '.join([*COMPARED, *SCRIPTS])}.")
    plan = LITTLE if little else USUAL
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # thousands of connections, here and in the servers
    if plan.real and not plan.real_servers:
        sys.stdout.write(f"{plan.real.name} is not installed and is left out.\n")
    if not little and os.getloadavg()[0] > BUSY:
        sys.stdout.write("This machine is busy with other things: ratios may hold, times will not.\n")
    reports = []
    for name in names:
        reports.append(SCRIPTS[name]() if name in SCRIPTS else compared(name, plan))
        if not little:
            reports[-1].keep()
    show([one for report in reports for one in report.comparisons])
    return int(not little and any(report.broken for report in reports))


def compared(name: str, plan: Plan) -> Report:
    """The report of a comparison, with the versions of all that were compared."""
    report = COMPARED[name](plan)
    measured = {server for one in report.comparisons for server in one.values}
    for server in (*plan.servers, *plan.real_servers):
        if server.name in measured:
            report.versions |= server.versions()
    return report


def show(comparisons: list[Comparison]) -> None:
    """All comparisons as one table."""
    if not comparisons:
        return
    rows = table(comparisons)
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            f"{word:<{width}}" if n in (0, 1) else f"{word:>{width}}"
            for n, (word, width) in enumerate(zip(row, widths, strict=True))
        ]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


if __name__ == "__main__":
    sys.exit(main())
