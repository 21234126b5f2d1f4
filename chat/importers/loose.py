"""Reads values out of JSON that others wrote: what is missing, or of another type, is empty."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def text(raw: Mapping[str, Any], key: str) -> str:
    """A text, without what no database takes: NUL, and halves of surrogate pairs."""
    value = raw.get(key)
    return _UNSTORABLE.sub("\ufffd", value) if isinstance(value, str) else ""


def line(raw: Mapping[str, Any], key: str) -> str:
    """A text on one line."""
    return " ".join(text(raw, key).split())


def entry(raw: Mapping[str, Any], key: str) -> dict[str, Any]:
    """An object."""
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def entries(raw: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    """The objects of a list."""
    value = raw.get(key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def words(raw: Mapping[str, Any], key: str) -> list[str]:
    """The texts of a list, each once, none empty."""
    value = raw.get(key)
    return (
        list(dict.fromkeys(each for each in value if each and isinstance(each, str))) if isinstance(value, list) else []
    )


def whole(raw: Mapping[str, Any], key: str) -> int | None:
    """A whole number that every database stores."""
    value = raw.get(key)
    return value if type(value) is int and 0 <= value < 2**62 else None


def moment(raw: Mapping[str, Any], key: str) -> datetime | None:
    """A time given in seconds, as a number or as text."""
    try:
        seconds = float(raw.get(key) or 0)
        return datetime.fromtimestamp(int(seconds), UTC) if seconds > 0 else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None
