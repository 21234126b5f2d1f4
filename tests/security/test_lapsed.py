"""A sign-in that nobody used runs out, and the connections it opened with it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from chat.basics import now
from chat.database import transaction
from chat.models import Session
from chat.realtime import dispatcher as telling
from tests.delivery.world import Page, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Two pages of ana and bo are open."""
    world = World(tmp_path, healing=True)
    for page in world.pages[:2]:
        page.connect()
    return world


def changed(world: World, page: Page, **columns: object) -> None:
    """As if someone's browser had been left alone, or their session had been ended, without anybody here being told."""
    session_id = world.askers[page.user_id].session_id
    with world.app.app_context(), transaction(writes=True) as session:
        session.execute(update(Session).where(Session.id == session_id).values(**columns))
        session.commit()


def is_open(page: Page) -> bool:
    return page.sid in page.world.wire.frames and page.sid in page.world.rooms.connections


def test_an_idle_connection_closes_when_its_sign_in_has_run_out(world: World) -> None:
    ana, bo = world.pages[:2]
    changed(world, ana, kind="browser", last_seen_at=now() - timedelta(days=13))
    changed(world, bo, kind="browser", last_seen_at=now() - timedelta(days=13))
    world.dispatcher.recheck()
    assert is_open(ana)
    changed(world, ana, last_seen_at=now() - timedelta(days=15))
    world.dispatcher.recheck()
    assert (is_open(ana), is_open(bo)) == (False, True)


def test_a_programs_connection_stays_however_long_it_is_silent(world: World) -> None:
    ana = world.pages[0]
    changed(world, ana, kind="token", last_seen_at=now() - timedelta(days=400))
    world.dispatcher.recheck()
    assert is_open(ana)


def test_an_ending_that_every_tick_missed_is_found(world: World) -> None:
    ana, bo = world.pages[:2]
    changed(world, ana, revoked_at=now() - timedelta(hours=1))
    with world.app.app_context(), transaction(writes=True) as session:
        session.execute(delete(Session).where(Session.id == world.askers[bo.user_id].session_id))
        session.commit()
    world.dispatcher.poll()
    assert is_open(ana)  # too long ago for the poll
    world.dispatcher.recheck()
    assert (is_open(ana), is_open(bo)) == (False, False)


def test_it_is_looked_at_each_minute(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ana = world.pages[0]
    changed(world, ana, revoked_at=now() - timedelta(hours=1))
    began = telling.time.monotonic()
    for seconds, opened in ((0, True), (50, True), (61, False)):
        monkeypatch.setattr(telling.time, "monotonic", lambda later=seconds: began + later)
        world.dispatcher._tick()
        assert is_open(ana) == opened, seconds
