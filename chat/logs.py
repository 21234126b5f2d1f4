"""Logs: a line for people or a JSON object for programs, with what it is about, and so many of a kind a second."""

from __future__ import annotations

import json
import logging
import secrets
from collections import Counter
from contextvars import ContextVar, Token
from datetime import UTC, datetime
from itertools import count
from typing import Any

from chat.rates import Pace

LINES = (5.0, 20)  # of one kind: a second, and at once
PROCESS = secrets.token_hex(4)  # begins the ids of this process's actions
numbers = count(1)  # of its actions

_NOTHING: dict[str, Any] = {}
_ABOUT: ContextVar[dict[str, Any]] = ContextVar("about", default=_NOTHING)  # never altered, but replaced


class about:  # noqa: N801  # read as a word: `with about(action=…)`
    """What is logged inside carries these fields too: ids and names of ours, nothing that somebody wrote.

    Everything that is asked puts its own around itself: one green thread takes a connection's actions one by one.
    """

    def __init__(self, **fields: Any) -> None:
        self.fields = fields

    def __enter__(self) -> None:
        self.before: Token[dict[str, Any]] = _ABOUT.set({**_ABOUT.get(), **self.fields})

    def __exit__(self, *_: object) -> None:
        _ABOUT.reset(self.before)


class Json(logging.Formatter):
    """Each record as one JSON object on a line of its own; a traceback stands in it as text."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **_ABOUT.get(),
        }
        if number := line.get("action_id"):
            line["action_id"] = f"{PROCESS}-{number}"
        if incident := getattr(record, "incident", None):
            line["incident"] = incident
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps({key: value for key, value in line.items() if value is not None}, ensure_ascii=False)


class Bounded(logging.Filter):
    """Lets so many lines of each kind pass; a kind is who logs, and the words without what they are filled with."""

    def __init__(self) -> None:
        super().__init__()
        self.pace = Pace(*LINES)
        self.left_out: Counter[str] = Counter()

    def filter(self, record: logging.LogRecord) -> bool:
        kind = f"{record.name}: {record.msg}"
        if self.pace.take(kind):
            self.left_out[kind] += 1
            return False
        if more := self.left_out.pop(kind, 0):
            record.msg = f"{record.msg} (and {more} more like it before)"
        return True


def set_up(log_format: str) -> None:
    """Shape and bound whatever this process logs, of ours and of the libraries. ``log_format``: text or json."""
    if not logging.getLogger().handlers:
        logging.getLogger().addHandler(logging.StreamHandler())  # without one nothing below a warning is ever shown
    for handler in (*logging.getLogger().handlers, logging.lastResort):
        if handler:
            shape(handler, log_format)
            if not any(isinstance(each, Bounded) for each in handler.filters):
                handler.addFilter(Bounded())


def shape(handler: logging.Handler, log_format: str) -> None:
    """Let a handler write what LOG_FORMAT asks for; as text every library has its own way."""
    if log_format == "json":
        handler.setFormatter(Json())
