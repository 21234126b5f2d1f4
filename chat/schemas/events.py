"""What is told: the payload of every event, under the event's name in ``EVENTS``. A docstring says when."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from chat.limits import MAX_MENTIONS, SNIPPET
from chat.schemas.fields import Identifier, Many, Moment, Number, Switch, Text
from chat.schemas.resources import Channel, Me, Member, Message, PersonalChannel, Read
from chat.schemas.shapes import Either, Table


class Durable(Schema):
    """A change that has a number: ``seq`` is its place in the stream, ``prev`` the number told before it."""

    stream = Identifier(required=True)
    prev = Number(required=True)
    seq = Number(required=True)


class MessageEvent(Durable):
    """Created, edited, reacted to, deleted: the whole message as it is now. Append or replace by id."""

    message = fields.Nested(Message, required=True)


class ChannelEvent(Durable):
    """Name, topic, archived …, as it is now."""

    channel = fields.Nested(Channel, required=True)


class MemberEvent(Durable):
    """A membership as it is now: joined, left (`left_at`), role."""

    member = fields.Nested(Member, required=True)


class ChannelJoinedEvent(Durable):
    """Own stream: a channel appeared."""

    channel = fields.Nested(Channel, required=True)


class ChannelLeftEvent(Durable):
    """Own stream: a channel vanished, purge it."""

    channel_id = Identifier(required=True)


class ReadEvent(Durable):
    """Own stream: how far one has read, and the counts."""

    channel_id = Identifier(required=True)
    read = fields.Nested(Read, required=True)


class Hello(Schema):
    """After CONNECT; `stream` and `seq` are the own stream's."""

    user = fields.Nested(Me, required=True)
    protocol = Number(required=True)
    epoch = Identifier(required=True)
    limits = fields.Dict(keys=Text(), values=Number(), required=True)
    server_time = Moment(required=True)
    channels = fields.List(fields.Nested(PersonalChannel), required=True)
    stream = Identifier(required=True)
    seq = Number(required=True)
    truncated = Switch(
        metadata={"description": "There are more channels than these: take the whole list from `GET /channels`."}
    )


class News(Schema):
    """Something happened in a channel; ``seq`` is the number of the event that those who look were told."""

    channel_id = Identifier(required=True)
    seq = Number(required=True)


class NewMessage(News):
    """A main-line message of a person; ``posted`` counts it, so that a client can add one."""

    posted = Number(required=True)
    user_id = Identifier(required=True)
    mentions = Many(Identifier(), MAX_MENTIONS, required=True)
    everyone = Switch(required=True)
    snippet = Text(SNIPPET, required=True)


class DeletedMessage(News):
    """A message is gone, the one in this place; counts may be lower."""

    deleted_seq = Number(required=True)


class EditedMessage(News):
    """The message in this place names other people now; counts of mentions may differ."""

    edited_seq = Number(required=True)


class ActivityEvent(Either):
    """To members who do not look: a new main-line message; or one was deleted or edited, so ask for the count."""

    shapes = (NewMessage, DeletedMessage, EditedMessage)


class TypingEvent(Schema):
    """The full list of who writes: replace."""

    channel_id = Identifier(required=True)
    user_ids = fields.List(Identifier(), required=True)
    thread_id = Identifier()


class HeadsEvent(Table):
    """Every 25 s: the number of every stream that the server follows for this connection, and of no other."""

    each = Number(required=True)


class Presence(Schema):
    """Someone, and whether they are there."""

    id = Identifier(required=True)
    status = Text(required=True)


class PresenceEvent(Schema):
    """Reserved, not told yet: who is there."""

    users = fields.List(fields.Nested(Presence), required=True)


class GoodbyeEvent(Schema):
    """The server restarts and is about to hang up; come back after so long, which is another time for everyone."""

    reason = Text(required=True)
    reconnect_after_ms = Number(required=True)


DURABLE: dict[str, type[Durable]] = {
    "message": MessageEvent,
    "channel": ChannelEvent,
    "member": MemberEvent,
    "channel_joined": ChannelJoinedEvent,
    "channel_left": ChannelLeftEvent,
    "read": ReadEvent,
}
PASSING: dict[str, type[Schema]] = {
    "hello": Hello,
    "activity": ActivityEvent,
    "typing": TypingEvent,
    "presence": PresenceEvent,
    "heads": HeadsEvent,
    "goodbye": GoodbyeEvent,
}
EVENTS: dict[str, type[Schema]] = {**DURABLE, **PASSING}
RESERVED = frozenset({"presence"})  # clients may know them; nothing here tells them yet


def _replay(name: str, event: type[Durable]) -> type[Schema]:
    named = {"__doc__": None, "event": Text(required=True, validate=validate.Equal(name))}
    return type(event.__name__.removesuffix("Event") + "Replay", (event,), named)


class Replay(Either):
    """A durable event told again, in an answer: its name stands beside what it tells."""

    shapes = tuple(_replay(name, event) for name, event in DURABLE.items())
