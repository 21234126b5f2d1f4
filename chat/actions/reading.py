"""How far people have read, and what they missed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import bindparam, case, exists, func, or_, select

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
    whose = {"user": user_id, "channels": list(channel_ids)}
    missed = {row.channel_id: row for row in journal.connection().execute(_MISSED, whose)}
    return {
        cursor.channel_id: {
            "last_read_seq": cursor.last_read_seq,
            "unread": missed[cursor.channel_id].unread if cursor.channel_id in missed else 0,
            "mentions": missed[cursor.channel_id].mentions if cursor.channel_id in missed else 0,
            "posted": cursor.posted,
            "seq": cursor.seq,
        }
        for cursor in journal.connection().execute(_CURSORS, whose)
    }


_WANTED = (ReadCursor.user_id == bindparam("user"), ReadCursor.channel_id.in_(bindparam("channels", expanding=True)))
_CURSORS = (
    select(ReadCursor.channel_id, ReadCursor.last_read_seq, Stream.posted, Stream.seq)
    .join(Stream, Stream.id == ReadCursor.channel_id)
    .where(*_WANTED)
)
_IS_NAMED = exists().where(Mention.message_id == Message.id, Mention.user_id == bindparam("user"))
# Main-line messages of other people after the read cursor, and those among them that name the reader.
_MISSED = (
    select(
        ReadCursor.channel_id,
        func.count().label("unread"),
        func.sum(case((or_(Message.mentions_everyone, _IS_NAMED), 1), else_=0)).label("mentions"),
    )
    .join(Message, (Message.channel_id == ReadCursor.channel_id) & (Message.seq > ReadCursor.last_read_seq))
    .where(
        *_WANTED,
        Message.in_main_line,
        Message.kind == "user",
        Message.deleted_at.is_(None),
        Message.user_id != bindparam("user"),
    )
    .group_by(ReadCursor.channel_id)  # in whose order they are found, so that nothing is sorted
)
