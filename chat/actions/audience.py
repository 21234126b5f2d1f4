"""Who may hear what: the questions that the telling of events asks the database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import bindparam, select

from chat import journal
from chat.models import Channel, Membership, ReadCursor, Stream

_IS_MEMBER = Membership.left_at.is_(None)
_MEMBERS_AMONG = select(Membership.user_id).where(
    Membership.channel_id == bindparam("channel"),
    Membership.user_id.in_(bindparam("users", expanding=True)),
    _IS_MEMBER,
)
_CHANNELS_OF = select(Membership.channel_id).where(Membership.user_id == bindparam("user"), _IS_MEMBER)
_PLACE_OF = (
    select(Stream.seq, ReadCursor.last_read_seq)
    .join(Membership, Membership.channel_id == Stream.id)
    .join(ReadCursor, (ReadCursor.channel_id == Stream.id) & (ReadCursor.user_id == Membership.user_id))
    .where(Stream.id == bindparam("channel"), Membership.user_id == bindparam("user"), _IS_MEMBER)
)

_PUBLIC = select(Channel.id).where(Channel.kind == "public")


class Place(NamedTuple):
    """Where a channel stands, and how far someone who is in it has read."""

    seq: int
    last_read_seq: int


def members_among(channel_id: str, user_ids: Iterable[str]) -> set[str]:
    """Who of these people is in a channel now."""
    return set(journal.connection().scalars(_MEMBERS_AMONG, {"channel": channel_id, "users": list(user_ids)}))


def channels_of(user_id: str) -> list[str]:
    """The channels someone is in."""
    return list(journal.connection().scalars(_CHANNELS_OF, {"user": user_id}))


def place_of(channel_id: str, user_id: str) -> Place | None:
    """This person's place in a channel, if they are in it; of one snapshot."""
    row = journal.connection().execute(_PLACE_OF, {"channel": channel_id, "user": user_id}).one_or_none()
    return row and Place(*row)


def public_channels() -> set[str]:
    """The channels that everyone may read now."""
    return set(journal.connection().scalars(_PUBLIC))
