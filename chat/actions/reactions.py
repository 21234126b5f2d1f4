"""React to messages, and take reactions back."""

from __future__ import annotations

from chat import journal
from chat.actions import Answer
from chat.actions.messages import record, unchanged
from chat.actors import Actor
from chat.basics import now
from chat.errors import ChatError
from chat.limits import MAX_EMOJI
from chat.models import Message, Reaction
from chat.policies import access_message, lock_message
from chat.text import check_emoji


def add(actor: Actor, message_id: str, emoji: str) -> Answer:
    """React to a message with an emoji; reacting again changes nothing."""
    check_emoji(emoji)
    seq = lock_message(message_id)
    message = access_message_to_react(actor, message_id)
    if find_own(actor, message, emoji):
        return unchanged(message)
    used = {reaction.emoji for reaction in message.reactions}
    if emoji not in used and len(used) >= MAX_EMOJI:
        raise ChatError("invalid_emoji", "This message has too many different reactions already.", field="emoji")
    message.reactions.append(Reaction(emoji=emoji, user_id=actor.id, position=seq, created_at=now()))
    return change(message, seq)


def remove(actor: Actor, message_id: str, emoji: str) -> Answer:
    """Take one's reaction back; without one nothing changes."""
    check_emoji(emoji)
    seq = lock_message(message_id)
    message = access_message_to_react(actor, message_id)
    own = find_own(actor, message, emoji)
    if own is None:
        return unchanged(message)
    message.reactions.remove(own)
    return change(message, seq)


def access_message_to_react(actor: Actor, message_id: str) -> Message:
    """The message, if the actor may react to it; a tombstone is no message."""
    message = access_message(actor, message_id, "message:react")
    if message.deleted_at:
        raise ChatError("message_not_found")
    return message


def find_own(actor: Actor, message: Message, emoji: str) -> Reaction | None:
    """The actor's reaction with this emoji."""
    mine = (each for each in message.reactions if each.user_id == actor.id and each.emoji == emoji)
    return next(mine, None)


def change(message: Message, seq: int) -> Answer:
    """Stamp the message with its new number and tell it."""
    message.changed_seq = seq
    journal.session().flush()
    return Answer({"message": record(message), "seq": seq, "changed": True})
