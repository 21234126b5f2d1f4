"""JSON as the standard has it, and bounded: no NaN, no infinity, no deep nesting. For sockets and REST alike."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import orjson

MAX_DEPTH = 32


def loads(text: str | bytes, **_: Any) -> Any:
    """Parse JSON; raises ValueError for everything that another program could not read."""
    try:
        value = _DECODER.decode(text) if isinstance(text, str) else json.loads(text, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deep") from None
    if _openings(text) >= MAX_DEPTH and not _is_shallow(value):
        raise ValueError("nested too deep")
    return value


def dumps(value: Any, **_: Any) -> str:
    """Compact JSON; raises TypeError for what is none of JSON's own types. NaN and infinity become null."""
    return orjson.dumps(value, option=_NOTHING_ELSE).decode()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


_NOTHING_ELSE = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME
_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _openings(text: str | bytes) -> int:
    """How often something opens in a text at most, and so how deep it can be nested: of most texts that says enough."""
    if isinstance(text, str):
        return text.count("[") + text.count("{")
    return text.count(b"[") + text.count(b"{")


def _is_shallow(value: Any) -> bool:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for each in level
            if isinstance(each, dict | list)
            for inner in (each.values() if isinstance(each, dict) else each)
        ]
        if not level:
            return True
    return False
