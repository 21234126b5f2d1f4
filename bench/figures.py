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


@dataclass(frozen=True)
class Comparison:
    """One question asked of several servers. Limits are of Parley's figure, or of its ratio to Node's."""

    name: str
    values: dict[str, float]
    unit: str
    ratio_most: float | None = None
    ratio_least: float | None = None
    most: float | None = None
    aside: bool = False  # says how far the others can be believed; kept, but not in the tables

    @property
    def ratio(self) -> float | None:
        """Parley's figure in Node's."""
        both = self.values.get("Parley"), self.values.get("Node")
        return both[0] / both[1] if both[0] is not None and both[1] else None

    @property
    def limit(self) -> str:
        """Its limits in words."""
        parts = [f"ratio ≤ {self.ratio_most:.2g}"] if self.ratio_most is not None else []
        parts += [f"ratio ≥ {self.ratio_least:.2g}"] if self.ratio_least is not None else []
        parts += [f"≤ {self.most:g} {self.unit}"] if self.most is not None else []
        return ", ".join(parts)

    @property
    def kept(self) -> bool:
        """Whether Parley keeps every limit that can be told from what was measured."""
        within = self.most is None or self.values.get("Parley", 0.0) <= self.most
        if self.ratio is None:
            return within
        above = self.ratio_most is not None and self.ratio > self.ratio_most
        below = self.ratio_least is not None and self.ratio < self.ratio_least
        return within and not above and not below

    @property
    def verdict(self) -> str:
        """Whether the limits are kept, where there are any."""
        return "" if not self.limit else "yes" if self.kept else "NO"

    def as_dict(self) -> dict[str, object]:
        """As it is kept."""
        return {**vars(self), "ratio": self.ratio, "limit": self.limit, "kept": self.kept}


@dataclass
class Report:
    """What one script measured, on which machine."""

    title: str
    figures: list[Figure] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)
    load_before: float = field(default_factory=lambda: os.getloadavg()[0])

    def add(self, name: str, value: float, unit: str, limit: float | None = None, remark: str = "") -> None:
        """Take a figure, and show it at once."""
        self.figures.append(Figure(name, value, unit, limit, remark))
        sys.stdout.write(self.figures[-1].line() + "\n")
        sys.stdout.flush()

    def compare(self, name: str, values: dict[str, float], unit: str, *, aside: bool = False, **limits: float) -> None:
        """Take a comparison, and show it at once."""
        self.comparisons.append(Comparison(name, values, unit, aside=aside, **limits))
        shown = ", ".join(f"{server} {readable(value)}" for server, value in values.items())
        sys.stdout.write(f"  {name} ({unit}): {shown}\n")
        sys.stdout.flush()

    @property
    def broken(self) -> list[Figure | Comparison]:
        """What does not keep its limits."""
        figures = [figure for figure in self.figures if not figure.kept]
        return [*figures, *(one for one in self.comparisons if not one.kept)]

    def keep(self) -> None:
        """Write it to results/, under its day."""
        RESULTS.mkdir(exist_ok=True)
        body = {"title": self.title, **machine(), "figures": [vars(figure) for figure in self.figures]}
        if self.comparisons:
            body |= {"servers": self.versions, "load_before": self.load_before}
            body["comparisons"] = [one.as_dict() for one in self.comparisons]
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


def readable(value: float | None) -> str:
    """A number with as many digits as say something."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(comparisons: list[Comparison]) -> list[list[str]]:
    """The comparisons as rows of words, the head first."""
    comparisons = [one for one in comparisons if not one.aside]
    servers = list(dict.fromkeys(name for one in comparisons for name in one.values))
    head = ["", "unit", *servers, "Parley / Node", "limit", "kept"]
    rows = []
    for one in comparisons:
        ratio = "–" if one.ratio is None else f"{one.ratio:.2f}"
        figures = (readable(one.values.get(name)) for name in servers)
        rows.append([one.name, one.unit, *figures, ratio, one.limit, one.verdict])
    return [head, *rows]


def median(values: list[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def percentile(values: list[float], share: float) -> float:
    """The smallest value that this share of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
