"""A team chats while everything is broken that can break: nothing is lost, nothing comes twice, all see one order."""

from __future__ import annotations

import os
import time
from pathlib import Path
from random import Random

import pytest

from tests.faults.scenarios import SCENARIOS, SQLITE, Scenario
from tests.faults.team import Team

MEMBERS, PER_SECOND, SECONDS = 8, 40, 4.0  # the long form: python3 dev.py faults


CHOSEN = os.environ.get("PARLEY_TEST_DATABASE", SQLITE)


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Team:
    return Team.gather(tmp_path_factory.mktemp("team"), MEMBERS)


HERE = {name: each for name, each in SCENARIOS.items() if SQLITE in each.databases and CHOSEN == SQLITE}


@pytest.mark.parametrize("scenario", HERE.values(), ids=HERE)
def test_a_team_loses_nothing(team: Team, tmp_path: Path, scenario: Scenario) -> None:
    prove(team, tmp_path, scenario)


def prove(team: Team, tmp_path: Path, scenario: Scenario) -> None:
    """Let a team chat for some seconds while something is broken, and prove that nothing was lost."""
    chance = Random(scenario.name)
    with scenario.on(team, tmp_path, PER_SECOND) as run:
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            time.sleep(min(scenario.every, 1.0))
            scenario.breaks(run, chance)
        verdict = run.verdict()
    assert verdict.is_clean, verdict.report()
    assert {name.partition("-")[0] for name, did in verdict.clients.items() if did["ok"]} == {"web", "py", "bare"}
    assert verdict.acked > PER_SECOND
    assert verdict.totals["told"] > 5 * PER_SECOND
