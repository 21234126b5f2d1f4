"""Who may hear what: the questions that the telling of events asks the database."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from chat import journal
from chat.models import Membership, Stream


def members_among(channel_id: str, user_ids: Iterable[str]) -> set[str]:
    """Who of these people is in a channel now."""
    query = select(Membership.user_id).where(
        Membership.channel_id == channel_id, Membership.left_at.is_(None), Membership.user_id.in_(list(user_ids))
    )
    return set(journal.session().scalars(query))


def channels_of(user_id: str) -> list[str]:
    """The channels someone is in."""
    query = select(Membership.channel_id).where(Membership.user_id == user_id, Membership.left_at.is_(None))
    return list(journal.session().scalars(query))


def head_if_member(channel_id: str, user_id: str) -> int | None:
    """Where a channel stands, if this person is in it; both of one snapshot."""
    query = (
        select(Stream.seq)
        .join(Membership, Membership.channel_id == Stream.id)
        .where(Stream.id == channel_id, Membership.user_id == user_id, Membership.left_at.is_(None))
    )
    return journal.session().scalars(query).one_or_none()
