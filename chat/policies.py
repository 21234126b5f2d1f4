"""Who may see and do what: one table of permissions, and the loaders that ask it. The lookup is the check.

Every loader answers someone who may not see a thing exactly as if the thing were not there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import and_, bindparam, select
from sqlalchemy.orm import selectinload

from chat import journal
from chat.actors import Actor, Someone, is_admin, is_full_member
from chat.errors import ChatError
from chat.models import NAMED, Channel, Membership, Message, User
from chat.prepared import Prepared


class Case(NamedTuple):
    """Someone, a channel, their role there (None: they are not in it, or left), and perhaps a message in it."""

    actor: Someone
    kind: str
    is_archived: bool
    role: str | None
    message: Message | None = None


Predicate = Callable[[Case], bool]


def member(case: Case) -> bool:
    return case.role is not None


def visible(case: Case) -> bool:
    return member(case) or (public(case) and is_full_member(case.actor))


def public(case: Case) -> bool:
    return case.kind == "public"


def named(case: Case) -> bool:
    return case.kind in NAMED


def not_archived(case: Case) -> bool:
    return not case.is_archived


def author(case: Case) -> bool:
    return case.message is not None and case.message.user_id == case.actor.id and case.message.kind == "user"


def administrator(case: Case) -> bool:
    return case.role in ("owner", "admin") or is_admin(case.actor)


def author_or_moderator(case: Case) -> bool:
    return author(case) or (named(case) and member(case) and administrator(case))


# What each refusal is answered with; `visible` is answered by the loader, as a missing thing.
REFUSALS: dict[Predicate, str] = {
    member: "not_in_channel",
    public: "forbidden",
    named: "forbidden",
    not_archived: "is_archived",
    author: "forbidden",
    administrator: "forbidden",
    author_or_moderator: "forbidden",
}

# Every line is read from left to right, and the first requirement that does not hold is the answer.
PERMISSIONS: dict[str, tuple[Predicate, ...]] = {
    "channel:read": (visible,),
    "channel:join": (visible, named, public, not_archived),
    "channel:post": (visible, member, not_archived),
    "channel:mark": (visible, member),
    "channel:type": (visible, member, not_archived),
    "channel:add_people": (visible, named, member, not_archived),
    "channel:invite": (visible, named, not_archived),
    "channel:leave": (visible, named, member),
    "channel:administer": (visible, named, administrator),
    "channel:change": (visible, named, administrator, not_archived),
    "message:read": (visible,),
    "message:react": (visible, member, not_archived),
    "message:edit": (visible, author, member, not_archived),
    "message:delete": (visible, author_or_moderator, member, not_archived),
}


def may(permission: str, case: Case, missing: str) -> None:
    """Raise the refusal of the first requirement that does not hold; ``missing`` is what a hidden thing answers."""
    for requirement in PERMISSIONS[permission]:
        if not requirement(case):
            raise ChatError(REFUSALS.get(requirement, missing))


_MINE = (
    Membership.channel_id == bindparam("channel"),
    Membership.user_id == bindparam("user"),
    Membership.left_at.is_(None),
)
_OF_CHANNEL = Channel.id == bindparam("channel")
_CHANNEL = select(Channel, Membership).outerjoin(Membership, and_(*_MINE)).where(_OF_CHANNEL)
_CASE = Prepared(
    select(Channel.kind, Channel.archived_at.is_not(None).label("is_archived"), Membership.role)
    .outerjoin(Membership, and_(*_MINE))
    .where(_OF_CHANNEL)
)
_MEMBERSHIP = select(Membership).where(*_MINE)


def find_membership(channel_id: str, user_id: str) -> Membership | None:
    """Someone's membership of a channel, unless they left."""
    return journal.session().scalars(_MEMBERSHIP, {"channel": channel_id, "user": user_id}).one_or_none()


def may_in_channel(actor: Actor, channel_id: str, permission: str) -> None:
    """Refuse unless the actor may do this in the channel; for whoever needs no more of it."""
    may(permission, find_case(actor.user, channel_id, "channel_not_found"), "channel_not_found")


def still_may(person: Someone, channel_id: str, permission: str) -> bool:
    """Whether somebody other than the caller may do this now: the maker of an invite, when it is used."""
    case = find_case(person, channel_id, "channel_not_found")
    return all(holds(case) for holds in PERMISSIONS[permission])


def find_case(person: Someone, channel_id: str, missing: str, message: Message | None = None) -> Case:
    """How a person stands to a channel, and to a message of it."""
    found = _CASE(channel=channel_id, user=person.id)
    if found is None:
        raise ChatError(missing)
    return Case(person, found.kind, found.is_archived, found.role, message)


def access_channel(actor: Actor, channel_id: str, permission: str) -> tuple[Channel, Membership | None]:
    """The channel and the actor's membership in it, if they may do this."""
    found = journal.session().execute(_CHANNEL, {"channel": channel_id, "user": actor.id}).one_or_none()
    if found is None:
        raise ChatError("channel_not_found")
    channel, membership = found
    role = membership.role if membership else None
    case = Case(actor.user, channel.kind, channel.archived_at is not None, role)
    may(permission, case, "channel_not_found")
    return channel, membership


def access_message(actor: Actor, message_id: str, permission: str) -> Message:
    """The message, if the actor may do this. Its channel is the message's own, whatever was claimed."""
    query = select(Message).where(Message.id == message_id).options(*MESSAGE_PARTS)
    message = journal.session().scalars(query).one_or_none()
    if message is None:
        raise ChatError("message_not_found")
    case = find_case(actor.user, message.channel_id, "message_not_found", message)
    may(permission, case, "message_not_found")
    return message


def lock_message(message_id: str) -> int:
    """Take the next number of a message's stream before anything is read of the message itself."""
    query = select(Message.channel_id).where(Message.id == message_id)  # a message never changes its channel
    channel_id = journal.session().scalars(query).one_or_none()
    if channel_id is None:
        raise ChatError("message_not_found")
    return journal.next_number(channel_id, missing="message_not_found")


def access_user(user_id: str) -> User:
    """Someone of the workspace who can still be reached."""
    user = journal.session().get(User, user_id)
    if user is None or user.deactivated_at is not None:
        raise ChatError("user_not_found")
    return user


def may_administer_workspace(actor: Actor) -> None:
    """Refuse whoever does not run the workspace."""
    if not is_admin(actor.user):
        raise ChatError("forbidden")


# Everything that belongs to a message as it is shown, in one query each for any number of messages.
MESSAGE_PARTS = (selectinload(Message.reactions), selectinload(Message.mentions), selectinload(Message.files))
