"""Passwords: argon2id with OWASP's least parameters. Slow on purpose, so called off the event loop."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)


def hash_password(password: str) -> str:
    """What is stored of a password."""
    return _hasher.hash(password)


def verify(stored: str | None, password: str) -> bool:
    """Whether the password is right. Without a stored hash it costs the same and is wrong."""
    try:
        return _hasher.verify(stored or _nobodys(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str | None) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return stored is not None and _hasher.check_needs_rehash(stored)


@cache
def _nobodys() -> str:
    """A hash that no password opens, to spend the time on."""
    return _hasher.hash("nobody has this password")
