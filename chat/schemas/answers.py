"""What is answered: the ``data`` of every action."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from chat.limits import MAX_CREDENTIAL
from chat.schemas.events import Replay
from chat.schemas.fields import Identifier, Moment, Number, Switch, Text
from chat.schemas.resources import (
    Invite,
    Me,
    Member,
    Message,
    PersonalChannel,
    Read,
    Revision,
    Session,
    User,
)
from chat.schemas.shapes import Either


class Empty(Schema):
    """Nothing but that it was done."""


class AMessage(Schema):
    message = fields.Nested(Message, required=True)


class Sent(Schema):
    """A message that was sent; a repeat by someone who left since carries its id only."""

    message = fields.Nested(Message)
    id = Identifier()
    seq = Number(required=True)
    duplicate = Switch(required=True)


class Changed(AMessage):
    seq = Number(required=True)
    changed = Switch(required=True)


class Revisions(Schema):
    revisions = fields.List(fields.Nested(Revision), required=True)


class MessagePage(Schema):
    messages = fields.List(fields.Nested(Message), required=True)
    root = fields.Nested(Message, metadata={"description": "Of a thread's page: the message that it answers."})
    more_before = Switch(required=True)
    more_after = Switch(required=True)
    seq = Number(required=True)


class Subscribed(Schema):
    channel = fields.Nested(PersonalChannel, required=True)
    members = fields.List(fields.Nested(Member), required=True)
    seq = Number(required=True)
    epoch = Identifier(required=True)
    messages = fields.List(fields.Nested(Message), required=True)
    limited = Switch(required=True)
    read = fields.Nested(Read, required=True, allow_none=True)


class Changes(Schema):
    """What a stream told after the cursor. ``limited``: more than fits, so take the latest page instead."""

    events = fields.List(fields.Nested(Replay), required=True)
    seq = Number(required=True)
    limited = Switch(required=True)


class Reset(Schema):
    """The cursor is of another history: take the latest page."""

    reset = Switch(required=True, validate=validate.Equal(True))
    seq = Number(required=True)


class Gone(Schema):
    """A stream that is not there, or not for this person."""

    gone = Switch(required=True, validate=validate.Equal(True))


class StreamChanges(Either):
    """One stream's part of the answer to ``sync``."""

    shapes = (Changes, Reset, Gone)


class Synced(Schema):
    epoch = Identifier(required=True)
    streams = fields.Dict(keys=Identifier(), values=fields.Nested(StreamChanges), required=True)


class AReadCursor(Schema):
    read = fields.Nested(Read, required=True)


class Pong(Schema):
    server_time = Moment(required=True)
    heads = fields.Dict(keys=Identifier(), values=Number(), required=True)


class AMe(Schema):
    user = fields.Nested(Me, required=True)


class SignedIn(AMe):
    csrf_token = Text(required=True)


class Page(Schema):
    """A page of a list."""

    next = Text(
        required=True, allow_none=True, metadata={"description": "`after` of the next page; null: this is the last."}
    )


class Sessions(Page):
    sessions = fields.List(fields.Nested(Session), required=True)


class NewToken(Schema):
    token = Text(required=True)
    session = fields.Nested(Session, required=True)


class NewTicket(Schema):
    ticket = Text(MAX_CREDENTIAL, required=True)
    expires_in = Number(required=True)


class Invites(Page):
    invites = fields.List(fields.Nested(Invite), required=True)


class NewInvite(Schema):
    id = Identifier(required=True)
    invite = Text(required=True)
    url = Text(MAX_CREDENTIAL, required=True)
    expires_at = Moment(required=True)


class Users(Page):
    users = fields.List(fields.Nested(User), required=True)


class Channels(Page):
    channels = fields.List(fields.Nested(PersonalChannel), required=True)
    stream = Identifier(required=True)
    seq = Number(required=True)


class AChannel(Schema):
    channel = fields.Nested(PersonalChannel, required=True)


class Members(Schema):
    members = fields.List(fields.Nested(Member), required=True)
    seq = Number(required=True)
    next = Number(
        required=True, allow_none=True, metadata={"description": "`after` of the next page; null: this is the last."}
    )


class AMember(Schema):
    member = fields.Nested(Member, required=True)
