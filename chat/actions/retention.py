"""Remove what has been kept long enough, a few messages at a time; nobody asks for it over a door."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import aliased

from chat import journal
from chat.actions import Answer
from chat.actions.messages import bury, record
from chat.actions.reading import count_unread
from chat.actions.sync import people_of
from chat.models import Channel, FileReference, Membership, Mention, Message, Reaction, ReadCursor, Revision
from chat.policies import MESSAGE_PARTS
from chat.presenters import present_channel

_REPLY = aliased(Message)
_HAS_REPLIES = select(_REPLY.id).where(_REPLY.thread_id == Message.id).exists()


@dataclass(frozen=True)
class Stretch:
    """What is due in a stretch of a channel, in the order of its last changes, and where the next one begins."""

    due: list[str]
    end: int | None


def channels() -> list[str]:
    """Every channel, direct conversations too."""
    return list(journal.session().scalars(select(Channel.id).order_by(Channel.id)))


def find_due(channel_id: str, after: int, cutoff: datetime, at_once: int) -> Stretch:
    """The messages of before ``cutoff`` among the next ones; there is no index by time, so all are looked at.

    A tombstone at which a thread still hangs stays until its last reply is due.
    """
    is_due = (Message.created_at < cutoff) & or_(Message.deleted_at.is_(None), ~_HAS_REPLIES)
    query = select(Message.id, Message.seq, Message.changed_seq, is_due.label("due"))
    query = query.where(Message.channel_id == channel_id, Message.seq > after).order_by(Message.seq).limit(at_once)
    rows = journal.connection().execute(query).all()
    due = sorted((row for row in rows if row.due), key=lambda row: row.changed_seq)
    return Stretch([row.id for row in due], rows[-1].seq if len(rows) == at_once else None)


def retire(channel_id: str, message_ids: Sequence[str]) -> Answer:
    """Remove these messages for good, with everything that hangs on them. Who has a cursor below gets a fresh page.

    A message whose thread goes on leaves a tombstone, as if it were deleted. ``removed`` says how many went, and
    ``last_seq`` which was the last of them that counted as unread.
    """
    floor_before = journal.lock(channel_id).floor
    listed = Message.id.in_(message_ids)
    replies = Message.thread_id.in_(message_ids)
    going_on = set(journal.session().scalars(select(Message.thread_id).where(replies, ~listed)))
    gone = list(journal.session().scalars(select(Message).where(listed, Message.id.not_in(going_on))))
    remove([message.id for message in gone])
    roots = {message.thread_id for message in gone} - {message.id for message in gone} - {None}
    told = [retell(root) for root in threads(going_on | roots) if settle(root, is_due=root.id in going_on)]
    stream = journal.head(channel_id)
    stream.floor = max([floor_before, *(message.changed_seq for message in gone)])
    if gone and stream.floor == floor_before and not told:
        # What is remembered of a channel goes by its head and its floor (sync.py), and one of them must move.
        touch(channel_id)
    journal.session().flush()
    counted = [m.seq for m in gone if m.in_main_line and m.kind == "user" and not m.deleted_at]
    return Answer({"removed": len(gone), "last_seq": max(counted, default=0)}, changed=bool(gone or told))


def remove(message_ids: Sequence[str]) -> None:
    """Delete messages and all rows that hang on them. Replies go in one statement with their roots."""
    for part in (Revision, Reaction, Mention, FileReference):
        journal.session().execute(delete(part).where(part.message_id.in_(message_ids)))
    journal.session().execute(
        delete(Message).where(Message.id.in_(message_ids)), execution_options={"synchronize_session": False}
    )


def threads(message_ids: set[str | None]) -> list[Message]:
    """The messages that threads hang on, with what belongs to them."""
    if not message_ids:
        return []
    found = journal.session().scalars(select(Message).where(Message.id.in_(message_ids)).options(*MESSAGE_PARTS))
    return sorted(found, key=lambda message: message.seq)


def settle(root: Message, *, is_due: bool) -> bool:
    """Bring a thread's root up to date with what is left of the thread; whether that changed it."""
    before = root.reply_count, root.last_reply_at, root.deleted_at
    replies = select(func.count(), func.max(Message.created_at)).where(
        Message.thread_id == root.id, Message.deleted_at.is_(None)
    )
    root.reply_count, root.last_reply_at = journal.session().execute(replies).one()
    if is_due and not root.deleted_at:
        bury(root)
    return before != (root.reply_count, root.last_reply_at, root.deleted_at)


def retell(root: Message) -> int:
    """Give a root's change its number and tell it."""
    root.changed_seq = journal.next_number(root.channel_id)
    journal.session().flush()
    record(root, recount=root.deleted_at is not None)
    return root.changed_seq


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
