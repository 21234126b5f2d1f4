"""Sign in and out, recognise who asks, list and end sessions, make tokens for programs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from chat import journal, passwords
from chat.actions import Answer, invites
from chat.actions.pages import read_page
from chat.actors import Account, Actor, Asker, Workspace
from chat.basics import hash_secret, new_id, new_secret, now
from chat.database import transaction
from chat.errors import ChatError
from chat.limits import MAX_LISTED
from chat.models import LoginThrottle, Session, User
from chat.prepared import Prepared
from chat.presenters import present_me, present_session
from chat.text import fold

SEEN_EVERY = timedelta(hours=1)  # how exactly the last use of a session is known
FREE_ATTEMPTS = 5
LONGEST_WAIT = timedelta(minutes=15)
FORGOTTEN_AFTER = timedelta(hours=1)
TOKEN_PREFIX = "parley_"  # so that scanners recognise a token that leaked
# One syntax and one meaning, but SQLAlchemy keeps them apart.
_INSERTS: dict[str, Callable[..., Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}
# In the order of Account's fields.
_ACCOUNT = select(
    User.id,
    User.username,
    User.display_name,
    User.email,
    User.role,
    User.kind,
    User.created_at,
    User.deactivated_at,
    Session.id.label("session_id"),
    Session.kind.label("session_kind"),
    Session.last_seen_at,
    Session.revoked_at,
    Session.version,
).join(User, User.id == Session.user_id)
_SHOWN = Prepared(_ACCOUNT.where(Session.id == bindparam("session")), Account)
_SHOWN_AMONG = _ACCOUNT.where(Session.id.in_(bindparam("sessions", expanding=True)))
_OF_SECRET = Prepared(
    select(Session.id, Session.user_id).where(
        Session.secret_hash == bindparam("hash"), Session.kind == bindparam("kind")
    )
)


def recognise(asker: Asker, workspace: Workspace) -> Actor:
    """Who asks, as this transaction sees them.

    Raises ChatError ``not_authed`` when no session is shown, and ``session_expired`` when the one shown was ended, ran
    out, or belongs to someone deactivated.
    """
    if asker.session_id is None:
        raise ChatError("not_authed")
    account: Account | None = _SHOWN(session=asker.session_id)
    if account is None or not is_live(account, workspace):
        raise ChatError("session_expired")
    return Actor(asker, workspace, account)


def is_live(account: Account, workspace: Workspace) -> bool:
    """Whether a session still holds. Tokens hold until they are ended, browsers' sessions while they are used."""
    if account.revoked_at or account.deactivated_at:
        return False
    if account.session_kind == "token":
        return True
    return now() - account.last_seen_at < timedelta(days=workspace.session_days)


def find(secret: str, kind: str) -> tuple[str, str] | None:
    """The session that a cookie's or a token's secret opens, and whose; whether it still holds is asked on acting."""
    found = _OF_SECRET(hash=hash_secret(secret), kind=kind)
    return (found.id, found.user_id) if found else None


def touch(actor: Actor) -> bool:
    """Note that a session is in use; True when that was worth writing down."""
    if actor.signed_in is None or now() - actor.signed_in.last_seen_at < SEEN_EVERY:
        return False
    used = update(Session).where(Session.id == actor.signed_in.session_id).values(last_seen_at=now())
    journal.session().execute(used)
    return True


def check_password(asker: Asker, workspace: Workspace, login: str, password: str) -> dict[str, Any]:
    """Before the transaction: verify a password off the event loop, at one cost whether the person exists or not."""
    refusal = ChatError("not_authed", "The username or the password is wrong.")
    with workspace.slow_work:
        checked = verify_slowly(asker, workspace, login, password, refusal)
        is_outdated = passwords.is_outdated(checked["verified_hash"])
        renewed = workspace.run_blocking(passwords.hash_password, password) if is_outdated else None
    return {**checked, "renewed_hash": renewed}


