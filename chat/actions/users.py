"""People: sign up, list everyone, show and change the own account."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from chat import journal, passwords
from chat.actions import Answer, invites
from chat.actions.pages import read_page
from chat.actors import Actor, Asker, Workspace
from chat.basics import new_id, now
from chat.database import transaction
from chat.errors import ChatError
from chat.limits import MAX_LISTED
from chat.models import Deployment, Invite, User
from chat.presenters import present_me, present_user
from chat.text import fold


def prepare_sign_up(asker: Asker, workspace: Workspace, **asked: Any) -> dict[str, Any]:
    """Before the transaction: refuse who may not sign up, then hash the password off the event loop."""
    with transaction(writes=False) as session:
        first = session.scalars(select(Deployment.accounts)).one() == 0
        may_sign_up(workspace, first, asked.get("invite"))
    with workspace.slow_work:
        hashed = workspace.run_blocking(passwords.hash_password, asked.pop("password"))
    return {**asked, "password_hash": hashed}


def sign_up(
    actor: Actor,
    username: str,
    display_name: str,
    password_hash: str,
    email: str | None = None,
    invite: str | None = None,
) -> Answer:
    """Make an account. The first one owns the workspace; an invite for an imported person claims that account."""
    accounts = journal.session().execute(
        update(Deployment).values(accounts=Deployment.accounts + 1).returning(Deployment.accounts)
    )
    first = accounts.scalar_one() == 1  # the row's lock lets one of two first accounts be the first
    invited = may_sign_up(actor.workspace, first, invite)
    claimed = invited.claims_user_id if invited else None
    refuse_taken_name(username, email, besides=claimed)
    user = journal.session().get_one(User, claimed) if claimed else add_user(role="member")
    if user.password_hash:  # another invite for the same person was faster
        raise ChatError("forbidden", "This account was claimed already.", field="invite")
    if first:
        user.role = "owner"
    user.username, user.display_name, user.email = username, display_name, email or user.email
    user.password_hash, user.deactivated_at = password_hash, None
    journal.session().flush()
    if invited:
        invites.use(invited, user)
    return Answer({"user": present_me(user)}, new=True)


def may_sign_up(workspace: Workspace, first: bool, secret: str | None) -> Invite | None:
    """The invite that lets someone in, or None where none is needed; raises ChatError ``forbidden`` otherwise."""
    if secret:
        return invites.find(secret)
    if first and workspace.open_first_account:
        return None
    if workspace.registration == "open" and not first:
        return None
    closed = workspace.registration == "closed"
    raise ChatError(
        "forbidden", "Signing up is closed here." if closed else "An invite is needed here.", field="invite"
    )


def refuse_taken_name(username: str, email: str | None, besides: str | None = None) -> None:
    """Refuse a username or an e-mail address that someone else has."""
    for field, value in (("username", username), ("email", email)):
        holder = journal.session().scalars(select(User.id).filter_by(**{field: value})).first() if value else None
        if holder and holder != besides:
            raise ChatError("name_taken", field=field)


def add_user(**fields: Any) -> User:
    """A new row for someone, with a stream of their own."""
    user = User(**{"id": new_id(), "created_at": now(), "kind": "person", "username": "", "display_name": "", **fields})
    journal.open_stream(user.id)
    journal.session().add(user)
    return user


def list_users(actor: Actor, after: str = "", limit: int = MAX_LISTED) -> Answer:
    """Everyone of the workspace by username, also people who left: their messages stay."""
    users, more = read_page(select(User).where(User.username > after).order_by(User.username), limit)
    return Answer({"users": [present_user(user) for user in users], "next": users[-1].username if more else None})


def show_me(actor: Actor) -> Answer:
    """The account of the caller."""
    return Answer({"user": present_me(actor.user)})


def update_me(actor: Actor, display_name: str | None = None, email: str | None = None) -> Answer:
    """Change the display name or the e-mail address of the caller."""
    if email:
        refuse_taken_name("", fold(email), besides=actor.id)
    user = journal.session().get_one(User, actor.id)
    user.display_name = display_name or user.display_name
    user.email = fold(email) if email else user.email
    journal.session().flush()
    return Answer({"user": present_me(user)})
