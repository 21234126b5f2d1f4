"""Green threads that take what arrived are kept for what arrives next; one that fails harms nobody else."""

from __future__ import annotations

from collections.abc import Callable

import eventlet
import eventlet.event
import greenlet
import pytest

from chat.realtime.transport.workers import KEPT, Workers


@pytest.fixture
def workers() -> Workers:
    return Workers()


def take_turns(times: int = 3) -> None:
    """Let the loop come round."""
    for _ in range(times):
        eventlet.sleep(0)


def test_one_green_thread_takes_message_after_message(workers: Workers) -> None:
    threads = []
    for _ in range(5):
        workers.run(lambda: threads.append(greenlet.getcurrent()))
        take_turns()
    assert len(threads) == 5
    assert len(set(map(id, threads))) == 1


def test_nobody_waits_for_another_s_message_and_no_more_are_kept_than_are_of_use(workers: Workers) -> None:
    under_way, done, go_on = [], [], eventlet.event.Event()

    def work(number: int) -> Callable[[], None]:
        def task() -> None:
            under_way.append(number)
            go_on.wait()
            done.append(number)

        return task

    numbers = list(range(KEPT + 10))
    for number in numbers:
        workers.run(work(number))
    take_turns()
    assert (under_way, done) == (numbers, [])
    go_on.send()
    take_turns()
    assert sorted(done) == numbers
    assert len(workers.idle) == KEPT


def test_one_that_fails_is_not_used_again_and_the_next_message_is_taken(
    workers: Workers, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise ValueError("this one")

    taken = []
    workers.run(fail)
    workers.run(lambda: taken.append("the next"))
    take_turns()
    assert taken == ["the next"]
    assert len(workers.idle) == 1
    assert "ValueError: this one" in capfd.readouterr().err
