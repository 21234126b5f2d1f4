"""What events and answers do to what is held of a channel, the one place where it changes. Rules 1 to 3.

Each method says whether it met one's own removal: then it stopped there, and the window is to be thrown away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from chat.client.events import Event, Missed, Row, event_of
from chat.client.streams import Window

Trace = Callable[..., None]
Tell = Callable[[Callable[[], Event]], None]


@dataclass
class Applying:
    """``seen`` hears of every message, ``tell`` of every event the program may like, ``trace`` of everything."""

    seen: Callable[[Row], None]
    tell: Tell
    trace: Trace
    me: str = ""

    def drain(self, window: Window) -> bool:
        """Apply the held events that follow the cursor."""
        return any(self._apply(window, event) for event in window.due())

    def merge(self, window: Window, since: int, rows: list[Row], seq: int, via: str) -> bool:
        """What changed after ``since``, up to ``seq``, counts as one event; newer held events follow it (rule 2)."""
        if since > window.cursor:
            window.behind = True
            return False
        if window.shown < 0:
            window.shown = seq
        if self._take(window, rows, via):
            return True
        if seq > window.cursor:
            window.catch_up(seq)
            self.trace("cursor", stream=window.stream, cursor=seq, via=via, low=window.low)
        window.shown = max(window.shown, seq)
        return self.drain(window)

    def replace(self, window: Window, rows: list[Row], seq: int, *, whole: bool) -> bool:
        """A page takes the place of what was held, and of the cursor (rule 2). ``whole``: nothing is older than it."""
        if window.shown < 0:
            window.shown = seq
        elif seq > window.shown:
            self.tell(partial(Missed, window.stream, window.shown))
        window.restart(seq)
        if self._take(window, rows, "page"):
            return True
        if not whole:
            window.low = min(row["seq"] for row in window.messages.values())
        window.shown = max(window.shown, seq)
        self.trace("cursor", stream=window.stream, cursor=seq, via="page", low=window.low)
        return self.drain(window)

    def acknowledge(self, window: Window, row: Row) -> None:
        """A message out of an acknowledgement: put in, and the cursor stays (rule 1)."""
        if window.cursor >= 0 and window.take(row):
            self.trace("row", stream=window.stream, row=row, via="ack")

    def trace_event(self, event: Row, **more: Any) -> None:
        """An event was applied."""
        place = {name: event[name] for name in ("stream", "prev", "seq")}
        self.trace("applied", **place, name=event["event"], **more)

    def _apply(self, window: Window, event: Row) -> bool:
        row, seq, shown = row_of(event), event["seq"], window.shown
        window.shown = max(shown, seq)
        if row is None:
            self.trace_event(event)
            return False
        before = window.find(row)
        window.take(row)
        self.trace_event(event, row=row, low=window.low)
        return self._took(window, row, before, news=seq > shown, after=shown)

    def _take(self, window: Window, rows: list[Row], via: str) -> bool:
        shown, cursor = window.shown, window.cursor
        for row in sorted(rows, key=lambda row: int(row["changed_seq"])):
            if is_member(row) and row["changed_seq"] <= cursor:
                continue  # perhaps a removal that was long ago
            before = window.find(row)
            if window.take(row):
                self.trace("row", stream=window.stream, row=row, via=via)
            if self._took(window, row, before, news=row["changed_seq"] > shown, after=shown):
                return True
        return False

    def _took(self, window: Window, row: Row, before: Row | None, *, news: bool, after: int) -> bool:
        if is_message(row):
            self.seen(row)
        if news:
            self.tell(partial(event_of, row, before, self.me, after))
        return is_member(row) and row["user_id"] == self.me and row["left_at"] is not None and window.as_member


def row_of(event: Row) -> Row | None:
    """What an event tells; None for a kind of event that is not known here."""
    row = event.get(event["event"])
    return row if isinstance(row, dict) and "changed_seq" in row else None


def is_message(row: Row) -> bool:
    return "client_msg_id" in row


def is_member(row: Row) -> bool:
    return "left_at" in row
