"""A team chats while everything is broken that can break: nothing is lost, nothing comes twice, all see one order."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.faults.scenarios import BOTH, POSTGRES, SCENARIOS, Scenario
from tests.faults.team import Team, running
from tests.servers.postgres import Postgres

MEMBERS, PER_SECOND, SECONDS = 8, 40, 4.0  # the long form: python3 dev.py faults


# What is most likely to differ on the other database, besides what breaks only there.
ALSO_ON_POSTGRES = {"F1 kill", "F6 two processes", "F16 removal"}
CHOSEN = os.environ.get("PARLEY_TEST_DATABASE", "")


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    """One that may be broken."""
    server = Postgres(own=True)
    yield server
    server.close()


@pytest.fixture(scope="module")
def team(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Team:
    postgres = request.getfixturevalue("postgres") if request.param == POSTGRES else None
    return Team.gather(tmp_path_factory.mktemp("team"), MEMBERS, postgres)


def cases() -> Iterator[Any]:
    """Each scenario on SQLite, and some on PostgreSQL; or all on the one that PARLEY_TEST_DATABASE names."""
    for database in BOTH:
        for scenario in SCENARIOS.values():
            usual = scenario.databases[0] == database or scenario.name in ALSO_ON_POSTGRES
            if database in scenario.databases and (database == CHOSEN if CHOSEN else usual):
                yield pytest.param(database, scenario, id=scenario.name_on(database))


@pytest.mark.parametrize(("team", "scenario"), list(cases()), indirect=["team"], scope="module")
def test_a_team_loses_nothing(team: Team, tmp_path: Path, scenario: Scenario) -> None:
    chance = Random(scenario.name)
    with running(team.on(tmp_path / "server", **scenario.settings), tmp_path, per_second=PER_SECOND) as run:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            time.sleep(min(scenario.every, 1.0))
            scenario.breaks(run, chance)
        verdict = run.verdict()
    assert verdict.is_clean, verdict.report()
    assert {name.partition("-")[0] for name, did in verdict.clients.items() if did["ok"]} == {"web", "py", "bare"}
    assert verdict.acked > PER_SECOND
    assert verdict.totals["told"] > 5 * PER_SECOND