def prepare_new_password(asker: Asker, workspace: Workspace, current_password: str, password: str) -> dict[str, Any]:
    """Before the transaction: verify the present password like a sign-in's, then hash the new one."""
    with transaction(writes=False):
        username = recognise(asker, workspace).user.username
    refusal = ChatError("forbidden", "The current password is wrong.", field="current_password")
    with workspace.slow_work:
        checked = verify_slowly(asker, workspace, username, current_password, refusal)
        return {**checked, "password_hash": workspace.run_blocking(passwords.hash_password, password)}


def verify_slowly(asker: Asker, workspace: Workspace, login: str, password: str, refusal: ChatError) -> dict[str, Any]:
    """Who has this login, and the hash their password was right for; raises ``refusal`` when it was wrong.

    The wait doubles with each failure up to 15 minutes, for this account from this address only: nobody can lock
    someone else out. It is asked for when the turn has come, so that many tries at once cannot slip through together.
    """
    key = hash_secret(f"{fold(login)}\n{asker.address}")
    with transaction(writes=False) as session:
        refuse_hasty(key)
        query = select(User).where(or_(User.username == fold(login), User.email == fold(login)))
        user = session.scalars(query.where(User.deactivated_at.is_(None))).first()
        user_id, stored = (user.id, user.password_hash) if user else (None, None)
    if not workspace.run_blocking(passwords.verify, stored, password):
        with transaction(writes=True) as session:
            count_failure(key)
            session.commit()
        raise refusal
    return {"user_id": user_id, "verified_hash": stored, "throttle_key": key}


def refuse_hasty(key: str) -> None:
    """Raise ChatError ``rate_limited`` while one has to wait after failures."""
    throttle = journal.session().get(LoginThrottle, key)
    wait = throttle.blocked_until - now() if throttle else timedelta()
    if wait > timedelta():
        raise ChatError("rate_limited", retry_after_ms=int(wait.total_seconds() * 1000) + 1)


def count_failure(key: str) -> None:
    """Count a wrong password; after a few the next try has to wait. Old failures are forgotten, whoever's they were."""
    old = LoginThrottle.blocked_until < now() - FORGOTTEN_AFTER
    journal.connection().execute(delete(LoginThrottle).where(old))
    # One statement counts: of those who fail at the same moment, on whichever process, each counts.
    insert = _INSERTS[journal.connection().dialect.name]
    first = insert(LoginThrottle).values(key=key, failures=1, blocked_until=now())
    more = {"failures": LoginThrottle.failures + 1}
    count = first.on_conflict_do_update(index_elements=["key"], set_=more).returning(LoginThrottle.failures)
    over = min(journal.connection().execute(count).scalar_one() - FREE_ATTEMPTS, 12)
    wait = min(timedelta(seconds=2**over), LONGEST_WAIT) if over >= 0 else timedelta()
    of_login = update(LoginThrottle).where(LoginThrottle.key == key)
    journal.connection().execute(of_login.values(blocked_until=now() + wait))


def sign_in(
    actor: Actor, user_id: str, verified_hash: str, throttle_key: str, renewed_hash: str | None, **_: Any
) -> Answer:
    """Open a session for someone whose password was right, under a new secret; an older cookie gains nothing."""
    user = journal.session().get_one(User, user_id, with_for_update=True)
    if user.password_hash != verified_hash:  # changed meanwhile: what was right is right no more
        raise ChatError("not_authed", "The username or the password is wrong.")
    if renewed_hash:
        user.password_hash = renewed_hash
    forgive(throttle_key)
    session, secret = open_session(actor.asker, user, "browser")
    return Answer({"user": present_me(user), "session_id": session.id, "secret": secret})


