"""The clock, identifiers and secrets: the only places where time and chance come in."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from datetime import UTC, datetime

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no letters that look like digits
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_LETTER_OF = (_ALPHABET * 8).encode()  # five bits of any byte


def now() -> datetime:
    """The present moment, in UTC and aware, cut to milliseconds as the protocol shows it."""
    return datetime.fromtimestamp(time.time_ns() // 1_000_000 / 1000, UTC)


def iso(moment: datetime | None) -> str | None:
    """A moment as the protocol writes it: ``2026-01-31T08:15:00.123Z``."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id() -> str:
    """An opaque identifier of 26 characters (a ULID): ordered by time, with 80 random bits nobody can guess."""
    moment = time.time_ns() // 1_000_000
    time_part = "".join([_PAIRS[moment >> shift & 1023] for shift in (40, 30, 20, 10, 0)])
    return time_part + os.urandom(16).translate(_LETTER_OF).decode()


def new_secret() -> str:
    """256 random bits for a cookie, a token or an invite; only its hash is stored."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """What is stored of a secret. A plain hash suffices: the secret has 256 random bits to begin with."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
