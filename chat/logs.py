"""Logs that cannot be flooded: of each kind of line only so many a second, then how many more there were."""

from __future__ import annotations

import logging
from collections import Counter

from chat.rates import Pace

LINES = (5.0, 20)  # of one kind: a second, and at once


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


def bound() -> None:
    """Bound whatever this process logs, of ours and of the libraries."""
    if not logging.getLogger().handlers:
        logging.getLogger().addHandler(logging.StreamHandler())  # without one nothing below a warning is ever shown
    for handler in (*logging.getLogger().handlers, logging.lastResort):
        if handler and not any(isinstance(each, Bounded) for each in handler.filters):
            handler.addFilter(Bounded())
