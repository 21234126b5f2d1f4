"""Figures as they were measured: a table to read, and a file to compare with later."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).resolve().parent / "results"


@dataclass(frozen=True)
class Figure:
    """One measured number; ``limit`` is what it may be at most."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    remark: str = ""

    @property
    def kept(self) -> bool:
        """Whether it stays within its limit, if it has one."""
        return self.limit is None or self.value <= self.limit

    def line(self) -> str:
        """As a line of the table."""
        bound = "" if self.limit is None else f"at most {self.limit:g} {self.unit}{'' if self.kept else '  ← NOT KEPT'}"
        return f"  {self.name:<52} {self.value:>10,.1f} {self.unit:<4} {bound}  {self.remark}".rstrip()


@dataclass
class Report:
    """What one script measured, on which machine."""

    title: str
    figures: list[Figure] = field(default_factory=list)

    def add(self, name: str, value: float, unit: str, limit: float | None = None, remark: str = "") -> None:
        """Take a figure, and show it at once."""
        self.figures.append(Figure(name, value, unit, limit, remark))
        sys.stdout.write(self.figures[-1].line() + "\n")
        sys.stdout.flush()

    @property
    def broken(self) -> list[Figure]:
        """The figures that do not keep their limits."""
        return [figure for figure in self.figures if not figure.kept]

    def keep(self) -> None:
        """Write it to results/, under its day."""
        RESULTS.mkdir(exist_ok=True)
        body = {"title": self.title, **machine(), "figures": [vars(figure) for figure in self.figures]}
        path = RESULTS / f"{time.strftime('%Y-%m-%d')}-{self.title}.json"
        path.write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n")


def machine() -> dict[str, object]:
    """What it was measured on, and with which versions and state of the code."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True)
    libraries = ("python-socketio", "python-engineio", "eventlet", "gunicorn", "sqlalchemy")
    return {
        "date": time.strftime("%Y-%m-%d %H:%M"),
        "commit": commit.stdout.strip(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        **{name: version(name) for name in libraries},
    }


def median(values: list[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def percentile(values: list[float], share: float) -> float:
    """The smallest value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
