"""The checker finds nothing in good runs, and in a run with one thing broken exactly that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.faults.breaks import (
    BREAKS,
    a_refused_message_is_stored,
    an_acknowledged_message_is_lost,
    lines,
    take_out,
    what_was_rolled_back_is_told,
)
from tests.faults.checker import Verdict, check
from tests.faults.history import History, digest
from tests.faults.model import DEN, TOWN, World
from tests.faults.outcomes import Restore


def judge(world: World, folder: Path, **options: Any) -> Verdict:
    return check(world.write(folder), world.truth, world.snapshots, **options)


@pytest.mark.parametrize("seed", range(20))
def test_a_good_run_is_clean(tmp_path: Path, seed: int) -> None:
    world = World(seed)
    verdict = judge(world, tmp_path)
    assert verdict.is_clean, verdict.report()
    assert verdict.deliveries > 250
    assert verdict.acked == sum(line["do"] == "ok" for client in world.clients.values() for line in client.lines) > 50
    assert 0 < verdict.reached_within(0.99) < 1


@pytest.mark.parametrize(("break_it", "kind"), BREAKS.items(), ids=[each.__name__ for each in BREAKS])
def test_one_broken_thing_is_found_and_nothing_else(
    tmp_path: Path, break_it: Callable[[World], None], kind: str
) -> None:
    world = World(7, steps=300)
    break_it(world)
    verdict = judge(world, tmp_path)
    assert set(verdict.kinds) == {kind}, verdict.report()
    assert kind.upper() in verdict.report()


def test_numbers_that_were_overtaken_may_be_passed(tmp_path: Path) -> None:
    """Someone is told only the later of two changes of a message, and the number before says so."""
    world = World(7, steps=300)
    for one, other in zip(*(lines(world, "bo-1", do="applied", stream=TOWN)[start:] for start in (0, 1)), strict=False):
        if other["prev"] == one["seq"] and world.truth.last(TOWN, one["row"]) > other["seq"]:
            other["prev"] = one["prev"]
            take_out(world, "bo-1", one)
            break
    else:
        raise AssertionError("no such change in this run")
    verdict = judge(world, tmp_path)
    assert verdict.is_clean, verdict.report()


def test_someone_let_in_again_may_hear_what_was_said_while_they_were_out(tmp_path: Path) -> None:
    world = World(7, steps=300)
    stay, again = world.truth.stays[DEN, "cleo"]
    told = next(line for line in lines(world, "bo-1", do="told", stream=DEN) if line["seq"] > stay.left)
    world.clients["cleo-1"].lines.append(told | {"client": "cleo-1", "user": "cleo", "t": again.since + 1})
    verdict = judge(world, tmp_path)
    assert verdict.is_clean, verdict.report()


def test_what_a_restore_took_back_is_no_loss_and_all_else_is(tmp_path: Path) -> None:
    """After the restore somebody's last message is gone; it was acknowledged above the backup's head."""
    world = World(7, steps=300)
    an_acknowledged_message_is_lost(world)
    paths, heads, now = world.write(tmp_path), world.truth.heads, world.clock
    backup = {channel: head - 2 for channel, head in heads.items()}
    for restores in ([Restore(0, backup, now)], [Restore(0, backup, now), Restore(now, heads, now + 1)]):
        assert check(paths, world.truth, restores=restores).is_clean
    for restore in (Restore(0, heads, now), Restore(now, backup, now), Restore(0, backup, 1)):
        assert set(check(paths, world.truth, restores=[restore]).kinds) == {"lost write"}
    assert set(check(paths, world.truth).kinds) == {"lost write"}


def test_what_comes_after_an_epoch_is_not_held_against_it(tmp_path: Path) -> None:
    world = World(7, steps=300)
    ended = world.clock
    what_was_rolled_back_is_told(world)
    world.clients["bo-1"].lines[-1]["t"] = ended + 1
    assert judge(world, tmp_path, until=ended).is_clean
    assert not judge(world, tmp_path).is_clean


def test_an_anomaly_is_shown_with_both_histories(tmp_path: Path) -> None:
    world = World(7, steps=300)
    a_refused_message_is_stored(world)
    shown = judge(world, tmp_path).report()
    assert "1 × refused but stored" in shown
    assert '"do": "ask"' in shown
    assert '"do": "refused"' in shown
    assert "truth of stream" in shown


def test_a_history_survives_its_process(tmp_path: Path) -> None:
    """Whole lines are read; the one that a kill cut in half is not."""
    history = History(tmp_path / "one.jsonl")
    history.add("py-1", "ana", "ask", uuid="u", action="message", channel_id=TOWN, text="half 🎉")
    with history.path.open("ab") as file:
        file.write(b'{"t": 1, "client": "py-1", "do')
    history.close()
    verdict = check([history.path], World(1, steps=1).truth)
    assert (verdict.is_clean, verdict.totals, verdict.unknown) == (True, {"ask": 1}, 1)


def test_the_digest_is_the_one_every_program_makes() -> None:
    """Written down from the words of docs/reliability.md with another program's JSON and SHA-256."""
    message = {
        "id": "m1",
        "seq": 3,
        "changed_seq": 9,
        "rev": 2,
        "user_id": "ana",
        "client_msg_id": "c1",
        "text": 'say "é" \u2028 🎉',
        "thread_id": None,
        "reply_count": 0,
        "deleted_at": None,
        "reactions": [{"emoji": "🎉", "count": 2, "user_ids": ["bo", "ana"]}, {"emoji": ":a:", "user_ids": ["bo"]}],
        "mentions": ["cleo", "bo"],
    }
    member = {"user_id": "ana", "role": "owner", "left_at": "2026-01-01T00:00:00.000Z", "changed_seq": 4}
    channel = {"name": "town", "topic": "", "kind": "public", "archived_at": None, "changed_seq": 1}
    assert [digest(row) for row in (message, member, channel)] == [
        "5d2567dcaaaec5f2",
        "c8f506123fe0c312",
        "b6019825a5205da1",
    ]
