"""Who waits for the same goes on in one turn of the loop, in the order they came; nobody else is woken."""

from __future__ import annotations

from collections.abc import Callable

import eventlet
import eventlet.event
import greenlet
import pytest
from eventlet import hubs

from chat.concurrency import GreenEvent

took: list[str] = []


@pytest.fixture
def happening() -> GreenEvent:
    took.clear()
    return GreenEvent(hubs.get_hub())


def waits(happening: GreenEvent, name: str, then: Callable[[], object] = lambda: None) -> None:
    def wait() -> None:
        happening.wait()
        took.append(name)
        then()

    eventlet.spawn(wait)
    eventlet.sleep(0)


def test_all_go_on_in_one_turn_in_the_order_they_came(happening: GreenEvent) -> None:
    elsewhere = eventlet.event.Event()
    for name in "abc":
        waits(happening, name, elsewhere.wait)  # each of them waits for something else right after it
    assert took == []
    happening.set()
    happening.set()
    assert took == []  # who says it is not held up by those who waited
    hubs.get_hub().schedule_call_global(0, took.append, "next turn")
    eventlet.sleep(0)
    assert took == ["a", "b", "c", "next turn"]
    elsewhere.send()
    eventlet.sleep(0)


def test_who_comes_after_it_was_said_does_not_wait(happening: GreenEvent) -> None:
    happening.set()
    happening.wait()
    waits(happening, "late")
    assert took == ["late"]


def test_who_gave_up_waiting_is_not_woken_out_of_what_it_does_next(happening: GreenEvent) -> None:
    gave_up, elsewhere = eventlet.event.Event(), eventlet.event.Event()

    def gives_up() -> None:
        with eventlet.Timeout(0.01, False):
            happening.wait()
        gave_up.send()
        elsewhere.wait()
        took.append("impatient")

    impatient = eventlet.spawn(gives_up)
    gave_up.wait()
    waits(happening, "patient")
    happening.set()
    eventlet.sleep(0)
    assert took == ["patient"]
    elsewhere.send()
    impatient.wait()
    assert took == ["patient", "impatient"]


def test_one_that_fails_holds_up_nobody(happening: GreenEvent, capfd: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        happening.wait()
        raise OSError("a disk is gone")

    bare = greenlet.greenlet(fail, parent=hubs.get_hub().greenlet)
    waits(happening, "before")
    hubs.get_hub().schedule_call_global(0, bare.switch)
    eventlet.sleep(0)
    waits(happening, "after")
    happening.set()
    eventlet.sleep(0)
    eventlet.sleep(0)
    assert took == ["before", "after"]
    assert "a disk is gone" in capfd.readouterr().err
