"""Remove what has been kept long enough, a few messages at a time; nobody asks for it over a door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import aliased

from chat import journal
from chat.actions import Answer
from chat.actions.messages import bury, record
from chat.actions.reading import count_unread
from chat.actions.sync import people_of
from chat.models import Channel, FileReference, Membership, Mention, Message, Reaction, ReadCursor, Revision, Stream
from chat.policies import MESSAGE_PARTS
from chat.presenters import present_channel

_REPLY = aliased(Message)
_HAS_REPLIES = select(_REPLY.id).where(_REPLY.thread_id == Message.id).exists()


@dataclass(frozen=True)
class Stretch:
    """What is due in a stretch of a channel, and where the next one begins.

    Unread messages are counted by their numbers among those posted (reading.py), which must have no holes: so what
    stands behind a message that is kept (``is_kept``), such as what was imported later, leaves a tombstone for now.
    """

    due: list[str]
    buried: list[str]
    end: int | None
    is_kept: bool


def channels() -> list[str]:
    """Every channel, direct conversations too."""
    return list(journal.session().scalars(select(Channel.id).order_by(Channel.id)))


def find_due(channel_id: str, after: int, is_kept: bool, cutoff: datetime, at_once: int) -> Stretch:
    """The messages of before ``cutoff`` among the next ones; there is no index by time, so all are looked at.

    ``is_kept``: a posted message of the stretches before is kept. A tombstone stays while its thread goes on.
    """
    is_old = (Message.created_at < cutoff).label("old")
    goes_on = (Message.deleted_at.is_not(None) & Message.posted.is_(None) & _HAS_REPLIES).label("goes_on")
    query = select(Message.id, Message.seq, Message.posted, Message.deleted_at, is_old, goes_on)
    query = query.where(Message.channel_id == channel_id, Message.seq > after).order_by(Message.seq).limit(at_once)
    lines = [query.where(Message.in_main_line.is_(is_main)) for is_main in (True, False)]  # as they are indexed
    rows = [row for line in lines for row in journal.connection().execute(line)]
    rows = sorted(rows, key=lambda row: row.seq)[:at_once]
    due, buried = [], []
    for row in rows:
        if not row.old:
            is_kept = is_kept or row.posted is not None
        elif not is_kept or row.posted is None:
            due += [] if row.goes_on else [row.id]
        elif row.deleted_at is None:
            buried.append(row.id)
    return Stretch(due, buried, rows[-1].seq if len(rows) == at_once else None, is_kept)


def retire(channel_id: str, due: Sequence[str], buried: Sequence[str]) -> Answer:
    """Remove these messages for good, with everything that hangs on them, and leave tombstones of those.

    Who has a cursor below gets a fresh page. A message whose thread goes on leaves a tombstone too, which counts as
    posted no more. ``removed`` says how many went, and ``last_seq`` which was the last of them that counted as unread.
    """
    floor_before = journal.lock(channel_id).floor
    replies = select(Message.thread_id).where(Message.thread_id.in_(due), Message.id.not_in(due))
    going_on = set(journal.session().scalars(replies))
    gone = list(journal.session().scalars(select(Message).where(Message.id.in_(due), Message.id.not_in(going_on))))
    remove([message.id for message in gone])
    roots = {message.thread_id for message in gone} - {message.id for message in gone} - {None}
    told = 0
    for message in whole(going_on | roots | set(buried)):
        before = message.deleted_at, message.posted, message.reply_count, message.last_reply_at
        if message.id in going_on or message.id in buried:
            entomb(message, counts=message.id in buried)
        count_replies(message)
        if before != (message.deleted_at, message.posted, message.reply_count, message.last_reply_at):
            retell(message)
            told += 1
    floor = max([floor_before, *(message.changed_seq for message in gone)])
    journal.session().execute(update(Stream).where(Stream.id == channel_id).values(floor=floor))
    if gone and floor == floor_before and not told:
        # What is remembered of a channel goes by its head and its floor (sync.py), and one of them must move.
        touch(channel_id)
    journal.session().flush()
    counted = [message.seq for message in gone if message.posted is not None and not message.deleted_at]
    return Answer({"removed": len(gone), "last_seq": max(counted, default=0)}, changed=bool(gone or told))


def remove(message_ids: Sequence[str]) -> None:
    """Delete messages and all rows that hang on them. Replies go in one statement with their roots."""
    for part in (Revision, Reaction, Mention, FileReference):
        journal.session().execute(delete(part).where(part.message_id.in_(message_ids)))
    journal.session().execute(
        delete(Message).where(Message.id.in_(message_ids)), execution_options={"synchronize_session": False}
    )


def whole(message_ids: set[str | None]) -> list[Message]:
    """These messages with what belongs to them, in their order."""
    if not message_ids:
        return []
    found = journal.session().scalars(select(Message).where(Message.id.in_(message_ids)).options(*MESSAGE_PARTS))
    return sorted(found, key=lambda message: message.seq)


def entomb(message: Message, *, counts: bool) -> None:
    """Leave a tombstone, unless it is one already; ``counts``: among those posted, as one that was deleted."""
    if not message.deleted_at:
        bury(message)
    if not counts:
        message.posted = None


def count_replies(root: Message) -> None:
    """Bring a thread's root up to date with what is left of the thread."""
    if root.thread_id is not None:
        return
    replies = select(func.count(), func.max(Message.created_at)).where(
        Message.thread_id == root.id, Message.deleted_at.is_(None)
    )
    root.reply_count, root.last_reply_at = journal.session().execute(replies).one()


def retell(message: Message) -> None:
    """Give a message's change its number and tell it."""
    message.changed_seq = journal.next_number(message.channel_id)
    journal.session().flush()
    record(message, recount=True)


def touch(channel_id: str) -> None:
    """Take a number for the channel's own row, which stays as it is."""
    channel = journal.session().get_one(Channel, channel_id)
    channel.changed_seq = journal.next_number(channel_id)
    shown = present_channel(channel, people_of(channel))
    journal.tell(channel_id, channel.changed_seq, "channel", channel=shown)


def who_had_unread(channel_id: str, last_seq: int) -> list[str]:
    """The members for whom something may have counted that was removed, up to ``last_seq``."""
    query = (
        select(ReadCursor.user_id)
        .join(Membership, (Membership.channel_id == ReadCursor.channel_id) & (Membership.user_id == ReadCursor.user_id))
        .where(ReadCursor.channel_id == channel_id, ReadCursor.last_read_seq < last_seq, Membership.left_at.is_(None))
        .order_by(ReadCursor.user_id)
    )
    return list(journal.session().scalars(query))


def recount(channel_id: str, user_ids: Sequence[str]) -> Answer:
    """Tell these people what is left that they have not read."""
    journal.lock(channel_id)
    for user_id in user_ids:
        cursor = journal.session().get_one(ReadCursor, (channel_id, user_id))
        cursor.own_seq = journal.next_number(user_id)
        journal.session().flush()
        read = count_unread(user_id, [channel_id])[channel_id]
        journal.tell(user_id, cursor.own_seq, "read", channel_id=channel_id, read=read)
    return Answer({})
