"""Shared commits: actions that are to write at the same moment go to disk in one transaction.

On SQLite a commit waits for the disk and one writer holds the whole database, so whoever comes first takes along
everybody who is ready by then. PostgreSQL lets writers go side by side: there each action has its own transaction.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from chat import failpoints, journal, metrics
from chat.actions import Answer
from chat.concurrency import Happening, brief_lock, happening, let_others_come
from chat.database import Transaction, begun, has_one_writer, savepoint, stands, translated
from chat.errors import ChatError
from chat.journal import Journal

AT_ONCE = 64  # actions that share a commit: so many wait for each other


@dataclass(slots=True)
class Waiting:
    """An action that is to write, and what became of it."""

    act: Callable[[], Answer]
    answer: Answer | None = None
    error: Exception | None = None
    told: Journal | None = None

    @property
    def changed(self) -> bool:
        """Whether it left something to commit."""
        return self.answer is not None and self.answer.changed

    def attempt(self, transaction: Transaction, *, apart: bool) -> None:
        """Run it, ``apart`` from the others so that, refused, it takes back what it wrote, its number and its events.

        So if it changed nothing.
        """
        self.answer = self.error = None
        told = journal.begin()
        try:
            with translated(), savepoint() if apart else nullcontext():
                self.answer = self.act()
                transaction.flush()
                if not self.answer.changed:
                    raise Unchanged
            self.told = told
        except Unchanged:
            pass
        except Exception as error:
            self.answer, self.error = None, error

    def was_database(self) -> bool:
        """Whether it failed because the database cannot go on, and not by a fault of its own."""
        return isinstance(self.error, ChatError) and self.error.code == "unavailable" and type(self.error) is ChatError

    def fail(self, cause: BaseException) -> None:
        """Whatever it came to, it did not come to disk for certain."""
        self.answer, self.error = None, ChatError("unavailable")
        self.error.__cause__ = cause

    def outcome(self) -> Answer:
        """Its answer, or its refusal raised."""
        try:
            if self.error:
                raise self.error
            if self.answer is None:
                raise ChatError("unavailable")  # who was to lead is gone
            return self.answer
        finally:
            self.error = None  # an error that its own traceback holds would stay in memory


class BroughtDown(Exception):
    """An action's own fault took its neighbours' transaction with it; each has to go alone."""


class ToTakeBack(Exception):
    """An action among others was refused, or changed nothing; each has to be run again apart from the others."""


class Unchanged(Exception):
    """Takes back the number of an action that found everything as it was asked to be."""


@dataclass
class Batch:
    """Actions that share a commit; ``done`` once it is known what became of them."""

    actions: list[Waiting] = field(default_factory=list)
    done: Happening = field(default_factory=happening)


@dataclass
class Commits:
    """One per process. ``tell`` gets what was committed, in the order of the numbers."""

    tell: Callable[[Journal], None]
    gathering: Batch | None = None  # whom the next action joins
    turn: threading.Lock = field(default_factory=threading.Lock)  # held by the batch that is under way
    _lock: AbstractContextManager[Any] = field(default_factory=brief_lock)

    def write(self, act: Callable[[], Answer]) -> Answer:
        """Run an action in a transaction that others may share; returns when its changes are on disk.

        Raises what the action raises, and ChatError ``unavailable`` when the commit failed or may have failed.
        """
        own, began = Waiting(act), time.perf_counter()
        if not has_one_writer():
            told = self._commit([own])
            metrics.COMMIT_WAIT.observe(time.perf_counter() - began)
            self._tell(told)
            return own.outcome()
        batch = self._join(own)
        if batch.actions[0] is own:
            self._lead(batch)
            metrics.COMMIT_WAIT.observe(time.perf_counter() - began)  # nobody in it waited longer
        else:
            batch.done.wait()
        return own.outcome()

    def _join(self, waiting: Waiting) -> Batch:
        with self._lock:
            batch = self.gathering = self.gathering or Batch()
            batch.actions.append(waiting)
            if len(batch.actions) == AT_ONCE:
                self.gathering = None
            return batch

    def _close(self, batch: Batch) -> None:
        with self._lock:
            if self.gathering is batch:
                self.gathering = None

    def _lead(self, batch: Batch) -> None:
        """Run a batch in its first action's thread. From here to the end of the commit, nothing may yield."""
        try:
            with self.turn:
                came = 0
                while came < len(batch.actions) < AT_ONCE:  # a turn of the loop that brings nobody new is the last
                    came = len(batch.actions)
                    let_others_come()
                self._close(batch)
                told = self._commit(batch.actions)
                batch.done.set()
                self._tell(told)  # before the next batch can, and behind the answers
        finally:
            self._close(batch)
            batch.done.set()

    def _commit(self, actions: list[Waiting], *, apart: bool = False) -> list[Journal]:
        """Run actions in one transaction; answers, refusals too, may rest on a neighbour and wait for the disk."""
        try:
            with begun(writes=True) as transaction:
                attempt_all(actions, transaction, apart=apart)
                if any(waiting.changed for waiting in actions):
                    failpoints.hit("before_commit")
                    transaction.commit()
                    metrics.COMMITS.observe(len(actions))
                    failpoints.hit("after_commit")
        except ToTakeBack:
            return self._commit(actions, apart=True)
        except BroughtDown:
            return [told for waiting in actions for told in self._commit([waiting])]
        except BaseException as error:
            doubtful = [waiting.told.doubted() for waiting in actions if waiting.told and waiting.changed]
            for waiting in actions:
                waiting.fail(error)
            if not isinstance(error, Exception):
                raise
            return doubtful  # it may have been committed all the same: a connection can break on the way back
        return [waiting.told for waiting in actions if waiting.told and waiting.changed]

    def _tell(self, journals: list[Journal]) -> None:
        if journals:
            self.tell(journal.joined(journals))


def attempt_all(actions: list[Waiting], transaction: Transaction, *, apart: bool) -> None:
    """Run them one after the other.

    Nearly always each of them comes to something, so they begin without the savepoints that would keep them ``apart``.
    """
    for waiting in actions:
        waiting.attempt(transaction, apart=apart)
        if len(actions) == 1:
            return
        if waiting.error and not stands():
            raise waiting.error if waiting.was_database() else BroughtDown
        if not apart:
            if not waiting.changed:
                raise ToTakeBack
            transaction.forget()
