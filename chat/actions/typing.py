"""Who is typing at the moment. Never kept, and may be lost."""

from __future__ import annotations

from sqlalchemy import bindparam, select

from chat.actions import Answer
from chat.actors import Actor
from chat.errors import ChatError
from chat.models import Message
from chat.policies import may_in_channel
from chat.prepared import Prepared

_MESSAGES = Message.__table__
_ROOT = Prepared(
    select(_MESSAGES.c.id).where(
        _MESSAGES.c.id == bindparam("thread"),
        _MESSAGES.c.channel_id == bindparam("channel"),
        _MESSAGES.c.thread_id.is_(None),
    )
)


def show_typing(actor: Actor, channel_id: str, on: bool, thread_id: str | None = None) -> Answer:
    """Show the people who look at a channel, or at a thread of it, that somebody types there; the door does it."""
    may_in_channel(actor, channel_id, "channel:type")
    if thread_id is not None and _ROOT(thread=thread_id, channel=channel_id) is None:
        raise ChatError("thread_not_found", field="thread_id")
    return Answer({})
