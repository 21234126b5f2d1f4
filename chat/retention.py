"""Keeps RETENTION_DAYS: walks through every channel now and then, and removes what is older, bit by bit."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import text

from chat import metrics
from chat.actions import Answer, retention
from chat.basics import now
from chat.database import engine, transaction

log = logging.getLogger("chat.retention")

FIRST = 10.0  # seconds after the start: those who come back go first
EVERY = 6 * 3600.0  # seconds between two walks
BREATH = 0.02  # seconds between two transactions, for everybody else
LOOKED_AT = 1000  # messages in one reading transaction, a few milliseconds
AT_ONCE = 25  # messages or people in one writing transaction, some 10 ms with the commit
LOCK = 0x7061726C6579  # PostgreSQL's lock of the process that walks: "parley"

Result = TypeVar("Result")


@dataclass
class Retention:
    """One per process. ``context`` opens the database, ``write`` runs an action that writes (commits.py)."""

    days: int
    context: Callable[[], AbstractContextManager[Any]]
    write: Callable[[Callable[[], Answer]], Answer]

    def keep(self) -> None:
        """Walk now and then, for as long as the process lives. Without a setting there is nothing to do."""
        time.sleep(FIRST)
        while self.days:
            try:
                if removed := self.walk():
                    log.info("removed %d messages that were older than %d days", removed, self.days)
            except Exception:
                log.exception(
                    "what is older than %d days could not be removed; the next try comes in %g s", self.days, EVERY
                )
            time.sleep(EVERY)

    def walk(self) -> int:
        """Remove everything that is older; how many messages that were. None if another process walks."""
        with self.context(), only_one() as is_mine:
            if not is_mine:
                return 0
            whole = 0
            while removed := sum(map(self._clear, self._read(retention.channels))):
                whole += removed  # the last reply has gone, and with it the tombstone at which it hung may
            return whole

    def _clear(self, channel_id: str) -> int:
        cutoff, removed, last_seq = now() - timedelta(days=self.days), 0, 0
        stretch = retention.Stretch([], [], 0, False)
        while stretch.end is not None:
            stretch = self._read(retention.find_due, channel_id, stretch.end, stretch.is_kept, cutoff, LOOKED_AT)
            batches = [*((ids, []) for ids in chunks(stretch.due)), *(([], ids) for ids in chunks(stretch.buried))]
            for due, buried in batches:
                done = self._write(retention.retire, channel_id, due, buried)
                metrics.RETIRED.inc(done["removed"])
                removed, last_seq = removed + done["removed"], max(last_seq, done["last_seq"])
        if last_seq:
            for user_ids in chunks(self._read(retention.who_had_unread, channel_id, last_seq)):
                self._write(retention.recount, channel_id, user_ids)
        return removed

    def _read(self, question: Callable[..., Result], *arguments: Any) -> Result:
        time.sleep(BREATH)
        with transaction(writes=False):
            return question(*arguments)

    def _write(self, action: Callable[..., Answer], *arguments: Any) -> dict[str, Any]:
        time.sleep(BREATH)
        return self.write(lambda: action(*arguments)).data


def chunks(ids: list[str]) -> Iterator[list[str]]:
    """As many at a time as one transaction deals with."""
    for begin in range(0, len(ids), AT_ONCE):
        yield ids[begin : begin + AT_ONCE]


@contextmanager
def only_one() -> Iterator[bool]:
    """Whether no other process walks now. On SQLite two would do no harm, and there is one."""
    if engine().dialect.name != "postgresql":
        yield True
        return
    with engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        is_mine = bool(connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK}).scalar_one())
        try:
            yield is_mine
        finally:
            if is_mine:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LOCK})
