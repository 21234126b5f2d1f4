"""The events of a client, as its program takes them: one after the other."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator

from chat.client.events import Event


class Events:
    """What happens, in order, from when this was made; waits for the next, and ends when the client is closed."""

    def __init__(self, timeout: float | None) -> None:
        self._timeout = timeout
        self._told: queue.SimpleQueue[Callable[[], Event] | Exception | None] = queue.SimpleQueue()

    def put(self, event: Callable[[], Event]) -> None:
        """Something happened; what it is is made when it is taken."""
        self._told.put(event)

    def end(self, error: Exception | None = None) -> None:
        """Nothing more will happen."""
        self._told.put(error)

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        try:
            told = self._told.get(timeout=self._timeout)
        except queue.Empty:
            raise StopIteration from None
        if callable(told):
            return told()
        self._told.put(told)  # for whoever asks once more
        raise told or StopIteration
