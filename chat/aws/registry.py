"""The registry of the API Gateway's connections, each call in a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from chat.actions import connections
from chat.actions.connections import Holder
from chat.database import transaction

Result = TypeVar("Result")


@dataclass(frozen=True)
class Registry:
    """``context`` opens the database for what is asked inside. Every call may raise ``unavailable``."""

    context: Callable[[], AbstractContextManager[Any]]

    def find(self, connection_id: str) -> Holder | None:
        """Whose an open connection is."""
        return self._read(connections.find, connection_id)

    def heads(self, connection_id: str) -> dict[str, int]:
        """Where everything stands that a connection is told of."""
        return self._read(connections.heads_of, connection_id)

    def greet(self, connection_id: str, heads: dict[str, int]) -> bool:
        """Note where the streams stood at its hello; False when it had one already."""
        return self._write(connections.greet, connection_id, heads)

    def subscribe(self, connection_id: str, channel_id: str, as_of: int) -> None:
        """Note that it looks at a channel, from this number on."""
        self._write(connections.subscribe, connection_id, channel_id, as_of)

    def unsubscribe(self, connection_id: str, channel_id: str) -> None:
        """Note that it does not look any more."""
        self._write(connections.unsubscribe, connection_id, channel_id)

    def end_subscriptions(self, ids: Iterable[str]) -> None:
        """Note that these do not listen any more."""
        self._write(connections.end_subscriptions, list(ids))

    def end(self, connection_ids: Iterable[str]) -> None:
        """Note that these connections are gone."""
        self._write(connections.end_connections, list(connection_ids))

    def changed(self, since: datetime | None) -> tuple[list[Any], list[Any]]:
        """The connections and the subscriptions that came or went since then; None: all that stand."""
        return self._read(lambda: (connections.changed_connections(since), connections.changed_subscriptions(since)))

    def hold_lease(self, holder: str, lasts: timedelta, which: int = 1) -> bool:
        """Take the lease or make it last on; False while another process holds it."""
        return self._write(connections.hold_lease, holder, lasts, which)

    def give_up_lease(self, holder: str) -> None:
        """Let another process take it at once."""
        self._write(connections.give_up_lease, holder)

    def told_until(self) -> dict[str, int]:
        """How far each stream was told."""
        return self._read(connections.told_until)

    def note_told(self, seqs: dict[str, int]) -> None:
        """Note how far streams were told."""
        self._write(connections.note_told, seqs)

    def begin_anew(self) -> None:
        """The database is of another epoch: how far streams were told means nothing now."""
        self._write(connections.forget_told)

    def sweep(self) -> list[str]:
        """Forget what ended a while ago; the connections that must be gone, though nobody said so."""
        self._write(connections.sweep)
        return self._read(connections.overdue)

    def _read(self, question: Callable[..., Result], *arguments: Any) -> Result:
        with self.context(), transaction(writes=False):
            return question(*arguments)

    def _write(self, change: Callable[..., Result], *arguments: Any) -> Result:
        with self.context(), transaction(writes=True) as session:
            result = change(*arguments)
            session.commit()
            return result
