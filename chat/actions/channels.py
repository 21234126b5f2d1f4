"""Create, show, change and archive channels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import bindparam, or_, select

from chat import journal
from chat.actions import Answer
from chat.actions.memberships import admit
from chat.actions.pages import read_page
from chat.actions.reading import count_unread
from chat.actors import Actor, is_full_member
from chat.basics import new_id, now
from chat.errors import ChatError
from chat.limits import MAX_LISTED
from chat.models import Channel, Membership, Stream
from chat.policies import access_channel
from chat.presenters import present_channel
from chat.text import fold

_ROLES = select(Membership.channel_id, Membership.role).where(
    Membership.user_id == bindparam("user"),
    Membership.left_at.is_(None),
    Membership.channel_id.in_(bindparam("channels", expanding=True)),
)
_IS_MINE = Channel.id.in_(
    select(Membership.channel_id).where(Membership.user_id == bindparam("user"), Membership.left_at.is_(None))
)
_PAGE = select(Channel).where(Channel.id > bindparam("after")).order_by(Channel.id)
_MINE = _PAGE.where(_IS_MINE)
_MINE_AND_PUBLIC = _PAGE.where(or_(_IS_MINE, Channel.kind == "public"))
_HEADS_OF_MINE = (
    select(Stream.id, Stream.seq)
    .join(Membership, Membership.channel_id == Stream.id)
    .where(Membership.user_id == bindparam("user"), Membership.left_at.is_(None))
)


def create(actor: Actor, name: str, kind: str, topic: str = "") -> Answer:
    """Open a public or private channel; who opens it owns it."""
    if not is_full_member(actor.user):
        raise ChatError("forbidden")
    if kind == "public":
        refuse_taken(name)
    channel = add_channel(kind=kind, name=name, topic=topic, created_by=actor.id)
    admit(channel, actor.id, journal.next_number(channel.id), role="owner")
    return Answer({"channel": personal(actor, [channel])[0]}, new=True)


def show(actor: Actor, channel_id: str) -> Answer:
    """A channel, with what one missed in it."""
    channel, _ = access_channel(actor, channel_id, "channel:read")
    return Answer({"channel": personal(actor, [channel])[0]})


def list_channels(actor: Actor, after: str = "", limit: int = MAX_LISTED) -> Answer:
    """The channels the caller is in, and the public ones. ``seq`` is the head of their own stream.

    Pages are read at different moments: what a client holds of its own stream is as of the first page's ``seq``.
    """
    channels, more = find_channels(actor, after, limit, and_public=is_full_member(actor.user))
    return Answer(
        {
            "channels": personal(actor, channels),
            "stream": actor.id,
            "seq": journal.head(actor.id).seq,
            "next": channels[-1].id if more else None,
        }
    )


def update(
    actor: Actor, channel_id: str, name: str | None = None, topic: str | None = None, kind: str | None = None
) -> Answer:
    """Rename a channel, change its topic, or make a public one private. What was private is never opened up."""
    seq = journal.next_number(channel_id)
    channel, _ = access_channel(actor, channel_id, "channel:change")
    name = channel.name if name is None else name
    topic = channel.topic if topic is None else topic
    kind = kind or channel.kind
    if (name, topic, kind) == (channel.name, channel.topic, channel.kind):
        return Answer({"channel": personal(actor, [channel])[0]}, changed=False)
    if channel.kind == "private" and kind == "public":
        raise ChatError("forbidden", "A private channel cannot be made public.", field="kind")
    channel.topic, channel.kind = topic, kind
    rename(channel, name)
    return record(actor, channel, seq)


def archive(actor: Actor, channel_id: str) -> Answer:
    """Close a channel to everything new; it can still be read."""
    seq = journal.next_number(channel_id)
    channel, _ = access_channel(actor, channel_id, "channel:administer")
    if channel.archived_at:
        return Answer({"channel": personal(actor, [channel])[0]}, changed=False)
    channel.archived_at = now()
    return record(actor, channel, seq)


def add_channel(**fields: Any) -> Channel:
    """A new channel with its stream; the channel's own row takes number 1."""
    channel_id = new_id()
    journal.open_stream(channel_id)
    seq = journal.next_number(channel_id)
    channel = Channel(id=channel_id, created_at=now(), changed_seq=seq, **fields)
    channel.name_key = channel.name and fold(channel.name)
    journal.session().add(channel)
    journal.session().flush()
    return channel


def rename(channel: Channel, name: str | None) -> None:
    """Give a channel another name, if no public channel has it."""
    key = name and fold(name)
    if channel.kind == "public" and key != channel.name_key:
        refuse_taken(name or "")
    channel.name, channel.name_key = name, key


def refuse_taken(name: str) -> None:
    """Refuse a name that a public channel has. Private names may repeat: a refusal would tell of them."""
    taken = select(Channel.id).where(Channel.name_key == fold(name), Channel.kind == "public")
    if journal.session().scalars(taken).first():
        raise ChatError("name_taken", field="name")


def record(actor: Actor, channel: Channel, seq: int) -> Answer:
    """Tell the channel as it is now."""
    channel.changed_seq = seq
    journal.session().flush()
    journal.tell(channel.id, seq, "channel", channel=present_channel(channel))
    return Answer({"channel": personal(actor, [channel])[0]})


def find_channels(actor: Actor, after: str, limit: int, *, and_public: bool) -> tuple[list[Channel], bool]:
    """A page of the channels the actor is in, and perhaps the public ones, in the order they were made."""
    return read_page(_MINE_AND_PUBLIC if and_public else _MINE, limit, {"user": actor.id, "after": after})


def heads_of_mine(actor: Actor) -> dict[str, int]:
    """Where each channel stands that the actor is in, however many there are."""
    return {row.id: row.seq for row in journal.connection().execute(_HEADS_OF_MINE, {"user": actor.id})}


def personal(actor: Actor, channels: Sequence[Channel]) -> list[dict[str, Any]]:
    """Channels as one person sees them: with their role there, what they missed, and the stream's head."""
    ids = [channel.id for channel in channels]
    roles = find_roles(actor, ids)
    reads = count_unread(actor.id, roles)
    participants = find_participants([channel.id for channel in channels if not channel.is_named])
    heads = journal.heads(ids)
    return [
        {
            **present_channel(channel, participants.get(channel.id)),
            "seq": heads[channel.id].seq,
            "posted": heads[channel.id].posted,
            "role": roles.get(channel.id),
            "read": reads.get(channel.id),
        }
        for channel in channels
    ]


def find_roles(actor: Actor, channel_ids: Sequence[str]) -> dict[str, str]:
    """The actor's role in each of these channels they are in."""
    rows = journal.connection().execute(_ROLES, {"user": actor.id, "channels": list(channel_ids)})
    return {row.channel_id: row.role for row in rows}


def find_participants(channel_ids: Sequence[str]) -> dict[str, list[str]]:
    """Who takes part in each of these direct conversations."""
    found: dict[str, list[str]] = {}
    if channel_ids:
        query = select(Membership.channel_id, Membership.user_id).where(Membership.channel_id.in_(channel_ids))
        for row in journal.session().execute(query.order_by(Membership.user_id)):
            found.setdefault(row.channel_id, []).append(row.user_id)
    return found
