"""Proves a run: from the clients' histories, the database's own record and what REST shows, whether I1 to I11 held.

    verdict = check(histories, Truth.of(server), take_snapshots(url, people))
    assert verdict.is_clean, verdict.report()

The invariants stand in docs/reliability.md. Nothing here asks the server's code: a row is what its digest says, the
order is that of the numbers, and who may hear what follows from the memberships as the triggers recorded them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.anomalies import Anomalies, Anomaly, explain
from tests.faults.outcomes import Outcomes, Restore, check_stored, time_to_reach
from tests.faults.replay import Replay
from tests.faults.snapshot import Snapshots, check_snapshots
from tests.faults.truth import FOREVER, Truth


@dataclass
class Verdict:
    """What came out: what is wrong if anything, and how much was looked at."""

    anomalies: list[Anomaly]
    kinds: Counter[str]
    clients: dict[str, Counter[str]]  # client -> how often it did what: ask, ok, refused, told, applied, row …
    unknown: int  # things asked that were neither acknowledged nor refused
    reach: list[float]  # seconds from asking to the last client that had it, sorted
    paths: Sequence[Path] = ()
    truth: Truth = field(default_factory=Truth, repr=False)

    @property
    def is_clean(self) -> bool:
        """Every invariant held."""
        return not self.kinds

    @property
    def totals(self) -> Counter[str]:
        """All clients together."""
        return sum(self.clients.values(), Counter())

    @property
    def deliveries(self) -> int:
        """How many events clients were told or applied."""
        return self.totals["told"] + self.totals["applied"]

    @property
    def acked(self) -> int:
        """How many things were acknowledged."""
        return self.totals["ok"]

    def reached_within(self, share: float) -> float:
        """The time within which this share of what was acknowledged reached everyone; 0.99 for the p99."""
        return self.reach[math.ceil(share * len(self.reach)) - 1] if self.reach else math.nan

    def report(self, at_most: int = 10) -> str:
        """What was looked at, and the first anomalies with both histories."""
        totals = self.totals
        found = ", ".join(f"{count} × {kind}" for kind, count in self.kinds.items()) or "nothing wrong"
        summary = (
            f"{found}. {len(self.clients)} clients, {totals['ask']} asked, {totals['ok']} acknowledged, "
            f"{totals['refused']} refused, {self.unknown} unknown; {totals['told']} told, {totals['applied']} applied, "
            f"{totals['row']} rows from answers; {sum(map(len, self.truth.versions.values()))} row versions."
        )
        return "\n\n".join([summary, *(explain(each, self.paths, self.truth) for each in self.first(at_most))])

    def first(self, at_most: int) -> list[Anomaly]:
        """Some anomalies of every kind there is."""
        of_each = max(1, at_most // max(1, len(self.kinds)))
        shown: Counter[str] = Counter()
        picked = []
        for anomaly in self.anomalies:
            shown[anomaly.kind] += 1
            if shown[anomaly.kind] <= of_each:
                picked.append(anomaly)
        return picked


def check(
    histories: Iterable[Path],
    truth: Truth,
    snapshots: Snapshots | None = None,
    *,
    restores: Sequence[Restore] = (),
    until: float = FOREVER,
) -> Verdict:
    """Hold the histories of all processes of a run to the truth.

    A restore from a backup ends an epoch, and each is checked by itself: with the truth at its end, the ``restores``
    before it, of which the last began it, and ``until`` the next one. What was acknowledged between a backup and its
    restore may be missing if the backup does not hold it, and then nobody may go on holding it.
    """
    since = restores[-1].at if restores else -FOREVER
    paths = sorted(histories)
    anomalies = Anomalies()
    check_stored(truth, anomalies)
    replay = Replay(truth, anomalies, since, until)
    replay.read(paths)
    Outcomes(truth, anomalies, replay, restores).check()
    check_snapshots(truth, anomalies, snapshots or {})
    unknown = len(replay.asks.keys() - replay.outcomes.keys())
    return Verdict(anomalies.found, anomalies.counts, dict(replay.counts), unknown, time_to_reach(replay), paths, truth)
