"""How long a sign-in holds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update

from chat.basics import now
from chat.errors import ChatError
from chat.extensions import db
from chat.models import Session
from tests.actions.conftest import Office, Someone


def last_used(person: Someone, ago: timedelta) -> None:
    """As if this had been their last sign of life, in a browser."""
    changed = update(Session).where(Session.id == person.session_id).values(last_seen_at=now() - ago, kind="browser")
    db.session.execute(changed)
    db.session.commit()


def test_a_browser_that_is_written_in_stays_signed_in(office: Office, someone: Callable[..., Someone]) -> None:
    ana = someone("ana")
    town = ana.does("create_channel", name="town", kind="public").data["channel"]["id"]
    last_used(ana, timedelta(days=13))
    ana.says(town, "still here")
    seen = db.session.get_one(Session, ana.session_id).last_seen_at
    db.session.rollback()
    assert now() - seen < timedelta(minutes=1)


def test_a_browser_that_nobody_used_is_signed_out(office: Office, someone: Callable[..., Someone]) -> None:
    ana = someone("ana")
    ana.does("show_me")
    last_used(ana, timedelta(days=15))
    with pytest.raises(ChatError, match="session_expired"):
        ana.does("show_me")