def change_password(actor: Actor, verified_hash: str, password_hash: str, throttle_key: str, **_: Any) -> Answer:
    """Take another password, and end every other session and token of the person, and the invites they made."""
    user = journal.session().get_one(User, actor.id, with_for_update=True)
    if user.password_hash != verified_hash:
        raise ChatError("forbidden", "The current password is wrong.", field="current_password")
    user.password_hash = password_hash
    forgive(throttle_key)
    revoke_others(actor)
    invites.end_all_of(actor.id)
    journal.session().get_one(Session, actor.user.session_id).version += 1  # its tickets were made before
    return Answer({})


def forgive(throttle_key: str) -> None:
    """The password was right: earlier wrong ones count no more."""
    journal.connection().execute(delete(LoginThrottle).where(LoginThrottle.key == throttle_key))


def sign_out(actor: Actor) -> Answer:
    """End the present session, and close its connections."""
    revoke(journal.session().get_one(Session, actor.user.session_id))
    return Answer({})


def show_session(actor: Actor) -> Answer:
    """The account of the caller and the present session, for a page that was just opened."""
    used = touch(actor)
    return Answer({"user": present_me(actor.user), "session_id": actor.user.session_id}, changed=used)


def list_sessions(actor: Actor, after: str | None = None, limit: int = MAX_LISTED) -> Answer:
    """The caller's sign-ins and tokens that still hold, the newest first."""
    query = select(Session).filter_by(user_id=actor.id, revoked_at=None).order_by(Session.id.desc())
    sessions, more = read_page(query if after is None else query.where(Session.id < after), limit)
    live = live_among(actor.workspace, [session.id for session in sessions])
    shown = [present_session(session, actor.user.session_id) for session in sessions if session.id in live]
    return Answer({"sessions": shown, "next": sessions[-1].id if more else None})


def end_session(actor: Actor, session_id: str) -> Answer:
    """End a session or token of the caller, and close its connections."""
    query = select(Session).filter_by(id=session_id, user_id=actor.id, revoked_at=None)
    session = journal.session().scalars(query).one_or_none()
    if session is None:
        raise ChatError("session_not_found")
    revoke(session)
    return Answer({})


def end_other_sessions(actor: Actor) -> Answer:
    """End every session and token of the caller except the present one."""
    revoke_others(actor)
    return Answer({})


def revoke_others(actor: Actor) -> None:
    """End someone's sessions and tokens, all but the one in use."""
    for session in journal.session().scalars(select(Session).filter_by(user_id=actor.id, revoked_at=None)):
        if session.id != actor.user.session_id:
            revoke(session)


def create_token(actor: Actor, name: str) -> Answer:
    """A personal bearer token for a program; it is shown this once."""
    session, secret = open_session(actor.asker, actor.user, "token", name)
    return Answer({"token": secret, "session": present_session(session, None)}, new=True)


def open_session(asker: Asker, user: User | Account, kind: str, name: str = "") -> tuple[Session, str]:
    """A new session row, and the secret that opens it."""
    secret = (TOKEN_PREFIX if kind == "token" else "") + new_secret()
    session = Session(
        id=new_id(),
        secret_hash=hash_secret(secret),
        user_id=user.id,
        kind=kind,
        name=name,
        user_agent=asker.user_agent[:300],
        ip=asker.address[:45],
        created_at=now(),
        last_seen_at=now(),
    )
    journal.session().add(session)
    journal.session().flush()
    return session, secret


def revoke(session: Session) -> None:
    """End a session; every process closes its connections."""
    session.revoked_at = now()
    journal.end_session(session.id)


def live_among(workspace: Workspace, session_ids: list[str]) -> set[str]:
    """Which of these sessions hold now."""
    found = journal.connection().execute(_SHOWN_AMONG, {"sessions": session_ids})
    accounts = map(Account._make, found)
    return {account.session_id for account in accounts if is_live(account, workspace)}


def ended_since(moment: Any) -> list[str]:
    """The sessions that were ended since then: what a process asks that was not told."""
    return list(journal.session().scalars(select(Session.id).where(Session.revoked_at >= moment)))
