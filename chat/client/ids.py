"""Ids that a client gives what it asks, so that a repeat is recognised."""

from __future__ import annotations

import os
import time
import uuid


def new_id() -> str:
    """A UUID of version 7 (RFC 9562, 5.7): 48 bits of the time in milliseconds, 74 random ones.

    Those of one time lie together in the server's index, and share the pages that are written for them.
    """
    number = time.time_ns() // 1_000_000 << 80 | int.from_bytes(os.urandom(10))
    number = number & ~(0xF << 76) | 7 << 76  # the version
    number = number & ~(0b11 << 62) | 0b10 << 62  # the variant
    return str(uuid.UUID(int=number))
