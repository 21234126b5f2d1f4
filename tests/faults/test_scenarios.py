"""A team chats while everything is broken that can break: nothing is lost, nothing comes twice, all see one order."""

from __future__ import annotations

import time
from pathlib import Path
from random import Random

import pytest

from tests.faults.scenarios import SCENARIOS, Scenario
from tests.faults.team import Team, running

MEMBERS, PER_SECOND, SECONDS = 8, 40, 4.0  # the long form: python3 dev.py faults


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Team:
    return Team.gather(tmp_path_factory.mktemp("team"), MEMBERS)


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
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
