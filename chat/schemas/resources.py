"""What is shown: the objects in answers and events, for the OpenAPI document and the tests that hold answers to it."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from chat.limits import MAX_MENTIONS, MAX_PARTICIPANTS, MAX_REACTING_USERS, MAX_STORED_TEXT
from chat.schemas.fields import Identifier, Many, Map, Moment, Number, Switch, Text

MEMBER_ROLES = ("owner", "admin", "member")


class Error(Schema):
    code = Text(required=True)
    message = Text(required=True)
    retryable = Switch(required=True)
    retry_after_ms = Number(required=True, allow_none=True)
    field = Text(required=True, allow_none=True)
    incident = Text()
    data = Map(10, keys=Text())


class Failure(Schema):
    error = fields.Nested(Error, required=True)


class User(Schema):
    id = Identifier(required=True)
    username = Text(required=True)
    display_name = Text(required=True)
    role = Text(required=True, validate=validate.OneOf(["owner", "admin", "member", "guest"]))
    kind = Text(required=True, validate=validate.OneOf(["person", "bot"]))
    created_at = Moment(required=True)
    deactivated_at = Moment(required=True, allow_none=True)


class Me(User):
    email = Text(required=True, allow_none=True)


class Session(Schema):
    id = Identifier(required=True)
    kind = Text(required=True, validate=validate.OneOf(["browser", "token"]))
    name = Text(required=True)
    user_agent = Text(300, required=True)
    ip = Text(required=True)
    created_at = Moment(required=True)
    last_seen_at = Moment(required=True)
    current = Switch(required=True)


class Invite(Schema):
    """An invite that can still be used. Of its channels those are named that the reader may know of."""

    id = Identifier(required=True)
    created_by = Identifier(required=True, allow_none=True)
    created_at = Moment(required=True)
    expires_at = Moment(required=True)
    channel_ids = fields.List(Identifier(), required=True)
    claims_user_id = Identifier(required=True, allow_none=True)


class Read(Schema):
    """What someone missed in a channel, and the moment (posted, seq) it was counted at."""

    last_read_seq = Number(required=True)
    unread = Number(required=True)
    mentions = Number(required=True)
    posted = Number(required=True)
    seq = Number(required=True)


class Channel(Schema):
    """A channel as everyone in it sees it; this form stands in broadcasts."""

    id = Identifier(required=True)
    kind = Text(required=True, validate=validate.OneOf(["public", "private", "dm", "group_dm"]))
    name = Text(required=True, allow_none=True)
    topic = Text(required=True)
    created_by = Identifier(required=True, allow_none=True)
    created_at = Moment(required=True)
    archived_at = Moment(required=True, allow_none=True)
    changed_seq = Number(required=True)
    user_ids = Many(Identifier(), MAX_PARTICIPANTS, required=True, allow_none=True)


class PersonalChannel(Channel):
    """A channel as one person sees it: with their role there and what they missed."""

    seq = Number(required=True)
    posted = Number(required=True)
    role = Text(required=True, allow_none=True, validate=validate.OneOf(MEMBER_ROLES))
    read = fields.Nested(Read, required=True, allow_none=True)


class Member(Schema):
    channel_id = Identifier(required=True)
    user_id = Identifier(required=True)
    role = Text(required=True, validate=validate.OneOf(MEMBER_ROLES))
    joined_at = Moment(required=True)
    left_at = Moment(required=True, allow_none=True)
    changed_seq = Number(required=True)


class Reaction(Schema):
    emoji = Text(required=True)
    count = Number(required=True)
    user_ids = Many(Identifier(), MAX_REACTING_USERS, required=True)
    me = Switch()


class File(Schema):
    id = Identifier(required=True)
    name = Text(1024, required=True)
    mimetype = Text(required=True)
    size = Number(required=True, allow_none=True)
    url = Text(4096, required=True, allow_none=True)


class Message(Schema):
    """The whole message as it is now."""

    id = Identifier(required=True)
    channel_id = Identifier(required=True)
    seq = Number(required=True)
    changed_seq = Number(required=True)
    rev = Number(required=True)
    posted = Number(required=True, allow_none=True)
    kind = Text(required=True, validate=validate.OneOf(["user", "system"]))
    client_msg_id = Text(required=True)
    user_id = Identifier(required=True)
    text = Text(MAX_STORED_TEXT, required=True)
    thread_id = Identifier(required=True, allow_none=True)
    also_to_channel = Switch(required=True)
    reply_count = Number(required=True)
    last_reply_at = Moment(required=True, allow_none=True)
    reactions = fields.List(fields.Nested(Reaction), required=True)
    mentions = Many(Identifier(), MAX_MENTIONS, required=True)
    everyone = Switch(required=True)
    files = fields.List(fields.Nested(File), required=True)
    pinned_at = Moment(required=True, allow_none=True)
    created_at = Moment(required=True)
    edited_at = Moment(required=True, allow_none=True)
    deleted_at = Moment(required=True, allow_none=True)


class Revision(Schema):
    rev = Number(required=True)
    text = Text(MAX_STORED_TEXT, required=True)
    replaced_at = Moment(required=True)
