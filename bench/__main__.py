"""Runs the measurements that are named, or all of them, and says whether every figure keeps its limit."""

from __future__ import annotations

import sys

from bench import history, page

SCRIPTS = {"history": history.measure, "page": page.measure}


def main() -> int:
    """Measure, print, keep; the exit status tells of limits that were not kept."""
    names = sys.argv[1:] or list(SCRIPTS)
    if unknown := [name for name in names if name not in SCRIPTS]:
        sys.exit(f"There is no measurement {', '.join(unknown)}; there are: {', '.join(SCRIPTS)}.")
    reports = [SCRIPTS[name]() for name in names]
    for report in reports:
        report.keep()
    return int(any(report.broken for report in reports))


if __name__ == "__main__":
    sys.exit(main())
