"""Catch up after any absence: what changed in a stream after a number is a query on the present rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import InstrumentedAttribute

from chat import journal
from chat.actions import Answer
from chat.actions.channels import find_channels, find_participants, heads_of_mine, personal
from chat.actions.history import complete, latest
from chat.actions.reading import count_unread
from chat.actors import Actor
from chat.basics import iso, new_id, now
from chat.errors import ChatError
from chat.journal import Event
from chat.limits import LIMITS, MAX_CHANGES, MAX_LISTED, MAX_STREAMS, MAX_SYNCED, PAGE
from chat.models import Channel, Deployment, Membership, Message, ReadCursor
from chat.policies import access_channel
from chat.prepared import Prepared
from chat.presenters import present_channel, present_me, present_member, present_message

PROTOCOL = 1
_EPOCH = Prepared(select(Deployment.epoch))
_IS_CHANNEL = Prepared(select(Channel.id).where(Channel.id == bindparam("id")))
SHARED = 16  # stretches of channels that are remembered, each of at most 200 rows
BEYOND = 2**63  # after every head: what a cursor of another epoch amounts to


@dataclass(frozen=True)
class Changes:
    """What changed in a stream after a number, in order, and the head of the snapshot it was read in.

    ``limited``: there is more than this. ``beyond``: the number lies above the head, so it is of another history.
    ``floor``: what changed up to there may have been removed.
    """

    events: list[Event]
    seq: int
    floor: int = 0
    limited: bool = False
    beyond: bool = False


def hello(actor: Actor) -> Answer:
    """What a connection starts from: who the person is, the channels they are in, and where every stream stands.

    Of very many channels it shows a page, as ``truncated``; all of them are told of nevertheless.
    """
    channels, more = find_channels(actor, "", MAX_LISTED, and_public=False)
    return Answer(
        {
            "user": present_me(actor.user),
            "protocol": PROTOCOL,
            "epoch": find_epoch(),
            "limits": LIMITS,
            "server_time": iso(now()),
            "channels": personal(actor, channels),
            "stream": actor.id,
            "seq": journal.head(actor.id).seq,
        }
        | ({"truncated": True} if more else {}),
        heads=heads_of_mine(actor),
    )


def subscribe(
    actor: Actor, channel_id: str, since: int | None = None, epoch: str | None = None, limit: int = PAGE
) -> Answer:
    """A channel from where one left off: what changed after ``since``, or the latest page."""
    channel, _ = access_channel(actor, channel_id, "channel:read")
    deployment_epoch = find_epoch()
    same_epoch = epoch in (None, deployment_epoch)
    after = since if since is not None and same_epoch else BEYOND
    changes = channel_changes(channel_id, after, MAX_CHANGES, deployment_epoch)
    page_mode = changes.limited or changes.beyond
    bodies = [] if page_mode else [event.body for event in changes.events]
    shown = personal(actor, [channel])[0]
    return Answer(
        {
            "channel": shown,
            "members": [body["member"] for body in bodies if "member" in body],
            "seq": changes.seq,
            "epoch": deployment_epoch,
            "messages": latest_at((deployment_epoch, changes.seq, changes.floor), channel_id, limit)
            if page_mode
            else [body["message"] for body in bodies if "message" in body],
            "limited": since is not None and page_mode,
            "read": shown["read"],
        }
    )


def unsubscribe(actor: Actor, channel_id: str) -> Answer:
    """Stop listening to a channel; the door does it, and repeating it is fine."""
    return Answer({})


def sync(actor: Actor, cursors: dict[str, int], epoch: str | None = None) -> Answer:
    """What changed in each stream after the cursor; streams that one may not see are ``gone``."""
    if len(cursors) > MAX_STREAMS:
        raise ChatError("invalid_arguments", f"At most {MAX_STREAMS} streams at once.", field="cursors")
    deployment_epoch = find_epoch()
    same_epoch = epoch in (None, deployment_epoch)
    streams: dict[str, Any] = {}
    left = MAX_SYNCED  # one's own stream comes first: without it nothing else can be trusted
    for stream, cursor in sorted(cursors.items(), key=lambda each: each[0] != actor.id):
        after = cursor if same_epoch else BEYOND
        streams[stream] = catch_up(actor, stream, after, min(left, MAX_CHANGES), deployment_epoch)
        left -= len(streams[stream].get("events", ()))
    return Answer({"epoch": deployment_epoch, "streams": streams})


def catch_up(actor: Actor, stream_id: str, after: int, at_most: int, epoch: str) -> dict[str, Any]:
    """One stream's part of the answer to ``sync``."""
    try:
        if stream_id == actor.id:
            changes = replayed_own(actor.id, after, at_most)
        else:
            channel, _ = access_channel(actor, stream_id, "channel:read")  # held, so that its row is not read again
            changes = channel_changes(channel.id, after, at_most, epoch)
    except ChatError:
        return {"gone": True}
    if changes.beyond:
        return {"reset": True, "seq": changes.seq}
    if changes.limited:
        return {"events": [], "seq": changes.seq, "limited": True}
    events = [{"event": event.name, **event.as_dict()} for event in changes.events]
    return {"events": events, "seq": changes.seq, "limited": False}


