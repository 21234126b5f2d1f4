"""Accounts as the person who runs the server sees them: from the command line, not through a door."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from chat import journal, passwords
from chat.actions import invites
from chat.actions.sessions import revoke
from chat.actions.users import add_user, refuse_taken_name
from chat.basics import now
from chat.errors import ChatError
from chat.models import Deployment, Session, User

FIRST_INVITE_LASTS = timedelta(days=1)


def is_nobody_here() -> bool:
    """Whether no account was made yet. Imported people are no accounts until they claim them."""
    return journal.session().scalars(select(Deployment.accounts)).one() == 0


def make_first_invite() -> str:
    """A one-time link for the account that will own the workspace."""
    return invites.add(None, [], None, FIRST_INVITE_LASTS)[1]


def make_invite(claims: str | None = None) -> str:
    """A one-time link for someone new, or for an imported person (by username) to claim their account."""
    user_id = None
    if claims:
        user = find(claims)
        if user.password_hash or user.kind != "person":
            raise ChatError("forbidden", f"{claims} is a bot." if user.kind == "bot" else f"{claims} has an account.")
        user_id = user.id
    return invites.add(None, [], user_id)[1]


def make_account(username: str, display_name: str, password: str, role: str = "member") -> User:
    """An account with a password, as by signing up."""
    refuse_taken_name(username, None)
    journal.session().execute(update(Deployment).values(accounts=Deployment.accounts + 1))
    user = add_user(
        username=username, display_name=display_name, password_hash=passwords.hash_password(password), role=role
    )
    journal.session().flush()
    return user


def set_password(username: str, password: str) -> None:
    """Give someone a new password, and end what was granted to them before."""
    user = find(username)
    user.password_hash = passwords.hash_password(password)
    end_all_grants(user)


def set_role(username: str, role: str) -> None:
    """Change what someone may do in the workspace. Their sessions end: what they follow may no longer be theirs."""
    user = find(username)
    user.role = role
    end_all_grants(user)


def deactivate(username: str) -> None:
    """Lock someone out for good; what they wrote stays."""
    user = find(username)
    user.deactivated_at = now()
    end_all_grants(user)


def find(username: str) -> User:
    """Someone by username."""
    user = journal.session().scalars(select(User).filter_by(username=username.lower())).one_or_none()
    if user is None:
        raise ChatError("user_not_found", f"There is nobody called {username}.")
    return user


def name_of(user_id: str | None) -> str:
    """The username of somebody, or nothing for nobody."""
    return journal.session().get_one(User, user_id).username if user_id else ""


def everyone() -> list[User]:
    """Everyone, in the order of their usernames."""
    return list(journal.session().scalars(select(User).order_by(User.username)))


def end_all_grants(user: User) -> None:
    """End every sign-in, token and invite of someone; running servers notice within a second."""
    invites.end_all_of(user.id)
    for session in journal.session().scalars(select(Session).filter_by(user_id=user.id, revoked_at=None)):
        revoke(session)
