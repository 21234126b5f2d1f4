"""Goes through the histories line by line and holds each client to the client rules and to the truth.

What it keeps of a client is its cursor in each stream, the lower end of its window, and at which number it holds each
row. The invariants are those of docs/reliability.md: I4, I5, I8, I10 as they happen, I6 and I11 in the lines `holds`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.anomalies import Anomalies
from tests.faults.history import Place, read_histories
from tests.faults.truth import FOREVER, Post, Truth, Version

CLOCK_STEP = 0.01  # seconds; the database and the histories look at the clock at different moments


class Feed:
    """What one client knows of one stream."""

    __slots__ = ("client", "cursor", "held", "low", "numbers", "pages", "passed", "start", "stream", "user", "versions")

    def __init__(self, client: str, user: str, stream: str, truth: Truth) -> None:
        self.client, self.user, self.stream = client, user, stream
        self.versions: dict[int, Version] = truth.versions.get(stream, {})
        self.start = truth.starts.get(stream, 0)
        self.forget()

    def forget(self) -> None:
        """Nothing is held, and nothing is owed."""
        self.cursor: int | None = None
        self.low: float = FOREVER
        self.held: dict[str, int] = {}
        self.passed: list[tuple[int, str]] = []  # (number, row) that the cursor passed and that must be held soon
        self.pages: list[tuple[float, int]] = []  # (from place, at number): pages that must be held soon


@dataclass
class Happening:
    """Something asked, or how it came out."""

    line: dict[str, Any]
    place: Place


@dataclass
class Replay:
    """``since`` and ``until`` cut out one epoch; what was asked and answered before counts in every later one."""

    truth: Truth
    anomalies: Anomalies
    since: float = -FOREVER
    until: float = FOREVER
    feeds: dict[tuple[str, str], Feed] = field(default_factory=dict)
    asks: dict[str, Happening] = field(default_factory=dict)
    outcomes: dict[str, Happening] = field(default_factory=dict)  # the last one of each: a failed send may yet arrive
    counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))  # client -> what it did
    reached: dict[str, dict[int, float]] = field(default_factory=lambda: defaultdict(dict))  # when the last one had it

    def read(self, paths: Iterable[Path]) -> None:
        """Every line of every history."""
        self.places: dict[str, Post] = {post.id: post for post in self.truth.posts}
        self.leaked: set[tuple[str, str, int]] = set()
        handlers = {
            "told": self.on_told,
            "applied": self.on_applied,
            "row": self.on_row,
            "cursor": self.on_cursor,
            "holds": self.on_holds,
        }
        for path, number, line in read_histories(paths):
            self.path, self.number = path, number
            do, moment = line["do"], line["t"]
            if moment > self.until:
                continue
            self.counts[line["client"]][do] += 1
            if do == "ask":
                self.asks[line["uuid"]] = Happening(line, Place(path, number))
            elif do in ("ok", "refused"):
                self.outcomes[line["uuid"]] = Happening(line, Place(path, number))
            elif moment >= self.since and (handler := handlers.get(do)):
                key = line["client"], line["stream"]
                feed = self.feeds.get(key)
                if feed is None:
                    feed = self.feeds[key] = Feed(line["client"], line["user"], line["stream"], self.truth)
                handler(feed, line)

    # Lines -----------------------------------------------------------------------------------------

    def on_told(self, feed: Feed, line: dict[str, Any]) -> None:
        """A frame arrived. Its number must have been committed, and its hearer must have been allowed to hear it."""
        seq = line["seq"]
        if seq not in feed.versions and seq > feed.start:
            self.wrong("dirty read", feed, seq, f"{line['name']} {seq} was told and never committed")
        if feed.stream in self.truth.closed_since:
            self.check_leak(feed, seq, line["t"])

    def on_applied(self, feed: Feed, line: dict[str, Any]) -> None:
        """An event was accepted: it must follow, be true at its number, and leave nothing out."""
        seq, prev, cursor = line["seq"], line["prev"], feed.cursor
        version = feed.versions.get(seq)
        if version is None:
            if seq > feed.start:
                self.wrong("dirty read", feed, seq, f"{line['name']} {seq} was applied and never committed")
        elif version.kind != line["name"] or (
            version.digest and (version.row != line["row"] or version.digest != line["digest"])
        ):
            self.wrong("dirty read", feed, seq, f"{line['name']} {line.get('row')} was not so at {seq}")
        if feed.stream in self.truth.closed_since:
            self.check_leak(feed, seq, line["t"])
        row = version.row if version else line.get("row") or ""
        before = feed.held.get(row, -1)
        if seq > before:
            feed.held[row] = seq
        if line.get("low") is not None:
            feed.low = line["low"]
        self.settle(feed)
        if cursor is not None and seq <= cursor:
            if before >= seq:
                self.wrong("duplicate", feed, seq, f"{seq} was applied again, with the cursor at {cursor}")
            else:
                self.wrong("misordered", feed, seq, f"{seq} was applied after {cursor}")
            return
        if cursor is not None and seq > cursor + 1:
            self.pass_by_event(feed, cursor, prev, seq)
        feed.cursor = seq
        reached = self.reached[feed.stream]
        reached[seq] = max(line["t"], reached.get(seq, 0.0))

    def on_row(self, feed: Feed, line: dict[str, Any]) -> None:
        """A row was taken from an answer."""
        row, number = line["row"], line["changed_seq"]
        version = feed.versions.get(number)
        if (version is None and number > feed.start) or (
            version and (version.row != row or version.digest != line["digest"])
        ):
            self.wrong("dirty read", feed, number, f"{row} in an answer ({line['via']}) was not so at {number}")
        if feed.stream in self.truth.closed_since:
            self.check_leak(feed, number, line["t"])
        if number > feed.held.get(row, -1):
            feed.held[row] = number
        if line["via"] == "sync":
            reached = self.reached[feed.stream]
            reached[number] = max(line["t"], reached.get(number, 0.0))

    def on_cursor(self, feed: Feed, line: dict[str, Any]) -> None:
        """The cursor moved otherwise than by an event."""
        cursor, via = line["cursor"], line["via"]
        if cursor < 0 or via == "purge":
            feed.forget()
            return
        self.settle(feed)
        before, feed.cursor = feed.cursor, cursor
        if line.get("low") is not None:
            feed.low = line["low"]
        elif feed.low == FOREVER:
            feed.low = cursor + 1  # whatever else is held, what comes from now on is
        if via == "page":
            feed.pages.append((feed.low, cursor))
        elif via in ("since", "sync") and before is not None:
            if cursor < before:
                self.wrong("misordered", feed, cursor, f"an answer ({via}) moved the cursor from {before} to {cursor}")
            self.pass_by_answer(feed, before, cursor)

    def on_holds(self, feed: Feed, line: dict[str, Any]) -> None:
        """What a client holds when all is quiet must be what there is."""
        if line["cursor"] < 0:
            return
        if line.get("low") is not None:
            feed.low = line["low"]
        self.settle(feed)
        head = self.truth.heads.get(feed.stream)
        if line["cursor"] != head:
            self.wrong("stale at rest", feed, head, f"the cursor is {line['cursor']}, the head {head}")
        self.check_rows(feed, line.get("rows") or {})
        counts = self.truth.counts.get((feed.user, feed.stream))
        if (read := line.get("read")) and counts and self.truth.is_member(feed.stream, feed.user):
            shown = {name: read[name] for name in counts}
            if shown != counts:
                self.wrong("wrong count", feed, head, f"it counts {shown}, a recount {counts}")

    # Rules -----------------------------------------------------------------------------------------

    def check_rows(self, feed: Feed, rows: dict[str, tuple[int, str]]) -> None:
        """The rows held at rest are those of the database, and all of the window's are held."""
        final = self.truth.digests.get(feed.stream, {})
        if rows and feed.stream in self.truth.closed_since and not self.truth.is_member(feed.stream, feed.user):
            self.wrong("stale at rest", feed, None, f"{len(rows)} rows are kept of a channel one is not in any more")
        for row, (number, said) in rows.items():
            if row not in final:
                self.wrong("dirty read", feed, number, f"{row} is held and is not there")
            elif said != final[row]:
                self.wrong("stale at rest", feed, number, f"{row} is held as of {number} and is not so any more")
        for post in self.truth.main_line(feed.stream, feed.low):
            if post.id not in rows:
                self.wrong("stale at rest", feed, post.seq, f"message {post.id} ({post.seq}) is not held")

    def pass_by_event(self, feed: Feed, cursor: int, prev: int, seq: int) -> None:
        """An event of a later number came: what lies between was overtaken, says the server by its ``prev``.

        Of what lies before ``prev`` the server said nothing: whoever applies it all the same must hold it already.
        """
        for number in range(cursor + 1, seq):
            version = feed.versions.get(number)
            if version is None or feed.held.get(version.row, -1) >= number:
                continue
            if number <= prev or not self.is_overtaken(feed, version, seq):
                feed.passed.append((number, version.row))

    def is_overtaken(self, feed: Feed, version: Version, by: int) -> bool:
        """Whether the row changed again, under a number that is still to come."""
        if self.truth.last(feed.stream, version.row) > by:
            return True
        # Someone who left a channel is not told how far they had read it.
        channel = version.row.replace("read:", "channel:") if version.kind == "read" else ""
        return bool(channel) and self.truth.last(feed.stream, channel) > version.number

    def pass_by_answer(self, feed: Feed, before: int, cursor: int) -> None:
        """What changed up to the answer's number was in it, as far as it lies in the window."""
        if feed.stream == feed.user:
            return
        for number in range(before + 1, cursor + 1):
            version = feed.versions.get(number)
            if version and version.kind == "message" and feed.held.get(version.row, -1) < number:
                post = self.places.get(version.row)
                in_window = post and post.in_main_line and post.seq >= feed.low
                if in_window and self.truth.last(feed.stream, version.row) <= cursor:
                    feed.passed.append((number, version.row))

    def settle(self, feed: Feed) -> None:
        """What a cursor passed must be held by now. A client may write rows and cursor of one answer in any order."""
        for low, at in feed.pages:
            for post in self.truth.main_line(feed.stream, max(low, feed.low), at):
                number = self.truth.last(feed.stream, post.id, at)
                if feed.held.get(post.id, -1) < number and self.truth.last(feed.stream, post.id) <= at:
                    self.wrong("skipped", feed, number, f"a page read at {at} had not {post.id} as of {number}")
        for number, row in feed.passed:
            if feed.held.get(row, -1) < number:
                post = self.places.get(row)
                if post is None or post.seq >= feed.low or post.seq == number:
                    self.wrong("skipped", feed, number, f"the cursor passed {number} ({row}), which was not held")
        feed.pages, feed.passed = [], []

    def check_leak(self, feed: Feed, number: int, moment: float) -> None:
        """Whoever was not in a private channel at a number hears of it only after coming (back) in."""
        if number < self.truth.closed_since[feed.stream]:
            return
        for stay in self.truth.stays.get((feed.stream, feed.user), ()):
            if stay.left >= number and (stay.joined <= number or stay.since - CLOCK_STEP <= moment):
                return
        if (feed.client, feed.stream, number) not in self.leaked:
            self.leaked.add((feed.client, feed.stream, number))
            self.wrong("leak", feed, number, f"{number} reached {feed.client}, whose person {feed.user} was not in")

    def wrong(self, kind: str, feed: Feed, number: int | None, text: str) -> None:
        place = Place(self.path, self.number)
        self.anomalies.add(
            kind, f"{feed.client}: {text}", place=place, client=feed.client, stream=feed.stream, number=number
        )
