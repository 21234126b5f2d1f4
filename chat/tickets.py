"""Tickets: signed, single-use passes that open one live connection within 60 seconds of being made.

A browser can show nothing but an address when it opens a WebSocket, and addresses end up in logs. So what stands there
is never a session's secret, only a ticket: a JSON Web Token (RFC 7519, 8725) with one algorithm, a type and an audience
of its own, good for nothing else. Whether its session still holds, and whether it was used, the database knows.
This file needs the standard library alone, because the authorizer in deploy/aws/ takes it along.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ISSUER = "parley"
AUDIENCE = "chat-ws"
TYPE = "wst+jwt"
ALGORITHM = "HS256"
LIFETIME = 60  # seconds
LEEWAY = 5  # seconds by which two machines' clocks may differ
MIN_KEY = 32  # bytes
MAX_TICKET = 1024  # characters; ours have some 400


class BadTicket(ValueError):
    """It was not made by us, was made for something else, or its time has passed."""


@dataclass(frozen=True)
class Ticket:
    """Whose session it opens a connection for, in which version, and until when (seconds since 1970)."""

    id: str
    user_id: str
    session_id: str
    version: int
    expires_at: int


def issue(keys: Mapping[str, bytes], ticket: Ticket) -> str:
    """Sign a ticket with the first of these keys."""
    kid, key = next(iter(keys.items()))
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": ticket.user_id,
        "sid": ticket.session_id,
        "sv": ticket.version,
        "jti": ticket.id,
        "iat": ticket.expires_at - LIFETIME,
        "exp": ticket.expires_at,
    }
    signed = f"{_packed({'alg': ALGORITHM, 'typ': TYPE, 'kid': kid})}.{_packed(claims)}"
    return f"{signed}.{_base64(_signature(key, signed))}"


def verify(keys: Mapping[str, bytes], text: str) -> Ticket:
    """The ticket, if one of these keys signed it for us and its time has not passed; raises BadTicket."""
    if len(text) > MAX_TICKET or text.count(".") != 2:
        raise BadTicket("not a ticket")
    signed, _, signature = text.rpartition(".")
    head, body = map(_unpacked, signed.split("."))
    key = keys.get(str(head.get("kid")))
    if head.get("alg") != ALGORITHM or head.get("typ") != TYPE or key is None:
        raise BadTicket("of another kind, or signed with a key that is not known here")
    if not hmac.compare_digest(_signature(key, signed), _bytes(signature)):
        raise BadTicket("the signature is wrong")
    return _checked(body, time.time())


def looks_like_one(token: str) -> bool:
    """Whether a credential is meant as a ticket: no bearer token has dots."""
    return token.count(".") == 2


def parse_keys(setting: str) -> dict[str, bytes]:
    """The keys of the setting TICKET_KEYS, ``name:key, name:key``: the first signs, all are good to verify.

    Raises ValueError for a key without a name, a name twice, or a key of less than 32 bytes.
    """
    keys: dict[str, bytes] = {}
    for part in filter(None, (part.strip() for part in setting.split(","))):
        name, _, key = part.partition(":")
        if not name or name in keys or len(key.encode()) < MIN_KEY:
            raise ValueError("each key needs a name of its own and 32 or more random characters")
        keys[name] = key.encode()
    return keys


def derived_key(secret: str) -> dict[str, bytes]:
    """A key made of the server's secret, where nobody else has to verify tickets."""
    return {"own": hmac.digest(secret.encode(), b"tickets", "sha256")}


def _checked(claims: Mapping[str, Any], moment: float) -> Ticket:
    if claims.get("iss") != ISSUER or claims.get("aud") != AUDIENCE:
        raise BadTicket("made by or for someone else")
    if not all(isinstance(claims.get(name), str) for name in ("jti", "sub", "sid")):
        raise BadTicket("a claim is missing")
    if not all(type(claims.get(name)) is int for name in ("sv", "iat", "exp")):
        raise BadTicket("a claim is missing")
    if not claims["iat"] - LEEWAY <= moment < claims["exp"] + LEEWAY or claims["exp"] - claims["iat"] > LIFETIME:
        raise BadTicket("its time has passed, or has not come")
    return Ticket(claims["jti"], claims["sub"], claims["sid"], claims["sv"], claims["exp"])


def _signature(key: bytes, signed: str) -> bytes:
    return hmac.new(key, signed.encode(), hashlib.sha256).digest()


def _packed(part: Mapping[str, Any]) -> str:
    return _base64(json.dumps(part, separators=(",", ":")).encode())


def _unpacked(part: str) -> dict[str, Any]:
    try:
        unpacked = json.loads(_bytes(part))
    except (ValueError, RecursionError):
        raise BadTicket("not a ticket") from None
    if not isinstance(unpacked, dict):
        raise BadTicket("not a ticket")
    return unpacked


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        raise BadTicket("not a ticket") from None
    if _base64(data) != text:
        raise BadTicket("not a ticket")  # two spellings of one signature would be two tickets to whoever compares
    return data
