"""Who is in a channel: join, add, remove, leave, list."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from chat import journal
from chat.actions import Answer
from chat.actions.pages import read_page
from chat.actors import Actor
from chat.basics import now
from chat.errors import ChatError
from chat.limits import MAX_LISTED
from chat.models import Channel, Membership, ReadCursor
from chat.policies import access_channel, access_user, find_membership, may_in_channel
from chat.presenters import present_channel, present_member


def add(actor: Actor, channel_id: str, user_id: str) -> Answer:
    """Join a public channel, or add a person to a channel that the caller is in."""
    seq = journal.next_number(channel_id)
    channel, membership = access_channel(actor, channel_id, "channel:read")
    joining = user_id == actor.id
    if not (joining and membership):
        may_in_channel(actor, channel_id, "channel:join" if joining else "channel:add_people")
        access_user(user_id)
    if present := find_membership(channel_id, user_id):
        return Answer({"member": present_member(present)}, changed=False)
    return Answer({"member": present_member(admit(channel, user_id, seq))}, new=True)


def remove(actor: Actor, channel_id: str, user_id: str) -> Answer:
    """Leave a channel, or take someone out of it; their open connections stop hearing it at once."""
    seq = journal.next_number(channel_id)
    leaving = user_id == actor.id
    may_in_channel(actor, channel_id, "channel:leave" if leaving else "channel:administer")
    membership = find_membership(channel_id, user_id)
    if membership is None:
        raise ChatError("user_not_found")
    membership.left_at = now()
    stamp(membership, seq)
    journal.tell(user_id, membership.own_seq, "channel_left", channel_id=channel_id)
    return Answer({"member": present_member(membership)})


def list_members(actor: Actor, channel_id: str, after: int = 0, limit: int = MAX_LISTED) -> Answer:
    """Who is in a channel, in the order in which their memberships last changed.

    A membership that changes while someone goes through the pages moves to the end, so none is passed over.
    """
    may_in_channel(actor, channel_id, "channel:read")
    query = select(Membership).filter_by(channel_id=channel_id, left_at=None).where(Membership.changed_seq > after)
    members, more = read_page(query.order_by(Membership.changed_seq), limit)
    return Answer(
        {
            "members": [present_member(membership) for membership in members],
            "seq": journal.head(channel_id).seq,
            "next": members[-1].changed_seq if more else None,
        }
    )


def admit(
    channel: Channel,
    user_id: str,
    seq: int,
    role: str = "member",
    user_ids: list[str] | None = None,
    joined_at: datetime | None = None,
) -> Membership:
    """Make someone a member under the channel's number ``seq``, and tell both the channel and them."""
    membership = journal.session().get(Membership, (channel.id, user_id))
    if membership is None:
        membership = Membership(channel_id=channel.id, user_id=user_id)
        journal.session().add(membership)
    membership.role, membership.left_at, membership.joined_at = role, None, joined_at or now()
    stamp(membership, seq)
    start_reading_at(channel.id, user_id, seq)
    shown = present_channel(channel, user_ids)
    journal.tell(user_id, membership.own_seq, "channel_joined", channel=shown)
    return membership


def stamp(membership: Membership, seq: int) -> None:
    """Number a change of a membership on both streams it belongs to, and tell the channel."""
    membership.changed_seq = seq
    membership.own_seq = journal.next_number(membership.user_id)
    journal.session().flush()
    journal.tell(membership.channel_id, seq, "member", member=present_member(membership))


def start_reading_at(channel_id: str, user_id: str, seq: int) -> None:
    """Someone who joins has missed nothing: reading begins at the channel's head."""
    cursor = journal.session().get(ReadCursor, (channel_id, user_id))
    if cursor is None:
        cursor = ReadCursor(channel_id=channel_id, user_id=user_id)
        journal.session().add(cursor)
    cursor.last_read_seq = seq
    journal.session().flush()
