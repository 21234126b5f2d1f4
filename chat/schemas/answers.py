"""What is answered: the ``data`` of every action."""

from __future__ import annotations

from marshmallow import Schema, fields

from chat.schemas.fields import Moment, Number, Switch, Text
from chat.schemas.resources import (
    Channel,
    Me,
    Member,
    Message,
    PersonalChannel,
    Read,
    Revision,
    Session,
    User,
)


class Empty(Schema):
    """Nothing but that it was done."""


class AMessage(Schema):
    message = fields.Nested(Message, required=True)


class Sent(Schema):
    """A message that was sent; a repeat by someone who left since carries its id only."""

    message = fields.Nested(Message)
    id = Text()
    seq = Number(required=True)
    duplicate = Switch(required=True)


class Changed(AMessage):
    seq = Number(required=True)
    changed = Switch(required=True)


class Revisions(Schema):
    revisions = fields.List(fields.Nested(Revision), required=True)


class MessagePage(Schema):
    messages = fields.List(fields.Nested(Message), required=True)
    more_before = Switch(required=True)
    more_after = Switch(required=True)
    seq = Number(required=True)


class Subscribed(Schema):
    channel = fields.Nested(PersonalChannel, required=True)
    members = fields.List(fields.Nested(Member), required=True)
    seq = Number(required=True)
    epoch = Text(required=True)
    messages = fields.List(fields.Nested(Message), required=True)
    limited = Switch(required=True)
    read = fields.Nested(Read, required=True, allow_none=True)


class ToldEvent(Schema):
    event = Text(required=True)
    stream = Text(required=True)
    prev = Number(required=True)
    seq = Number(required=True)
    message = fields.Nested(Message)
    member = fields.Nested(Member)
    channel = fields.Nested(Channel)
    channel_id = Text()
    read = fields.Nested(Read)


class StreamChanges(Schema):
    events = fields.List(fields.Nested(ToldEvent))
    seq = Number()
    limited = Switch()
    reset = Switch()
    gone = Switch()


class Synced(Schema):
    epoch = Text(required=True)
    streams = fields.Dict(keys=Text(), values=fields.Nested(StreamChanges), required=True)


class AReadCursor(Schema):
    read = fields.Nested(Read, required=True)


class Pong(Schema):
    server_time = Moment(required=True)
    heads = fields.Dict(keys=Text(), values=Number(), required=True)


class Hello(Schema):
    user = fields.Nested(Me, required=True)
    protocol = Number(required=True)
    epoch = Text(required=True)
    limits = fields.Dict(keys=Text(), values=Number(), required=True)
    server_time = Moment(required=True)
    channels = fields.List(fields.Nested(PersonalChannel), required=True)
    stream = Text(required=True)
    seq = Number(required=True)


class AMe(Schema):
    user = fields.Nested(Me, required=True)


class SignedIn(AMe):
    csrf_token = Text(required=True)


class Sessions(Schema):
    sessions = fields.List(fields.Nested(Session), required=True)


class NewToken(Schema):
    token = Text(required=True)
    session = fields.Nested(Session, required=True)


class NewInvite(Schema):
    invite = Text(required=True)
    url = Text(required=True)
    expires_at = Moment(required=True)


class Users(Schema):
    users = fields.List(fields.Nested(User), required=True)


class Channels(Schema):
    channels = fields.List(fields.Nested(PersonalChannel), required=True)
    stream = Text(required=True)
    seq = Number(required=True)


class AChannel(Schema):
    channel = fields.Nested(PersonalChannel, required=True)


class Members(Schema):
    members = fields.List(fields.Nested(Member), required=True)
    seq = Number(required=True)


class AMember(Schema):
    member = fields.Nested(Member, required=True)
