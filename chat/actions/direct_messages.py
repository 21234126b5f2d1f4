"""Open direct conversations: the same one from every end."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from chat import journal
from chat.actions import Answer
from chat.actions.channels import add_channel, personal
from chat.actions.memberships import admit
from chat.actors import Actor
from chat.errors import ChatError
from chat.models import Channel
from chat.policies import access_user
from chat.text import fingerprint

MAX_PEOPLE = 9  # more belong into a channel, which has a name


def open_conversation(actor: Actor, user_ids: Sequence[str]) -> Answer:
    """The conversation of the actor and these people; it is made when it does not exist yet."""
    people = sorted({actor.id, *user_ids})
    if len(people) > MAX_PEOPLE:
        raise ChatError("invalid_arguments", f"A conversation has {MAX_PEOPLE} people at most.", field="user_ids")
    for user_id in people:
        access_user(user_id)
    key = fingerprint(people)
    if present := journal.session().scalars(select(Channel).filter_by(dm_key=key)).one_or_none():
        return Answer({"channel": personal(actor, [present])[0]}, changed=False)
    kind = "dm" if len(people) <= 2 else "group_dm"
    channel = add_channel(kind=kind, dm_key=key, created_by=actor.id)
    numbers = [(user_id, journal.next_number(channel.id)) for user_id in people]
    for user_id, seq in numbers:
        admit(channel, user_id, seq, user_ids=people)
    return Answer({"channel": personal(actor, [channel])[0]}, new=True)
