"""What may be asked: the arguments of every action. Unknown ones are refused."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, validate

from chat.limits import MAX_BODY, MAX_INVITES_LISTED, MAX_LISTED, MAX_PAGE, MAX_STREAMS
from chat.schemas.fields import (
    ClientMessageId,
    Email,
    Emoji,
    Identifier,
    Line,
    Many,
    Map,
    Number,
    Secret,
    Switch,
    Text,
    Username,
)

MAX_TOPIC = 250
MAX_NAME = 80
MAX_FILES = 10  # of one message
MAX_INVITED = 100  # channels of one invite
MAX_ADDRESSED = 50  # people whom a conversation is opened with
PASSWORD = validate.Length(min=8, max=Secret.longest)


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
    epoch = Identifier(metadata={"description": "The epoch that `since` belongs to."})
    limit = Number(low=1, high=MAX_PAGE, metadata={"description": "Messages in a page; 50 without."})


class MessageText(Text):
    """What somebody says. The action refuses one that is too long, by a code of its own."""

    longest = MAX_BODY

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(metadata={"description": "1 to 4,000 characters after trimming."}, **kwargs)


class Send(InChannel):
    client_msg_id = ClientMessageId(required=True)
    text = MessageText()
    file_ids = Many(Identifier(), MAX_FILES)
    thread_id = Identifier(allow_none=True)
    also_to_channel = Switch()


class Edit(OfMessage):
    text = MessageText(required=True)
    base_rev = Number(metadata={"description": "The revision that was edited; another present one is a conflict."})


class React(OfMessage):
    emoji = Emoji(required=True, metadata={"description": "One Unicode emoji, or `:name:`."})


class Sync(Schema):
    cursors = Map(MAX_STREAMS, keys=Identifier(), values=Number(), required=True)
    epoch = Identifier()


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
    login = Text(Email.longest, required=True, metadata={"description": "Username or e-mail address."})
    password = Secret(required=True)


class OfSession(Schema):
    session_id = Identifier(required=True)


class ChangePassword(Schema):
    current_password = Secret(required=True)
    password = Secret(required=True, validate=PASSWORD)


class CreateToken(Schema):
    name = Line(80, 1, required=True)


class UseTicket(Schema):
    """What a ticket says of itself, once its signature was found right."""

    ticket_id = Identifier(required=True)
    expires_at = Number(required=True)
    version = Number(required=True)


class OpenConnection(UseTicket):
    connection_id = Text(128, required=True, validate=validate.Length(min=1))
    at_most = Number(required=True, metadata={"description": "Connections that one person may have; 0: any number."})


class CreateInvite(Schema):
    channel_ids = Many(Identifier(), MAX_INVITED, load_default=list)
    expires_in = Number(low=60, high=90 * 86400, metadata={"description": "Seconds; a week without."})


class ListInvites(Listing):
    limit = Number(low=1, high=MAX_INVITES_LISTED, metadata={"description": "Invites in a page; 100 without."})


class OfInvite(Schema):
    invite_id = Identifier(required=True)


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
    user_ids = Many(Identifier(), MAX_ADDRESSED, required=True, validate=validate.Length(min=1))
