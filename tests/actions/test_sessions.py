"""How long a sign-in holds, and what it costs to guess at one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select, update

from chat import passwords
from chat.actions.sessions import count_failure
from chat.actors import Asker
from chat.basics import now
from chat.database import begun
from chat.errors import ChatError
from chat.extensions import db
from chat.models import LoginThrottle, Session, User
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


# What guessing costs ---------------------------------------------------------------------------


class Watching:
    """The hasher, with every hash that a password was held against."""

    def __init__(self, hasher: Any) -> None:
        self.hasher, self.held_against = hasher, []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.hasher, name)

    def verify(self, stored: str, password: str) -> bool:
        self.held_against.append(stored)
        return self.hasher.verify(stored, password)


@pytest.fixture
def hasher(monkeypatch: pytest.MonkeyPatch) -> Watching:
    watching = Watching(passwords._hasher)
    monkeypatch.setattr(passwords, "_hasher", watching)
    return watching


def signs_in(office: Office, login: str, password: str) -> str:
    try:
        office.dispatch.perform(Asker(), "sign_in", {"login": login, "password": password})
    except ChatError as refusal:
        return refusal.code
    return "ok"


def test_nobodys_name_costs_as_much_as_a_wrong_password(office, someone, hasher) -> None:
    for name in ("ana", "left", "imported"):
        someone(name)
    db.session.execute(update(User).where(User.username == "left").values(deactivated_at=now()))
    db.session.execute(update(User).where(User.username == "imported").values(password_hash=None))
    db.session.commit()
    assert signs_in(office, "ana", "correct horse") == "ok"
    for login, password in (("ana", "wrong"), ("nobody", "wrong"), ("left", "correct horse"), ("imported", "wrong")):
        del hasher.held_against[:]
        assert signs_in(office, login, password) == "not_authed"
        [stored] = hasher.held_against
        assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$"), login


def test_a_password_hashed_with_less_is_hashed_anew_at_the_next_sign_in(office, someone) -> None:
    ana = someone("ana")
    weak = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("correct horse")
    db.session.execute(update(User).where(User.id == ana.id).values(password_hash=weak))
    db.session.commit()
    assert signs_in(office, "ana", "correct horse") == "ok"
    stored = db.session.get_one(User, ana.id).password_hash
    db.session.rollback()
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert signs_in(office, "ana", "correct horse") == "ok"


def test_wrong_guesses_of_long_ago_are_not_kept(office, someone) -> None:
    for number in range(3):
        signs_in(office, f"nobody-{number}", "wrong")
    db.session.execute(update(LoginThrottle).values(blocked_until=now() - timedelta(hours=2)))
    db.session.commit()
    signs_in(office, "somebody", "wrong")
    assert db.session.scalars(select(func.count()).select_from(LoginThrottle)).one() == 1
    db.session.rollback()


def test_guesses_that_fail_at_the_same_moment_count_each(office: Office) -> None:
    """As those do that several processes answer."""

    def fails() -> None:
        with office.app.app_context(), begun(writes=True) as transaction:
            count_failure("somebody's")
            transaction.commit()

    with ThreadPoolExecutor(8) as pool:
        for failed in [pool.submit(fails) for _ in range(24)]:
            failed.result()
    assert db.session.get_one(LoginThrottle, "somebody's").failures == 24
    db.session.rollback()
