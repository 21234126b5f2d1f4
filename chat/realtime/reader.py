"""What the dispatcher and the rooms read from the database, each call in one snapshot of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from chat import journal
from chat.actions import audience, sessions, sync
from chat.actions.audience import Place
from chat.actors import Workspace
from chat.database import begun
from chat.journal import Event

Result = TypeVar("Result")


@dataclass(frozen=True)
class DatabaseReader:
    """``context`` opens the database for what is asked inside."""

    context: Callable[[], AbstractContextManager[Any]]
    workspace: Workspace

    def heads(self, stream_ids: Iterable[str]) -> dict[str, int]:
        """Where these streams stand."""
        return {stream: head.seq for stream, head in self._read(journal.heads, list(stream_ids)).items()}

    def changes(self, stream_id: str, after: int, limit: int) -> tuple[list[Event], int]:
        """The next changes of a stream in order, and its head."""
        changes = self._read(sync.read_changes, stream_id, after, limit)
        return changes.events, changes.seq

    def epoch(self) -> str:
        """The deployment's epoch."""
        return self._read(sync.find_epoch)

    def sessions_ended_since(self, moment: datetime) -> list[str]:
        """The sessions ended since then, wherever that was."""
        return self._read(sessions.ended_since, moment)

    def sessions_that_hold(self, session_ids: Iterable[str]) -> set[str]:
        """Which of these sessions hold now."""
        return self._read(sessions.live_among, self.workspace, list(session_ids))

    def members_among(self, channel_id: str, user_ids: Iterable[str]) -> set[str]:
        """Who of these is in a channel."""
        return self._read(audience.members_among, channel_id, list(user_ids))

    def channels_of(self, user_id: str) -> list[str]:
        """The channels someone is in."""
        return self._read(audience.channels_of, user_id)

    def place_of(self, channel_id: str, user_id: str) -> Place | None:
        """This person's place in a channel, if they are in it."""
        return self._read(audience.place_of, channel_id, user_id)

    def public_channels(self) -> set[str]:
        """The channels that everyone may read now."""
        return self._read(audience.public_channels)

    def find_session(self, secret: str, kind: str) -> tuple[str, str] | None:
        """The session that a cookie's or token's secret opens, and whose it is."""
        return self._read(sessions.find, secret, kind)

    def _read(self, question: Callable[..., Result], *arguments: Any) -> Result:
        with self.context(), begun(writes=False):
            return question(*arguments)
