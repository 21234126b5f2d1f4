"""Invites: links that let one new person in; made, listed, ended, and used while their maker may still invite."""

from __future__ import annotations

import logging
from datetime import timedelta

from sqlalchemy import ColumnElement, select, update

from chat import journal
from chat.actions import Answer
from chat.actions.memberships import admit
from chat.actions.pages import read_page
from chat.actors import Actor, is_admin
from chat.basics import hash_secret, new_id, new_secret, now
from chat.errors import ChatError
from chat.limits import MAX_INVITES_LISTED
from chat.models import Channel, Invite, Membership, User
from chat.policies import find_membership, may_administer_workspace, may_in_channel, still_may
from chat.presenters import present_invite, present_new_invite

log = logging.getLogger(__name__)
LASTS = timedelta(days=7)
NOT_VALID = "This invite is not valid, or was used already."


def create_invite(actor: Actor, channel_ids: list[str], expires_in: int | None = None) -> Answer:
    """Invite someone new, to these channels if any. ``expires_in`` is in seconds; without it an invite lasts a week.

    It holds for as long as its maker may invite: a link to the account of an imported person, who has messages that
    nobody else may read, is made on the server's command line only.
    """
    may_administer_workspace(actor)
    for channel_id in channel_ids:
        may_in_channel(actor, channel_id, "channel:invite")
    lasts = timedelta(seconds=expires_in) if expires_in else LASTS
    invite, secret = add(actor.id, channel_ids, None, lasts)
    return Answer(present_new_invite(invite, secret, actor.workspace.public_url), new=True)


def list_invites(actor: Actor, after: str | None = None, limit: int = MAX_INVITES_LISTED) -> Answer:
    """The invites that can still be used, the newest first; of their channels those that the caller may know of."""
    may_administer_workspace(actor)
    query = select(Invite).where(*is_open()).order_by(Invite.id.desc())
    invites, more = read_page(query if after is None else query.where(Invite.id < after), limit)
    seen = visible_among(actor, {channel_id for invite in invites for channel_id in invite.channel_ids})
    return Answer(
        {
            "invites": [present_invite(invite, seen) for invite in invites],
            "next": invites[-1].id if more else None,
        }
    )


def end_invite(actor: Actor, invite_id: str) -> Answer:
    """End an invite, so that it lets nobody in any more. Who is in by it stays."""
    may_administer_workspace(actor)
    end(invite_id)
    return Answer({})


def add(
    created_by: str | None, channel_ids: list[str], claims_user_id: str | None, lasts: timedelta = LASTS
) -> tuple[Invite, str]:
    """A new invite, and the secret to hand out. ``created_by`` is None for one of the command line."""
    secret = new_secret()
    invite = Invite(
        id=new_id(),
        secret_hash=hash_secret(secret),
        created_by=created_by,
        claims_user_id=claims_user_id,
        channel_ids=sorted(set(channel_ids)),
        created_at=now(),
        expires_at=now() + lasts,
    )
    journal.session().add(invite)
    journal.session().flush()
    return invite, secret


def find(secret: str) -> Invite:
    """The invite that this secret opens; raises ChatError ``forbidden`` if it lets nobody in (any more)."""
    invite = journal.session().scalars(select(Invite).filter_by(secret_hash=hash_secret(secret))).one_or_none()
    if invite is None or invite.used_at or invite.ended_at or invite.expires_at < now() or not is_granted(invite):
        raise ChatError("forbidden", NOT_VALID, field="invite")
    return invite


def is_granted(invite: Invite) -> bool:
    """Whether who made the invite may still invite. What the command line made was made by who runs the server."""
    if invite.created_by is None:
        return True
    maker = journal.session().get_one(User, invite.created_by)
    return maker.deactivated_at is None and is_admin(maker) and invite.claims_user_id is None


def use(invite: Invite, user: User) -> None:
    """Spend an invite, and let its holder into those of its channels to which its maker may still invite."""
    spent = update(Invite).where(Invite.id == invite.id, *is_open()).values(used_at=now(), used_by=user.id)
    if journal.session().scalars(spent.returning(Invite.id)).first() is None:  # it was ended in this very moment
        raise ChatError("forbidden", NOT_VALID, field="invite")
    if invite.claims_user_id:
        log.info("the account of an imported person was claimed: user_id=%s invite_id=%s", user.id, invite.id)
    for channel_id in invite.channel_ids:  # in order; all channels are locked before anybody's own stream is
        journal.lock(channel_id)
    maker = journal.session().get(User, invite.created_by, populate_existing=True) if invite.created_by else None
    admitting = [
        each
        for each in invite.channel_ids
        if (maker is None or still_may(maker, each, "channel:invite")) and not find_membership(each, user.id)
    ]
    for channel_id, seq in [(each, journal.next_number(each)) for each in admitting]:
        admit(journal.session().get_one(Channel, channel_id), user.id, seq)


def end(invite_id: str) -> None:
    """End one invite; raises ChatError ``invite_not_found`` when there is none that could still be used."""
    ended = update(Invite).where(Invite.id == invite_id, *is_open()).values(ended_at=now()).returning(Invite.id)
    if journal.session().scalars(ended).first() is None:
        raise ChatError("invite_not_found")


def end_all_of(user_id: str) -> None:
    """End every invite that someone made: they lost their account, their role or their password."""
    journal.session().execute(update(Invite).where(Invite.created_by == user_id, *is_open()).values(ended_at=now()))


def all_open() -> list[Invite]:
    """Every invite that can still be used, the newest first."""
    return list(journal.session().scalars(select(Invite).where(*is_open()).order_by(Invite.id.desc())))


def is_open() -> tuple[ColumnElement[bool], ...]:
    """The conditions of an invite that can still be used."""
    return Invite.used_at.is_(None), Invite.ended_at.is_(None), Invite.expires_at > now()


def visible_among(actor: Actor, channel_ids: set[str]) -> set[str]:
    """Which of these channels the actor may know of: public ones, and those they are in."""
    mine = select(Membership.channel_id).filter_by(user_id=actor.id, left_at=None)
    query = select(Channel.id).where(Channel.id.in_(channel_ids), (Channel.kind == "public") | Channel.id.in_(mine))
    return set(journal.session().scalars(query))
