"""What can be wrong with a run, in the words of those who test databases, and how it is shown to a person."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.history import Place
from tests.faults.truth import Truth

KINDS = {
    "lost write": "acknowledged, and not there",
    "duplicate": "stored or applied twice",
    "hole": "a number that no row of the stream ever had",
    "shared number": "one number for two rows",
    "unnumbered change": "a row changed without taking a number",
    "misordered": "applied, or a cursor moved, against the order of the stream",
    "skipped": "a cursor passed a change that the client did not hold",
    "dirty read": "told or answered something that was never committed so",
    "leak": "a private channel's news reached someone who was not in it",
    "refused but stored": "shown as failed, and there all the same",
    "corrupt write": "stored otherwise than it was asked for",
    "foreign answer": "an outcome of something that nobody asked",
    "sender order": "someone's messages stand in another order than they were sent in",
    "stale at rest": "when all was quiet, someone did not see what there is",
    "wrong count": "a count differs from a recount",
}
AT_MOST = 200  # of one kind; a broken run breaks everywhere


@dataclass(frozen=True)
class Anomaly:
    """One thing that is wrong: its kind, what happened, and where to look in the histories and in the truth."""

    kind: str
    text: str
    place: Place | None = None
    client: str = ""
    stream: str = ""
    number: int | None = None
    uuid: str = ""


@dataclass
class Anomalies:
    """All that were found; of each kind the first ones, and how many there are."""

    found: list[Anomaly] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, text: str, **where: object) -> None:
        """Something is wrong."""
        assert kind in KINDS
        self.counts[kind] += 1
        if self.counts[kind] <= AT_MOST:
            self.found.append(Anomaly(kind, text, **where))


def explain(anomaly: Anomaly, paths: Sequence[Path], truth: Truth) -> str:
    """An anomaly with both histories: the clients' lines about it, and the rows that the database recorded."""
    parts = [f"{anomaly.kind.upper()} ({KINDS[anomaly.kind]}): {anomaly.text}"]
    if anomaly.place:
        parts.append(f"  history of {anomaly.client}:")
        parts += [f"    {line}" for line in lines_around(anomaly)]
    if anomaly.uuid:
        parts.append("  what was asked and answered:")
        parts += [f"    {line}" for line in lines_with(f'"{anomaly.uuid}"', paths)]
    if anomaly.number is not None:
        parts.append(f"  truth of stream {anomaly.stream}, head {truth.heads.get(anomaly.stream)}:")
        parts += [f"    {line}" for line in truth_around(truth, anomaly.stream, anomaly.number)]
    return "\n".join(parts)


def lines_around(anomaly: Anomaly, before: int = 5, after: int = 3) -> Iterator[str]:
    """The client's lines about this stream up to the anomaly, and a few after it."""
    assert anomaly.place
    past: deque[str] = deque(maxlen=before)
    with anomaly.place.path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file):
            if number == anomaly.place.number:
                yield from past
                yield f"> {shortened(line)}"
            elif f'"{anomaly.client}"' in line and anomaly.stream in line:
                past.append(f"  {shortened(line)}")
                if number > anomaly.place.number:
                    yield past[-1]
                    after -= 1
            if after == 0:
                return


def lines_with(words: str, paths: Iterable[Path], at_most: int = 8) -> Iterator[str]:
    """Lines of any history that contain these words."""
    for path in paths:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                if words in line:
                    yield shortened(line)
                    at_most -= 1
                    if at_most == 0:
                        return


def truth_around(truth: Truth, stream: str, number: int, reach: int = 2) -> Iterator[str]:
    """What the database recorded under a number and those beside it."""
    versions = truth.versions.get(stream, {})
    for near in range(max(1, number - reach), number + reach + 1):
        mark = ">" if near == number else " "
        version = versions.get(near)
        said = f"{version.kind} {version.row} {version.digest or ''} {version.body}" if version else "nothing"
        yield shortened(f"{mark} {near}: {said}")


def shortened(line: str, length: int = 300) -> str:
    line = line.strip()
    return line if len(line) <= length else line[:length] + "…"
