"""The signature that the forwarder puts under an event: only it and we know the secret, and it is good for a moment."""

from __future__ import annotations

import hmac
import time

WINDOW = 30  # seconds around the moment of signing


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """What the forwarder sends in X-Chat-Signature."""
    return hmac.new(secret, timestamp.encode() + b"." + body, "sha256").hexdigest()


def is_right(secret: bytes, timestamp: str, body: bytes, shown: str) -> bool:
    """Whether the forwarder sent this, and just now."""
    if not may_be_right(timestamp, shown):
        return False
    expected = signature(secret, timestamp, body)
    is_now = abs(time.time() - int(timestamp)) <= WINDOW
    return hmac.compare_digest(expected.encode(), shown.encode("utf-8", "replace")) and is_now


def may_be_right(timestamp: str, shown: str) -> bool:
    """Whether these have the form of a moment and a signature, whatever was signed."""
    return len(timestamp) <= 12 and timestamp.isascii() and timestamp.isdigit() and len(shown) == 64
