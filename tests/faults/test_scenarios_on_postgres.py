"""A team chats on PostgreSQL while it breaks, or while its server does: what holds on SQLite holds there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.scenarios import POSTGRES, SCENARIOS, Scenario
from tests.faults.team import Team
from tests.faults.test_scenarios import MEMBERS, prove
from tests.servers.postgres import Postgres

# What is most likely to differ, besides what breaks only here; the others are slow.
LIKELIEST = {"F1 kill", "F4 hot channel", "F16 removal"}
CHOSEN = os.environ.get("PARLEY_TEST_DATABASE", POSTGRES)
HERE = [
    pytest.param(each, id=name, marks=[pytest.mark.slow] * (name not in LIKELIEST and each.databases != (POSTGRES,)))
    for name, each in SCENARIOS.items()
    if POSTGRES in each.databases and CHOSEN == POSTGRES
]


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    postgres = Postgres(own=True)  # it is broken
    yield Team.gather(tmp_path_factory.mktemp("team"), MEMBERS, postgres)
    postgres.close()


@pytest.mark.parametrize("scenario", HERE)
def test_a_team_loses_nothing_on_postgresql(team: Team, tmp_path: Path, scenario: Scenario) -> None:
    prove(team, tmp_path, scenario)
