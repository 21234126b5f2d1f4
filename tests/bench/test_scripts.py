"""The measurements run, measure something, and fail when the server does not do its work; how fast: never here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

if not sys.platform.startswith("linux"):
    pytest.skip("what is compared is pinned to cores and read from /proc", allow_module_level=True)

from bench import __main__ as bench
from bench import plan as plans
from bench import workers
from bench.fan_out import keep_flying
from bench.figures import Comparison, Report
from bench.load import BenchError, Crowd, Dialect
from bench.plan import Plan
from bench.sending import send
from bench.servers import Parley, running, settle_in_parley
from bench.town import Inhabitant, Town
from tests.support import Server


class Standing(Parley):
    """Parley once for all of these tests: each measurement brings new people to the same server."""

    shared: ClassVar[Server]

    def start(self) -> None:
        self.server, self.port = self.shared, self.shared.port
        settle_in_parley(self.shared.address, self.town)

    def stop(self) -> None:
        """It stands until the last test."""


LEAST = Plan(
    servers=(Standing,), real=None, rounds=1, turns=1, turn=0.3, seconds=0.3, warm_up=0.1, rest=0.1, scale=0.02
)


@pytest.fixture(scope="module", autouse=True)
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    Standing.shared = Server(tmp_path_factory.mktemp("bench")).start()
    yield Standing.shared
    Standing.shared.stop()


@pytest.fixture
def town(server: Server) -> Town:
    town = Town.of(1, 3)
    settle_in_parley(server.address, town)
    return town


@pytest.fixture
def crowd(server: Server) -> Iterator[Crowd]:
    with Crowd(server.port) as crowd:
        yield crowd


@pytest.mark.parametrize("name", bench.COMPARED)
def test_a_comparison_measures_something(name: str) -> None:
    report = bench.COMPARED[name](LEAST)
    assert report.comparisons
    for one in report.comparisons:
        # An idle server may well use no time that the clock shows.
        assert one.values["Parley"] > 0 or one.unit == "%", one


def test_several_workers_are_measured_with_their_database() -> None:
    with running(workers.Two, Town.of(2, 2)) as server:
        found = send(server, LEAST)
    assert found["per_second"] > 0
    assert found["us_beside"] > 0


def test_every_comparison_of_the_issue_has_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is asked with made-up figures: what would be kept of them, and what not."""
    for way in ("medians", "by_turns"):
        monkeypatch.setattr(plans.Plan, way, lambda *_: {"Parley": Ones(), "Node": Ones()})
    limits = {one.name: one.limit for ask in bench.COMPARED.values() for one in ask(Plan()).comparisons if one.limit}
    assert sorted(limits.values()) == sorted(
        ["ratio ≤ 0.75", "ratio ≤ 0.33", "ratio ≤ 0.8", "ratio ≤ 0.6, ≤ 14 KB", "ratio ≥ 1", "≤ 50 ms", "≤ 100 ms"]
    )


class Ones(dict[str, float]):
    """One, whatever is asked for."""

    def __missing__(self, _: str) -> float:
        return 1.0


def test_a_limit_that_is_not_kept_fails_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def measured(ratio: float) -> Callable[[Plan], Report]:
        report = Report("fan-out")
        report.compare("cost", {"Parley": ratio, "Node": 1.0}, "µs", ratio_most=0.5)
        return lambda _: report

    monkeypatch.setattr("bench.figures.RESULTS", tmp_path)
    monkeypatch.setattr(sys, "argv", ["bench", "fan-out"])
    monkeypatch.setattr(Plan, "real_servers", ())
    for ratio, status in ((0.4, 0), (0.6, 1)):
        monkeypatch.setattr(bench, "COMPARED", {"fan-out": measured(ratio)})
        monkeypatch.setattr(plans.Stock, "versions", dict)
        monkeypatch.setattr(plans.Node, "versions", dict)
        assert bench.main() == status
    assert [path.name[10:] for path in tmp_path.iterdir()] == ["-fan-out.json"]


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        ({"ratio_most": 0.5}, True),
        ({"ratio_most": 0.4}, False),
        ({"ratio_least": 0.5}, True),
        ({"ratio_least": 0.6}, False),
        ({"ratio_most": 0.5, "most": 9.0}, False),
        ({"most": 10.0}, True),
    ],
)
def test_limits_are_of_the_ratio_to_node_or_of_parleys_own_figure(limits: dict[str, Any], kept: bool) -> None:
    assert Comparison("", {"Parley": 10.0, "stock": 1.0, "Node": 20.0}, "", **limits).kept is kept


def test_the_town_is_as_if_everyone_had_signed_up(server: Server, town: Town) -> None:
    assert server.chat("doctor").returncode == 0, server.chat("doctor").stdout


def test_everything_is_counted_that_is_delivered(crowd: Crowd, town: Town) -> None:
    crowd.connect(town.people)
    keep_flying(crowd, 2, 0.2)
    assert crowd.acked > 0
    assert crowd.delivered == 3 * crowd.acked


def test_a_message_too_few_or_too_many_fails_the_measurement(crowd: Crowd, town: Town) -> None:
    lines = crowd.connect(town.people)
    crowd.say(lines[0])
    crowd.settle(3, 1)
    crowd.demand_quiet(3, 1)
    for delivered, acked in ((2, 1), (4, 1), (3, 0)):
        with pytest.raises(BenchError, match="were due"):
            crowd.demand_quiet(delivered, acked)


def test_a_refused_message_fails_the_measurement(crowd: Crowd, town: Town) -> None:
    lines = crowd.connect(town.people)
    other = Inhabitant("", "", "", "no-such-room")
    lines[0].who = other
    crowd.say(lines[0])
    with pytest.raises(BenchError, match="refused"):
        crowd.settle(3, 1)


def test_a_refused_sign_in_fails_the_measurement(crowd: Crowd, town: Town) -> None:
    stranger = Inhabitant("", "", "parley_nobody", next(iter(town.rooms)))
    with pytest.raises(BenchError, match="refused or closed"):
        crowd.connect([stranger])


def test_the_load_speaks_as_the_protocol_says() -> None:
    dialect = Dialect()
    assert dialect.say(7, "r", "words").startswith(b'427["message",{"channel_id":"r","client_msg_id":"')
    assert dialect.subscribe("r") == b'420["subscribe",{"channel_id":"r"}]'
