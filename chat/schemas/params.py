"""What may be asked: the arguments of every action. Unknown ones are refused."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from chat.limits import MAX_LISTED, MAX_PAGE
from chat.schemas.fields import (
    ClientMessageId,
    Email,
    Identifier,
    Line,
    Number,
    Secret,
    Switch,
    Text,
    Username,
)

MAX_TOPIC = 250
MAX_NAME = 80
PASSWORD = validate.Length(min=8, max=256)


class Nothing(Schema):
    """No arguments."""


class Listing(Schema):
    after = Text(metadata={"description": "`next` of the page before; without it, the first page."})
    limit = Number(low=1, high=MAX_LISTED, metadata={"description": "Entries in a page; 500 without."})


class InChannel(Schema):
    channel_id = Identifier(required=True)


class OfMessage(Schema):
    message_id = Identifier(required=True)


class Subscribe(InChannel):
    since = Number(metadata={"description": "The cursor: the last number applied. Without it, the latest page."})
    epoch = Text(metadata={"description": "The epoch that `since` belongs to."})
    limit = Number(low=1, high=MAX_PAGE, metadata={"description": "Messages in a page; 50 without."})


class Send(InChannel):
    client_msg_id = ClientMessageId(required=True)
    text = Text(metadata={"description": "1 to 4,000 characters after trimming."})
    file_ids = fields.List(Identifier())
    thread_id = Identifier(allow_none=True)
    also_to_channel = Switch()


class Edit(OfMessage):
    text = Text(required=True)
    base_rev = Number(metadata={"description": "The revision that was edited; another present one is a conflict."})


class React(OfMessage):
    emoji = Text(required=True, metadata={"description": "One Unicode emoji, or `:name:`."})


class Sync(Schema):
    cursors = fields.Dict(keys=Identifier(), values=Number(), required=True)
    epoch = Text()


class MarkRead(InChannel):
    seq = Number(required=True, low=-(2**62), metadata={"description": "Clamped to 0 … the stream's head."})
    unread = Switch(metadata={"description": "true: the cursor may go back."})


class Typing(InChannel):
    on = Switch(required=True)
    thread_id = Identifier(allow_none=True)


class Page(InChannel):
    before = Number()
    after = Number()
    around = Number()
    thread_id = Identifier()
    limit = Number(low=1, high=MAX_PAGE)


class SignUp(Schema):
    username = Username(required=True)
    display_name = Line(80, 1, required=True)
    password = Secret(required=True, validate=PASSWORD)
    email = Email(allow_none=True)
    invite = Secret(allow_none=True)


class SignIn(Schema):
    login = Text(required=True, metadata={"description": "Username or e-mail address."})
    password = Secret(required=True, validate=validate.Length(max=256))


class OfSession(Schema):
    session_id = Identifier(required=True)


class ChangePassword(Schema):
    current_password = Secret(required=True, validate=validate.Length(max=256))
    password = Secret(required=True, validate=PASSWORD)


class CreateToken(Schema):
    name = Line(80, 1, required=True)


class UseTicket(Schema):
    """What a ticket says of itself, once its signature was found right."""

    ticket_id = Identifier(required=True)
    expires_at = Number(required=True)
    version = Number(required=True)


class OpenConnection(UseTicket):
    connection_id = Text(required=True, validate=validate.Length(min=1, max=128))
    at_most = Number(required=True, metadata={"description": "Connections that one person may have; 0: any number."})


class CreateInvite(Schema):
    channel_ids = fields.List(Identifier(), load_default=list, validate=validate.Length(max=100))
    expires_in = Number(low=60, high=90 * 86400, metadata={"description": "Seconds; a week without."})
    user_id = Identifier(metadata={"description": "An imported person, who claims their account with it."})


class UpdateMe(Schema):
    display_name = Line(80, 1)
    email = Email()


class CreateChannel(Schema):
    name = Line(MAX_NAME, 1, required=True)
    kind = Text(required=True, validate=validate.OneOf(["public", "private"]))
    topic = Line(MAX_TOPIC)


class UpdateChannel(InChannel):
    name = Line(MAX_NAME, 1)
    topic = Line(MAX_TOPIC)
    kind = Text(validate=validate.OneOf(["public", "private"]))


class ListMembers(InChannel):
    after = Number(metadata={"description": "`next` of the page before; without it, the first page."})
    limit = Number(low=1, high=MAX_LISTED, metadata={"description": "Members in a page; 500 without."})


class OfMember(InChannel):
    user_id = Identifier(required=True)


class OpenConversation(Schema):
    user_ids = fields.List(Identifier(), required=True, validate=validate.Length(min=1, max=50))
