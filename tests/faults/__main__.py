"""The long form of the fault suite: `python3 dev.py faults [words of a scenario … | measures [words …]]`.

Each scenario goes on until so many events reached clients; the figures are printed, and kept in
bench/results/ for docs/reliability.md. PARLEY_FAULTS sets the number, 100000 without; PARLEY_FAULTS_SECONDS how long
each may take, 600; PARLEY_FAULTS_KEEP a folder where the servers' data and all histories stay. Those of the
measurement `idle` stand in idle.py. On SQLite, but for what only PostgreSQL can suffer; PARLEY_TEST_DATABASE=postgresql
runs all that can be run there on PostgreSQL.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from contextlib import ExitStack, nullcontext
from pathlib import Path
from random import Random

from bench.figures import RESULTS, machine, percentile
from tests.faults import measures
from tests.faults.scenarios import POSTGRES, SCENARIOS, SQLITE, Scenario
from tests.faults.team import Team
from tests.servers.postgres import Postgres

MEMBERS, PER_SECOND = 50, 60
DELIVERIES = int(os.environ.get("PARLEY_FAULTS", "100000"))
CHOSEN = os.environ.get("PARLEY_TEST_DATABASE", "")
LONGEST = float(os.environ.get("PARLEY_FAULTS_SECONDS", "600"))  # for one scenario, whatever was delivered by then
KINDS = {
    "lost": ("lost write", "skipped", "hole", "stale at rest"),
    "doubled": ("duplicate", "shared number"),
    "misordered": ("misordered", "sender order"),
    "leaked": ("leak", "dirty read"),
}


def main(words: list[str]) -> int:
    """Run the scenarios whose names hold these words, or all; the exit status tells of anomalies."""
    only_measures = words[:1] == ["measures"]
    chosen = [each for each in SCENARIOS.values() if not words or any(word in each.name for word in words)]
    keep = os.environ.get("PARLEY_FAULTS_KEEP")
    with nullcontext(keep) if keep else tempfile.TemporaryDirectory() as folder, Teams(Path(folder)) as teams:
        rows = []
        for each in () if only_measures else chosen:
            database = CHOSEN or each.databases[0]
            if database in each.databases:
                own = Path(folder) / each.name_on(database).replace(" ", "-")
                rows.append(run_one(teams.on(database), own, each, each.name_on(database)))
                keep_figures(scenarios=rows)  # as soon as they are there: the whole takes long
        if only_measures or not words:
            for found in measures.all_of(teams.on(SQLITE), Path(folder) / "measures", words[1:]):
                keep_figures(figures=[found])
    return int(any(row["anomalies"] for row in rows))


class Teams(ExitStack):
    """A team for each database, made when it is first needed."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.made: dict[str, Team] = {}

    def on(self, database: str) -> Team:
        if database not in self.made:
            postgres = Postgres(own=True) if database == POSTGRES else None
            if postgres:
                self.callback(postgres.close)
            self.made[database] = Team.gather(self.folder / f"team-{database}", MEMBERS, postgres)
        return self.made[database]


def keep_figures(**found: list[dict[str, object]]) -> None:
    """Put what was found into the file of today, in the place of what was found there earlier."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{time.strftime('%Y-%m-%d')}-faults.json"
    kept = json.loads(path.read_text()) if path.exists() else {"scenarios": [], "figures": []}
    about = {"title": "faults", **machine(), "members": MEMBERS, "per_second": PER_SECOND}
    for name, rows in found.items():
        order = {row[next(iter(row))]: row for row in (*kept[name], *rows)}
        found[name] = list(order.values())
    path.write_text(json.dumps({**kept, **about, **found}, indent=1, ensure_ascii=False) + "\n")


def run_one(team: Team, folder: Path, scenario: Scenario, name: str) -> dict[str, object]:
    """One scenario, until enough was delivered; its row of the table."""
    chance = Random(scenario.name)
    began = time.monotonic()
    with scenario.on(team, folder, PER_SECOND) as run:
        while run.delivered() < DELIVERIES and time.monotonic() - began < LONGEST:
            time.sleep(scenario.every)
            scenario.breaks(run, chance)
        verdict = run.verdict()
    counts = {name: sum(verdict.kinds[kind] for kind in kinds) for name, kinds in KINDS.items()}
    row: dict[str, object] = {
        "scenario": name,
        "says": scenario.says,
        "seconds": round(time.monotonic() - began),
        "told": verdict.totals["told"],
        "applied": verdict.totals["applied"],
        "acked": verdict.acked,
        **counts,
        "anomalies": sum(verdict.kinds.values()),
        "reach_p99": round(verdict.reached_within(0.99), 2),
        "notes": {name: round(percentile(values, 0.95), 2) for name, values in run.notes.items()},
    }
    print(line(row), flush=True)
    if not verdict.is_clean:
        print(verdict.report(), flush=True)
    return row


def line(row: dict[str, object]) -> str:
    """A row as it is printed."""
    counts = " ".join(f"{name} {row[name]}" for name in KINDS)
    return f"{row['scenario']:<36} {row['told']:>8,} told, {row['acked']:>6,} acked, {counts}, {row['seconds']} s"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
