"""The clock, identifiers and secrets: the only places where time and chance come in."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32: no letters that look like digits
_PAIRS = [high + low for high in _ALPHABET for low in _ALPHABET]
_LETTER_OF = (_ALPHABET * 8).encode()  # five bits of any byte


def now() -> datetime:
    """The present moment, in UTC and aware, cut to milliseconds as the protocol shows it."""
    return _at(time.time_ns() // 1_000_000)


@lru_cache(1)  # what shares a commit asks again and again within a millisecond
def _at(millisecond: int) -> datetime:
    return datetime.fromtimestamp(millisecond / 1000, UTC)


def iso(moment: datetime | None) -> str | None:
    """A moment as the protocol writes it: ``2026-01-31T08:15:00.123Z``."""
    return _iso(moment) if moment else None


def remembering(write: Callable[[datetime], str]) -> Callable[[datetime], str]:
    """Writes a moment, and the very same one again without writing it: ``now()`` gives it to many."""
    last: tuple[datetime | None, str] = None, ""

    def written(moment: datetime) -> str:
        nonlocal last
        known, text = last
        if moment is not known:
            text = write(moment)
            last = moment, text
        return text

    return written


@remembering
def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def new_id() -> str:
    """An opaque identifier of 26 characters (a ULID): ordered by time, with 80 random bits nobody can guess."""
    return _time_part(time.time_ns() // 1_000_000) + os.urandom(16).translate(_LETTER_OF).decode()


@lru_cache(1)
def _time_part(millisecond: int) -> str:
    return "".join([_PAIRS[millisecond >> shift & 1023] for shift in (40, 30, 20, 10, 0)])


def new_secret() -> str:
    """256 random bits for a cookie, a token or an invite; only its hash is stored."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """What is stored of a secret. A plain hash suffices: the secret has 256 random bits to begin with."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
