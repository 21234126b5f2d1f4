"""Who is writing at the moment. Never kept, and may be lost."""

from __future__ import annotations

from chat.actions import Answer
from chat.actors import Actor
from chat.policies import may_in_channel


def show_typing(actor: Actor, channel_id: str, on: bool, thread_id: str | None = None) -> Answer:
    """Check that one may write there; the door tells those who look."""
    may_in_channel(actor, channel_id, "channel:type")
    return Answer({})
