"""Pages of a channel's history, and of its threads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, Select, bindparam, select
from sqlalchemy.orm.attributes import set_committed_value

from chat import journal
from chat.actions import Answer
from chat.actions.messages import access_thread
from chat.actors import Actor
from chat.limits import PAGE
from chat.models import FileReference, Mention, Message, Reaction
from chat.policies import may_in_channel
from chat.presenters import present_message

_IDS: BindParameter[Any] = bindparam("ids", expanding=True)
_PARTS: dict[str, Select[Any]] = {
    "reactions": select(Reaction).where(Reaction.message_id.in_(_IDS)).order_by(Reaction.created_at, Reaction.position),
    "mentions": select(Mention).where(Mention.message_id.in_(_IDS)).order_by(Mention.user_id),
    "files": select(FileReference).where(FileReference.message_id.in_(_IDS)).order_by(FileReference.position),
}


def show_page(
    actor: Actor,
    channel_id: str,
    before: int | None = None,
    after: int | None = None,
    around: int | None = None,
    thread_id: str | None = None,
    limit: int = PAGE,
) -> Answer:
    """Messages in ascending order: the latest, or those before, after or around a number (exclusive).

    ``seq`` is the head of the snapshot they were read in. Without ``thread_id`` it is the channel's main line; a page
    of a thread brings the message that the thread answers as ``root``.
    """
    may_in_channel(actor, channel_id, "channel:read")
    root = access_thread(channel_id, thread_id) if thread_id is not None else None
    line: list[ColumnElement[bool]] = [Message.channel_id == channel_id]
    line.append(Message.in_main_line.is_(True) if thread_id is None else Message.thread_id == thread_id)
    if around is not None:
        newer = read(line, Message.seq >= around, limit, newest=False)
        older = read(line, Message.seq < around, max(limit // 2, limit - len(newer)), newest=True)
        messages = [*older, *newer][:limit]
    elif after is not None:
        messages = read(line, Message.seq > after, limit, newest=False)
    else:
        messages = read(line, Message.seq < before if before is not None else None, limit, newest=True)
    if messages:
        first, last = messages[0].seq, messages[-1].seq
    else:  # nothing on this side of the bound, so all there is lies on the other
        first = last = before or after or around or 0
    return Answer(
        {
            "messages": [present_message(message) for message in messages],
            "more_before": is_any(
                line, Message.seq < first if messages or before is not None else Message.seq <= first
            ),
            "more_after": is_any(line, Message.seq > last if messages or before is None else Message.seq >= last),
            "seq": journal.head(channel_id).seq,
        }
        | ({"root": present_message(root)} if root else {})
    )


def latest(channel_id: str, limit: int) -> list[dict[str, Any]]:
    """The latest page of a channel's main line."""
    messages = read([Message.channel_id == channel_id, Message.in_main_line.is_(True)], None, limit, newest=True)
    return [present_message(message) for message in messages]


def read(
    line: Sequence[ColumnElement[bool]], bound: ColumnElement[bool] | None, limit: int, *, newest: bool
) -> list[Message]:
    """Up to ``limit`` messages on one side of a bound, in ascending order."""
    query = select(Message).where(*line, *([] if bound is None else [bound]))
    query = query.order_by(Message.seq.desc() if newest else Message.seq).limit(limit)
    messages = complete(journal.session().scalars(query))
    return messages[::-1] if newest else messages


def complete(found: Iterable[Message]) -> list[Message]:
    """Messages with everything that belongs to them: by one question a kind, as MESSAGE_PARTS, at half its cost."""
    messages = list(found)
    ids = [message.id for message in messages]
    for kind, query in _PARTS.items():
        parts: dict[str, list[Any]] = {}
        for part in journal.session().scalars(query, {"ids": ids}) if ids else ():
            parts.setdefault(part.message_id, []).append(part)
        for message in messages:
            set_committed_value(message, kind, parts.get(message.id, []))
    return messages


def is_any(line: Sequence[ColumnElement[bool]], bound: ColumnElement[bool]) -> bool:
    """Whether the line goes on beyond a bound."""
    return journal.session().scalars(select(Message.id).where(*line, bound).limit(1)).first() is not None
