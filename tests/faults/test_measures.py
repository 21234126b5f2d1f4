"""The measurements of the long form measure, here with few people and for seconds."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.callers import allow_files
from tests.faults.idle import idle
from tests.faults.measures import storm
from tests.faults.team import Team


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Team:
    return Team.gather(tmp_path_factory.mktemp("team"), members=1)


def test_a_hundred_clients_that_come_back_at_once_all_catch_up(team: Team, tmp_path: Path) -> None:
    [(name, seconds, unit, limit)] = storm(team, tmp_path / "server", 100)
    assert name == "100 clients that come back at once have all caught up"
    assert (unit, limit) == ("s", 15.0)
    assert 0 < seconds < limit


def test_nobody_is_cut_off_where_many_do_nothing_and_some_chat(team: Team, tmp_path: Path) -> None:
    (_, lost, _, _), *figures = idle(team, tmp_path / "server", 100, 1.0)
    assert lost == 0
    assert [unit for _, _, unit, _ in figures] == ["KB", "s", "s", "s"]
    assert all(value > 0 for _, value, _, _ in figures)


def test_where_so_many_files_are_not_allowed_one_line_says_so() -> None:
    with pytest.raises(SystemExit, match=r"^This needs 1,000,000,000 open files and may have [\d,]+: raise .*\.$"):
        allow_files(10**9)
