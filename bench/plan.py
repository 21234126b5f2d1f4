"""How much is measured, and of which servers: the usual amount, or little, to see that the scripts themselves work."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass

from bench.load import Crowd, loading
from bench.servers import Contender, Node, Parley, Stock, running
from bench.synapse import Synapse
from bench.town import Town

Measured = dict[str, float]
Turn = Callable[[Contender, Crowd], Measured]
Servers = tuple[type[Contender], ...]


@dataclass(frozen=True)
class Plan:
    """``rounds``: how often each server is measured, in turn; the median counts. ``scale``: of every crowd.

    ``turns``, of so many seconds each (``turn``): for what is measured by turns, with all servers up at once.
    ``real``: a chat server that does not do the same job, and is asked only what can be compared.
    """

    servers: Servers = (Parley, Stock, Node)
    real: type[Contender] | None = Synapse
    rounds: int = 3
    turns: int = 12
    turn: float = 1.5
    seconds: float = 5.0
    warm_up: float = 1.5
    rest: float = 3.0  # seconds until what connecting left behind is given back
    scale: float = 1.0

    def many(self, number: int, least: int = 2) -> int:
        """A number of people or rooms at this plan's scale."""
        return max(least, round(number * self.scale))

    def medians(
        self, town: Callable[[], Town], work: Callable[[Contender], Measured], servers: Servers | None = None
    ) -> dict[str, Measured]:
        """Do the work with each server in turn, several rounds; the median of each figure, by server."""
        found: dict[str, list[Measured]] = {}
        for number in range(self.rounds):
            for server in self.servers if servers is None else servers:
                if server.most_rounds is not None and number >= server.most_rounds:
                    continue
                with running(server, town()) as contender, loading():
                    measured = work(contender)
                found.setdefault(server.name, []).append(measured)
                sys.stdout.write(f"    round {number + 1}, {server.name}: {shown_figures(measured)}\n")
                sys.stdout.flush()
        return {name: median_of(rounds) for name, rounds in found.items()}

    def by_turns(
        self, town: Callable[[], Town], begin: Callable[[Contender, Crowd], None], work: Turn
    ) -> dict[str, Measured]:
        """Have all servers up at once, and do short pieces of the work with each by turns; the medians likewise.

        What befalls the machine for half a minute, as when others use its processor, befalls all of them then.
        """
        with ExitStack() as stack:
            up = [stack.enter_context(running(server, town())) for server in self.servers]
            stack.enter_context(loading())
            there = [(server, stack.enter_context(server.crowd())) for server in up]
            for server, crowd in there:
                begin(server, crowd)
            found: dict[str, list[Measured]] = {server.name: [] for server in up}
            for number in range(self.turns):
                for server, crowd in there if number % 2 else there[::-1]:
                    found[server.name].append(work(server, crowd))
                shown = "; ".join(f"{name} {shown_figures(turns[-1])}" for name, turns in found.items())
                sys.stdout.write(f"    turn {number + 1}: {shown}\n")
                sys.stdout.flush()
        return {name: median_of(turns) for name, turns in found.items()}

    @property
    def real_servers(self) -> Servers:
        """The real chat server, if it could be installed."""
        return (self.real,) if self.real and self.real.is_there() else ()


def shown_figures(measured: Measured) -> str:
    """Figures on a line."""
    return "  ".join(f"{name} {value:,.4g}" for name, value in measured.items())


def median_of(rounds: Iterable[Measured]) -> Measured:
    """The median of each figure."""
    rounds = list(rounds)
    return {name: statistics.median(measured[name] for measured in rounds) for name in rounds[0]}


USUAL = Plan()
LITTLE = Plan(real=None, rounds=1, turns=2, turn=0.5, seconds=1.0, warm_up=0.3, rest=0.3, scale=0.05)


def by_server(medians: dict[str, Measured], name: str) -> dict[str, float]:
    """One figure of every server."""
    return {server: measured[name] for server, measured in medians.items()}
