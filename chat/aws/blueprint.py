"""Where the Lambdas bring the API Gateway's events and AppSync's questions; everyone else is turned away."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from chat import strict_json
from chat.aws.gateway import Door
from chat.aws.signing import is_right, may_be_right
from chat.errors import ChatError
from chat.limits import MAX_STRANGERS_BODY
from chat.schemas.fields import Identifier

PATH = "/internal/aws/ws"
APPSYNC_PATH = "/internal/aws/appsync"


def doorway(door: Door, secret: bytes) -> Blueprint:
    """The blueprint with the one address that takes events, signed with this secret."""
    blueprint = Blueprint("aws", __name__)

    @blueprint.post(PATH)
    def take_event() -> ResponseReturnValue:
        """Hand an event to the door; the status is the answer."""
        return {}, door.handle(signed_body(secret))

    return blueprint


def listeners_doorway(may_listen: Callable[[str, str, str], bool], secret: bytes) -> Blueprint:
    """The address that AppSync's authorizer asks whether a session of a person may listen to a channel now."""
    blueprint = Blueprint("appsync", __name__)

    @blueprint.post(APPSYNC_PATH)
    def answer() -> ResponseReturnValue:
        """Yes is 200, no is 403."""
        request.max_content_length = MAX_STRANGERS_BODY
        asked = signed_body(secret)
        if not isinstance(asked, dict):
            raise ChatError("invalid_arguments")
        who = [str(asked.get(name))[: Identifier.longest] for name in ("session_id", "user_id", "channel_id")]
        return {}, 200 if may_listen(*who) else 403

    return blueprint


def signed_body(secret: bytes) -> Any:
    """What the request holds, if one of our Lambdas signed it just now."""
    timestamp, shown = request.headers.get("X-Chat-Timestamp", ""), request.headers.get("X-Chat-Signature", "")
    # Who shows nothing like a signature is refused before what they send is read.
    if not may_be_right(timestamp, shown) or not is_right(secret, timestamp, request.get_data(), shown):
        raise ChatError("forbidden", "This address takes signed events only.")
    try:
        return strict_json.loads(request.get_data())
    except (ValueError, RecursionError):
        raise ChatError("invalid_arguments") from None