def ping(actor: Actor) -> Answer:
    """A sign of life; the door adds the heads of what it follows for the connection."""
    return Answer({"server_time": iso(now()), "heads": {}})


def read_changes(stream_id: str, after: int, limit: int) -> Changes:
    """What changed in a stream after a number and is there still, to be told: at most ``limit`` rows."""
    if not _IS_CHANNEL(id=stream_id):
        return own_changes(stream_id, after, limit)
    head = journal.head(stream_id)
    return changes_at((find_epoch(), head.seq, head.floor), stream_id, after, limit)


def channel_changes(channel_id: str, after: int, limit: int, epoch: str) -> Changes:
    """A channel's messages, memberships and its own row that changed after a number."""
    head = journal.head(channel_id)
    if after >= head.seq:
        return Changes([], head.seq, head.floor, beyond=after > head.seq)
    if after < head.floor or are_more(_CHANGED_IN_CHANNEL, channel_id, after, head.seq, limit):
        return Changes([], head.seq, head.floor, limited=True)
    return changes_at((epoch, head.seq, head.floor), channel_id, after, limit)


def replayed_own(user_id: str, after: int, limit: int) -> Changes:
    """What changed for one person alone after a number, for an answer: all of it, or that it is too much."""
    head = journal.head(user_id)
    if are_more(_CHANGED_FOR_PERSON, user_id, after, head.seq, limit):
        return Changes([], head.seq, limited=True)
    return own_changes(user_id, after, limit)


def _how_many_changed(*stamps: tuple[InstrumentedAttribute[str], InstrumentedAttribute[Any]]) -> Prepared:
    """Counts the rows that changed in a stream after a number, up to ``at_most`` of each table, by the index alone."""
    counts = []
    for stream, seq in stamps:
        rows = select(seq).where(stream == bindparam("stream"), seq > bindparam("after"))
        rows = rows.order_by(seq).limit(bindparam("at_most"))
        counts.append(select(func.count()).select_from(rows.subquery()).scalar_subquery())
    return Prepared(select(sum(counts[1:], counts[0]).label("rows")))


_CHANGED_IN_CHANNEL = _how_many_changed(
    (Message.channel_id, Message.changed_seq), (Membership.channel_id, Membership.changed_seq)
)
_CHANGED_FOR_PERSON = _how_many_changed(
    (Membership.user_id, Membership.own_seq), (ReadCursor.user_id, ReadCursor.own_seq)
)


def are_more(changed: Prepared, stream_id: str, after: int, head: int, limit: int) -> bool:
    """Whether more rows changed in a stream after a number than an answer replays.

    Asked before any of them is loaded: a client that was away for long is answered ``limited`` for each of its streams,
    and must not cost a page of whole messages for each. One number stamps one row, so a short stretch needs no look.
    """
    return head - after > limit and changed(stream=stream_id, after=after, at_most=limit + 1).rows > limit


# Whatever changes a channel takes its next number or, when retention removes something, moves its floor. So what it
# holds at both is the same for everyone and for ever, within an epoch. After a restart all ask the same: it is read
# once. It is shared, and nobody may alter it.
State = tuple[str, int, int]  # the epoch, the channel's head and its floor


