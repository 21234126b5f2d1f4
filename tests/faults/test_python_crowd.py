"""Many clients of chat.client in one process: what they wrote down is proven by the checker."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults import audit
from tests.faults.checker import check
from tests.faults.snapshot import take_snapshots
from tests.faults.truth import Truth
from tests.faults.web_crowd import PythonCrowd
from tests.support import Person, Server, until


@pytest.fixture
def crowd(own_server: Callable[..., Server], tmp_path: Path) -> Iterator[tuple[PythonCrowd, list[str]]]:
    """Six people in three channels, one of them private, on a server that is recorded."""
    server = own_server(HEADS_SECONDS="2", RATE_LIMITS="off")
    owner = server.owner()
    people = [owner, *(server.person(f"p{number}", owner) for number in range(5))]
    channels = [owner.opens(kind, *people[1:]) for kind in ("public", "public", "private")]
    audit.install(server.address)
    crowd = PythonCrowd.of(tmp_path, server, [(person, channels) for person in people]).start()
    yield crowd, channels
    crowd.end()


def test_a_crowd_that_was_killed_comes_to_rest_and_its_histories_are_proven(
    crowd: tuple[PythonCrowd, list[str]],
) -> None:
    party, channels = crowd
    server = party.people[0][0].server
    party.asks("start", per_second=60)
    until(lambda: party.histories[0].read_bytes().count(b'"do":"ask"') > 100)
    party.kill()
    party.start()
    party.asks("start", per_second=60)
    until(lambda: party.histories[1].read_bytes().count(b'"do":"ask"') > 100)
    asked = party.asks("stop")["asked"]
    rest = party.rests(60)
    party.asks("dump", 30)
    party.quit()

    people: list[tuple[Person, list[str]]] = [(person, channels) for person, _ in party.people]
    shown = take_snapshots(server.url, [(person.id, person.token, channels) for person, channels in people])
    verdict = check(party.histories, Truth.of(server), shown)
    assert verdict.is_clean, verdict.report()
    second = [counts for name, counts in verdict.clients.items() if name.endswith(".2")]
    assert sum(counts["ask"] for counts in second) == asked
    assert sum(counts["applied"] for counts in second) == rest["applied"] > asked
    assert sum(counts["holds"] for counts in second) == 6 * 4
    assert verdict.acked > 150
    assert verdict.unknown <= 1  # killed between the line of the history and the line of the outbox
