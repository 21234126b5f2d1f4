"""What the API Gateway says of a WebSocket, read out of the JSON that it hands to a Lambda."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

KINDS = ("CONNECT", "MESSAGE", "DISCONNECT")
MAX_ID = 128


class BadEvent(ValueError):
    """This is no event of a WebSocket API."""


@dataclass(frozen=True)
class GatewayEvent:
    """One event. ``authorized``: what the authorizer vouched for at the connect, all as strings."""

    kind: str
    connection_id: str
    body: str
    ticket: str
    authorized: dict[str, str]
    address: str
    user_agent: str


def read(event: Any) -> GatewayEvent:
    """Read an event, whatever it is; raises BadEvent. The kind decides, never the route key, which clients choose."""
    context = _object(event, "requestContext")
    kind, connection_id = context.get("eventType"), context.get("connectionId")
    if kind not in KINDS or not isinstance(connection_id, str) or not 0 < len(connection_id) <= MAX_ID:
        raise BadEvent("not an event of a WebSocket API")
    identity = _object(context, "identity")
    body = event.get("body")
    return GatewayEvent(
        kind=kind,
        connection_id=connection_id,
        body=body if isinstance(body, str) and not event.get("isBase64Encoded") else "",
        ticket=_text(_object(event, "queryStringParameters").get("ticket")),
        authorized={key: value for key, value in _object(context, "authorizer").items() if isinstance(value, str)},
        address=_text(identity.get("sourceIp")),
        user_agent=_text(identity.get("userAgent")),
    )


def _object(holder: Any, name: str) -> dict[str, Any]:
    found = holder.get(name) if isinstance(holder, dict) else None
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
