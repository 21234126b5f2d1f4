"""How far people have read, and what they missed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, func, not_, select

from chat import journal
from chat.actions import Answer
from chat.actors import Actor
from chat.models import Mention, Message, ReadCursor, Stream
from chat.policies import may_in_channel


def mark_read(actor: Actor, channel_id: str, seq: int, unread: bool = False) -> Answer:
    """Move the read cursor forward to ``seq``; with ``unread`` it may also go back."""
    head = journal.lock(channel_id).seq
    may_in_channel(actor, channel_id, "channel:mark")
    seq = max(0, min(seq, head))
    cursor = journal.session().get_one(ReadCursor, (channel_id, actor.id))
    if seq == cursor.last_read_seq or (seq < cursor.last_read_seq and not unread):
        return Answer({"read": count_unread(actor.id, [channel_id])[channel_id]}, changed=False)
    cursor.last_read_seq = seq
    cursor.own_seq = journal.next_number(actor.id)
    journal.session().flush()
    read = count_unread(actor.id, [channel_id])[channel_id]
    journal.tell(actor.id, cursor.own_seq, "read", channel_id=channel_id, read=read)
    return Answer({"read": read})


def count_unread(user_id: str, channel_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What someone missed in these channels, of those they were ever in; tagged with the moment it was counted."""
    counted = journal.connection().execute(_COUNTS, {"user": user_id, "channels": list(channel_ids)})
    return {
        row.channel_id: {
            "last_read_seq": row.last_read_seq,
            "unread": row.posted_since - row.own - row.deleted,
            "mentions": row.named + row.everyone,
            "posted": row.posted,
            "seq": row.seq,
        }
        for row in counted
    }


# Missed are the main-line messages of other people after the read cursor. They are not gone through: each has its
# number among those posted in the channel, so the first one after the cursor and the channel's count tell how many
# came; one's own and the deleted ones, which are few, are taken from it. However much was missed, it costs the same.
_AFTER = (Message.channel_id == ReadCursor.channel_id, Message.seq > ReadCursor.last_read_seq)
_OF_OTHERS = (Message.posted.is_not(None), Message.user_id != bindparam("user"))
_FIRST = select(Message.posted).where(*_AFTER, Message.in_main_line.is_(True), Message.posted.is_not(None))
_FIRST_POSTED = _FIRST.order_by(Message.seq).limit(1).scalar_subquery()
_IS_NAMED = exists().where(Mention.message_id == Message.id, Mention.user_id == bindparam("user"))


def _how_many(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return select(func.count()).select_from(Message).where(*_AFTER, *conditions).scalar_subquery()


_NAMED = (
    select(func.count())
    .select_from(Mention)
    .join(Message, Message.id == Mention.message_id)
    .where(
        Mention.user_id == bindparam("user"),
        Mention.channel_id == ReadCursor.channel_id,
        Mention.seq > ReadCursor.last_read_seq,
        *_OF_OTHERS,
        Message.deleted_at.is_(None),
    )
    .scalar_subquery()
)
_COUNTS = (
    select(
        ReadCursor.channel_id,
        ReadCursor.last_read_seq,
        Stream.posted,
        Stream.seq,
        func.coalesce(Stream.posted - _FIRST_POSTED + 1, 0).label("posted_since"),
        _how_many(Message.posted.is_not(None), Message.user_id == bindparam("user")).label("own"),
        _how_many(Message.deleted_at.is_not(None), *_OF_OTHERS).label("deleted"),
        _NAMED.label("named"),
        _how_many(
            Message.mentions_everyone.is_(True), *_OF_OTHERS, Message.deleted_at.is_(None), not_(_IS_NAMED)
        ).label("everyone"),
    )
    .join(Stream, Stream.id == ReadCursor.channel_id)
    .where(ReadCursor.user_id == bindparam("user"), ReadCursor.channel_id.in_(bindparam("channels", expanding=True)))
)
