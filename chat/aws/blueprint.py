"""Where the forwarder Lambda brings the API Gateway's events; everyone else is turned away."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from chat import strict_json
from chat.aws.gateway import Door
from chat.aws.signing import is_right
from chat.errors import ChatError

PATH = "/internal/aws/ws"


def doorway(door: Door, secret: bytes) -> Blueprint:
    """The blueprint with the one address that takes events, signed with this secret."""
    blueprint = Blueprint("aws", __name__)

    @blueprint.post(PATH)
    def take_event() -> ResponseReturnValue:
        """Hand an event to the door; the status is the answer."""
        body = request.get_data()
        timestamp, shown = request.headers.get("X-Chat-Timestamp", ""), request.headers.get("X-Chat-Signature", "")
        if not is_right(secret, timestamp, body, shown):
            raise ChatError("forbidden", "This address takes signed events only.")
        try:
            event = strict_json.loads(body)
        except (ValueError, RecursionError):
            raise ChatError("invalid_arguments") from None
        return {}, door.handle(event)

    return blueprint
