"""What a program is told, typed: Parley's objects, and what happened to them. Fields not known here are passed by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

Row = dict[str, Any]


@dataclass(frozen=True)
class Thing:
    """An object of the protocol."""

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Self:
        """The fields that are known here, of whatever the server says."""
        return cls(**{name: row[name] for name in cls.__dataclass_fields__ if name in row})


@dataclass(frozen=True)
class User(Thing):
    """Someone of the workspace, a person or a bot."""

    id: str
    username: str
    display_name: str
    role: str
    kind: str = "person"
    deactivated_at: str | None = None


@dataclass(frozen=True)
class Channel(Thing):
    """A channel or a direct conversation; ``role`` is what one is in it, None for who is no member."""

    id: str
    kind: str
    name: str | None
    topic: str = ""
    archived_at: str | None = None
    user_ids: list[str] | None = None
    role: str | None = None


@dataclass(frozen=True)
class Member(Thing):
    """Someone's membership of a channel, present or past."""

    channel_id: str
    user_id: str
    role: str
    joined_at: str
    left_at: str | None


@dataclass(frozen=True)
class Reaction(Thing):
    """One emoji on a message, and who put it there."""

    emoji: str
    count: int
    user_ids: list[str]


@dataclass(frozen=True)
class Message(Thing):
    """A message as it is now."""

    id: str
    channel_id: str
    seq: int
    changed_seq: int
    rev: int
    user_id: str
    text: str
    created_at: str
    client_msg_id: str = ""
    kind: str = "user"
    thread_id: str | None = None
    reply_count: int = 0
    reactions: tuple[Reaction, ...] = ()
    mentions: tuple[str, ...] = ()
    everyone: bool = False
    edited_at: str | None = None
    deleted_at: str | None = None

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> Self:
        reactions = tuple(Reaction.from_dict(reaction) for reaction in row.get("reactions", ()))
        return super().from_dict({**row, "reactions": reactions, "mentions": tuple(row.get("mentions", ()))})


@dataclass(frozen=True)
class Event:
    """Something that happened in a channel."""


@dataclass(frozen=True)
class Posted(Event):
    """A new message. ``mine``: one's own, from whichever program."""

    message: Message
    mine: bool


@dataclass(frozen=True)
class Changed(Event):
    """A message that is not new was edited, reacted to, replied to or deleted; ``before``: how it was, if known."""

    message: Message
    mine: bool
    before: Message | None


@dataclass(frozen=True)
class ChannelChanged(Event):
    """A channel's name, topic or kind is another now, or it was archived."""

    channel: Channel


@dataclass(frozen=True)
class MemberChanged(Event):
    """Someone joined a channel, left it, or has another role there."""

    member: Member


@dataclass(frozen=True)
class Joined(Event):
    """Oneself is in a channel now."""

    channel: Channel


@dataclass(frozen=True)
class Left(Event):
    """A channel is not followed any more: oneself is not in it now, or ``refused`` says why it cannot be followed."""

    channel_id: str
    refused: str | None = None


@dataclass(frozen=True)
class Missed(Event):
    """More happened in a channel than is told again after so long an absence; read it over REST, after this number."""

    channel_id: str
    after: int


def event_of(row: Row, before: Row | None, me: str, after: int) -> Event:
    """What a row that changed means to the program; a message placed behind the number ``after`` is new to it."""
    if "client_msg_id" in row:
        message, mine = Message.from_dict(row), row["user_id"] == me
        if message.seq > after:
            return Posted(message, mine)
        older = before and before["changed_seq"] < message.changed_seq  # not so where the answer came before the event
        return Changed(message, mine, Message.from_dict(before) if before and older else None)
    if "left_at" in row:
        return MemberChanged(Member.from_dict(row))
    return ChannelChanged(Channel.from_dict(row))