@lru_cache(SHARED)
def latest_at(_state: State, channel_id: str, limit: int) -> list[dict[str, Any]]:
    """The latest page of a channel that is in this state in the snapshot at hand."""
    return latest(channel_id, limit)


@lru_cache(SHARED)
def changes_at(state: State, channel_id: str, after: int, limit: int) -> Changes:
    """What changed after a number in a channel that is in this state in the snapshot at hand."""
    _, seq, floor = state
    session = journal.session()
    channel = session.get_one(Channel, channel_id)
    told: list[tuple[int, str, dict[str, Any], bool]] = []
    messages = select(Message).where(Message.channel_id == channel.id, Message.changed_seq > after)
    for message in complete(session.scalars(messages.order_by(Message.changed_seq).limit(limit + 1))):
        recount = message.deleted_at is not None or message.rev > 1
        told.append((message.changed_seq, "message", {"message": present_message(message)}, recount))
    members = select(Membership).where(Membership.channel_id == channel.id, Membership.changed_seq > after)
    for membership in session.scalars(members.order_by(Membership.changed_seq).limit(limit + 1)):
        told.append((membership.changed_seq, "member", {"member": present_member(membership)}, False))
    if channel.changed_seq > after:
        told.append((channel.changed_seq, "channel", {"channel": present_channel(channel, people_of(channel))}, False))
    return replace(in_order(channel.id, after, seq, told, limit), floor=floor)


def own_changes(user_id: str, after: int, limit: int) -> Changes:
    """What changed for one person alone: channels that appeared and vanished, and how far they have read."""
    head = journal.head(user_id)
    if after >= head.seq:
        return Changes([], head.seq, beyond=after > head.seq)
    session = journal.session()
    told: list[tuple[int, str, dict[str, Any], bool]] = []
    query = (
        select(Membership, Channel)
        .join(Channel)
        .where(Membership.user_id == user_id, Membership.own_seq > after)
        .order_by(Membership.own_seq)
        .limit(limit + 1)
    )
    memberships = session.execute(query).all()
    participants = find_participants([channel.id for _, channel in memberships if not channel.is_named])
    for membership, channel in memberships:
        if membership.left_at:
            told.append((membership.own_seq, "channel_left", {"channel_id": channel.id}, False))
        else:
            shown = present_channel(channel, participants.get(channel.id))
            told.append((membership.own_seq, "channel_joined", {"channel": shown}, False))
    cursors = (  # only of channels one is in: what was missed in others is none of one's business any more
        select(ReadCursor)
        .join(
            Membership,
            (Membership.channel_id == ReadCursor.channel_id)
            & (Membership.user_id == user_id)
            & Membership.left_at.is_(None),
        )
        .where(ReadCursor.user_id == user_id, ReadCursor.own_seq > after)
        .order_by(ReadCursor.own_seq)
        .limit(limit + 1)
    )
    marked = list(session.scalars(cursors))
    counts = count_unread(user_id, [cursor.channel_id for cursor in marked])
    for cursor in marked:
        body = {"channel_id": cursor.channel_id, "read": counts[cursor.channel_id]}
        told.append((cursor.own_seq or 0, "read", body, False))
    return in_order(user_id, after, head.seq, told, limit)


def in_order(
    stream_id: str, after: int, head: int, told: Iterable[tuple[int, str, dict[str, Any], bool]], limit: int
) -> Changes:
    """Rows as events, each with the number that was told before it."""
    events: list[Event] = []
    prev = after
    for seq, name, body, recount in sorted(told, key=lambda row: row[0]):
        events.append(Event(stream_id, prev, seq, name, body, recount))
        prev = seq
    return Changes(events[:limit], head, limited=len(events) > limit)


def people_of(channel: Channel) -> list[str] | None:
    """The participants of a direct conversation."""
    return None if channel.is_named else find_participants([channel.id])[channel.id]


def begin_epoch() -> None:
    """Forget all numbers that were told: the database was restored, and they come again for other things."""
    journal.session().execute(update(Deployment).values(epoch=new_id()))


def find_epoch() -> str:
    """The deployment's epoch: numbers of another one mean nothing here."""
    return str(_EPOCH().epoch)
