"""Keeps what is held of every followed channel equal to what the server has: when to ask, and which answers count.

What an event or an answer does to what is held stands in applying.py. Rules 1 to 4 of docs/protocol.md.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

from chat.client.applying import Applying, is_member, row_of
from chat.client.connection import Connection, backoff
from chat.client.errors import Refused
from chat.client.events import Channel, Joined, Left, Missed, Row
from chat.client.streams import Feed, Window

GAP_SECONDS = 0.25
HEADS_SECONDS = 2.0
PAGE = 50
LIMITS = {"page": 200, "streams": 200}  # where hello says nothing else


@dataclass(eq=False)
class Follow:
    """A channel that is followed. A purge gives it a new window, by which answers about the old one are known."""

    window: Window
    by_name: bool = False  # whether one is a member or not
    state: Literal["idle", "asking", "live"] = "idle"
    tries: int = 0
    anew: bool = False  # take a page, whatever is held
    let_in: bool = False  # just now, so what was said since is news


@dataclass
class Following:
    """Everything is called under the client's lock; ``changed`` is notified when a channel is live."""

    connection: Connection
    applying: Applying
    changed: threading.Condition
    everywhere: bool  # follow every channel that one is in
    keep: int | None
    list_channels: Callable[[], list[Row]]  # asks for the whole list over REST; waits for it

    def __post_init__(self) -> None:
        self.epoch: str | None = None
        self.limits = LIMITS
        self.own = Feed("")
        self.mine: dict[str, Row] = {}
        self._unlisted: set[str] | None = None  # while the list is on its way: channels that came or went meanwhile
        self.follows: dict[str, Follow] = {}
        self._syncing = self._sync_due = self._heads_due = False
        self._sync_tries = 0

    @property
    def current(self) -> bool:
        """Every followed channel is live."""
        is_listed = self.connection.greeted and self._unlisted is None
        return is_listed and all(follow.state == "live" for follow in self.follows.values())

    def follow(self, channel_id: str) -> None:
        """Follow a channel, as a member or not."""
        self._add(channel_id).by_name = True
        self._subscribe(self.follows[channel_id])

    def unfollow(self, channel_id: str) -> None:
        """Follow a channel no more, until it is asked for or one is let in again."""
        follow = self.follows.pop(channel_id, None)
        if follow and follow.state != "idle":
            self.connection.ask("unsubscribe", {"channel_id": channel_id}, lambda *_: None)

    def find(self, channel_id: str) -> Window | None:
        """What is held of a channel."""
        follow = self.follows.get(channel_id)
        return follow.window if follow else None

    def lost(self) -> None:
        """The connection is gone; what is held stays."""
        self._syncing = self._sync_due = self._heads_due = False
        self._unlisted = None
        for follow in self.follows.values():
            follow.state = "idle"

    def _add(self, channel_id: str) -> Follow:
        if channel_id not in self.follows:
            self.follows[channel_id] = Follow(Window(channel_id, keep=self.keep))
        return self.follows[channel_id]

    # What is told --------------------------------------------------------------------------------

    def on_event(self, event: Row) -> None:
        """A durable event, live or told again."""
        if event["stream"] == self.own.stream:
            self.own.hear(event)
            self._drain_own()
        elif follow := self.follows.get(event["stream"]):
            follow.window.hear(event)
            self._settle(follow, removed=follow.window.cursor >= 0 and self.applying.drain(follow.window))

    def on_hello(self, hello: Row) -> None:
        """The first thing told on a connection: one's channels, and the number of the own stream (rule 4)."""
        self.limits = LIMITS | hello.get("limits", {})
        if self.epoch != hello["epoch"]:
            self._forget()
            self.epoch, self.own = hello["epoch"], Feed(hello["stream"])
            self.applying.me = hello["stream"]
        if hello["seq"] < self.own.cursor:
            self.own.behind = True
        else:
            self.own.behind = False
            self.own.catch_up(hello["seq"])
            self._move_own("hello")
            self._list({row["id"]: row for row in hello["channels"]}, is_whole=not hello.get("truncated"))
        for follow in list(self.follows.values()):
            self._subscribe(follow)
        self._drain_own()

    def on_heads(self, heads: dict[str, int]) -> None:
        """What the server follows for this connection, and how far it is (rules 3 and 4)."""
        for id, follow in list(self.follows.items()):
            if follow.state == "live" and id not in heads:
                follow.state = "idle"
                self._subscribe(follow)
        if not self._heads_due:
            self._heads_due = True
            self.connection.after(HEADS_SECONDS, lambda: self._compare(heads))

    def _compare(self, heads: dict[str, int]) -> None:
        self._heads_due = False
        for feed in self._feeds():
            feed.behind = feed.behind or heads.get(feed.stream, 0) > feed.cursor
            self._notice(feed)

    def _settle(self, follow: Follow, *, removed: bool) -> None:
        if removed:
            self._purge(follow)
        else:
            self._notice(follow.window)

    # Which channels ------------------------------------------------------------------------------

    def _drain_own(self) -> None:
        if self.connection.greeted:
            for event in self.own.due():
                self._apply_own(event)
            self._notice(self.own)

    def _apply_own(self, event: Row) -> None:
        self.applying.trace_event(event)
        if event["event"] == "channel_joined":
            self._joined(event["channel"])
        elif event["event"] == "channel_left":
            self._left(event["channel_id"])

    def _move_own(self, via: str) -> None:
        self.applying.trace("cursor", stream=self.own.stream, cursor=self.own.cursor, via=via)

    def _forget(self) -> None:
        """Numbers start to differ after a restore: nothing held under the old ones can be told from the new."""
        for follow in self.follows.values():
            if follow.window.cursor >= 0:
                self.applying.tell(partial(Missed, follow.window.stream, 0))
            self._purge(follow)

    def _list(self, channels: dict[str, Row], *, is_whole: bool = True) -> None:
        """Take a list of the channels that are mine; of one that is not whole, the rest is asked for over REST."""
        if not is_whole:
            self._unlisted = set()
            self.connection.aside(self.list_channels, self._on_listed)
        for id in self.mine.keys() - channels.keys() if is_whole else ():
            self._left(id)
        for id in channels.keys() - self.mine.keys():
            self.mine[id] = channels[id]
            if self.everywhere:
                self._add(id)

    def _on_listed(self, rows: list[Row]) -> None:
        """The whole list. It was read after hello, so what came or went since is known better already."""
        channels = {row["id"]: row for row in rows if row["role"]}
        for id in self._unlisted or ():
            channels.pop(id, None)
            if id in self.mine:
                channels[id] = self.mine[id]
        self._unlisted = None
        self._list(channels)
        for follow in list(self.follows.values()):
            self._subscribe(follow)
        self.changed.notify_all()

    def _joined(self, channel: Row) -> None:
        id = channel["id"]
        self._note_change(id)
        self.mine[id] = {**channel, "role": channel.get("role") or "member"}
        self.applying.tell(lambda: Joined(Channel.from_dict(self.mine[id])))
        if self.everywhere and id not in self.follows:
            self._add(id).let_in = True
        if follow := self.follows.get(id):
            follow.window.as_member = True
            self._subscribe(follow)

    def _left(self, channel_id: str) -> None:
        """Not mine any more; what is followed by name is asked for again."""
        self._note_change(channel_id)
        self.mine.pop(channel_id, None)
        if follow := self.follows.get(channel_id):
            self._purge(follow)
            if not follow.by_name:
                del self.follows[channel_id]
        self.applying.tell(partial(Left, channel_id))

    def _note_change(self, channel_id: str) -> None:
        if self._unlisted is not None:
            self._unlisted.add(channel_id)

    def _purge(self, follow: Follow) -> None:
        """Let go of what is held; an answer on its way is about what was."""
        held, follow.window = follow.window, Window(follow.window.stream, keep=self.keep)
        follow.state, follow.anew = "idle", False
        if held.cursor >= 0:
            self.applying.trace("cursor", stream=held.stream, cursor=-1, via="purge")
        self._subscribe_later(follow)

    # Subscribing ---------------------------------------------------------------------------------

    def _subscribe_later(self, follow: Follow, at_least: float = 0.0) -> None:
        if self.connection.greeted:
            self.connection.after(max(at_least, backoff(follow.tries)), lambda: self._subscribe(follow))
            follow.tries += 1

    def _subscribe(self, follow: Follow) -> None:
        window = follow.window
        id = window.stream
        if follow.state != "idle" or not self.connection.greeted or self.follows.get(id) is not follow:
            return
        follow.state, window.as_member = "asking", id in self.mine
        limit = PAGE if window.cursor < 0 else self.limits["page"]
        if window.cursor < 0 and (follow.let_in or self.keep is None):
            window.cursor = 0  # from the beginning: so nothing is left out, and it shows when one was let in
        since = None if follow.anew or window.cursor < 0 else window.cursor
        position = {} if since is None else {"since": since, "epoch": self.epoch}
        asked = {"channel_id": id, "limit": limit, **position}
        self.connection.ask("subscribe", asked, partial(self._on_subscribed, follow, window, limit, since))

    def _on_subscribed(
        self, follow: Follow, window: Window, limit: int, since: int | None, data: Row, refused: Refused | None
    ) -> None:
        if follow.window is not window or self.follows.get(window.stream) is not follow:
            return  # about what was before a purge, or is not followed any more
        if refused:
            self._on_refused(follow, refused)
        elif data["epoch"] != self.epoch:
            self.connection.restart()
        else:
            follow.state, follow.tries, follow.anew = "live", 0, False
            rows = [data["channel"], *data["members"], *data["messages"]]
            if since is None or data["limited"]:
                removed = self.applying.replace(window, rows, data["seq"], whole=len(data["messages"]) < limit)
            else:
                if follow.let_in:
                    window.shown = self._let_in_at(rows)
                removed = self.applying.merge(window, since, rows, data["seq"], "since")
            follow.let_in = False
            self._settle(follow, removed=removed)
            self.changed.notify_all()

    def _let_in_at(self, rows: list[Row]) -> int:
        """The number under which one became a member."""
        return next((row["changed_seq"] for row in rows if is_member(row) and row["user_id"] == self.own.stream), -1)

    def _on_refused(self, follow: Follow, refused: Refused) -> None:
        id = follow.window.stream
        follow.state = "idle"
        if refused.retryable or refused.session_ended:
            self._subscribe_later(follow, refused.retry_after)
            return
        if id not in self.mine:
            del self.follows[id]
            self.applying.tell(partial(Left, id, refused.code))
            self.changed.notify_all()
        self._purge(follow)  # and ask again while the own stream says that it is mine: it may only be behind

    # What is missing -----------------------------------------------------------------------------

    def _feeds(self) -> list[Feed]:
        """What can be synced: the own stream, and every live channel."""
        return [self.own, *(follow.window for follow in self.follows.values() if follow.state == "live")]

    def _notice(self, feed: Feed, seconds: float = GAP_SECONDS) -> None:
        if feed.has_gap and self.connection.greeted and not (self._syncing or self._sync_due):
            self._sync_due = True
            self.connection.after(seconds, self._sync)

    def _sync(self) -> None:
        self._sync_due = False
        missing = [feed for feed in self._feeds() if feed.has_gap][: self.limits["streams"]]
        if not missing:
            return
        self._syncing = True
        for feed in missing:
            feed.behind = False
        asked = {feed.stream: feed.cursor for feed in missing}
        self.connection.ask("sync", {"cursors": asked, "epoch": self.epoch}, partial(self._on_synced, missing, asked))

    def _on_synced(self, missing: list[Feed], asked: dict[str, int], data: Row, refused: Refused | None) -> None:
        self._syncing = False
        if refused:
            for feed in missing:
                feed.behind = True
            self._notice(missing[0], max(refused.retry_after, GAP_SECONDS + backoff(self._sync_tries)))
            self._sync_tries += 1
            return
        self._sync_tries = 0
        if data["epoch"] != self.epoch:
            self.connection.restart()
            return
        for feed in missing:
            changes, since = data["streams"].get(feed.stream, {"gone": True}), asked[feed.stream]
            follow = self.follows.get(feed.stream)
            if feed is self.own:
                self._on_own_changes(since, changes)
            elif follow and follow.window is feed and follow.state == "live":
                self._on_changes(follow, since, changes)
        for feed in self._feeds():
            self._notice(feed)

    def _on_changes(self, follow: Follow, since: int, changes: Row) -> None:
        if changes.get("gone"):
            self._purge(follow)
        elif "events" not in changes or changes["limited"]:
            follow.state, follow.anew = "idle", True
            self._subscribe(follow)
        else:
            rows = [row for event in changes["events"] if (row := row_of(event))]
            removed = self.applying.merge(follow.window, since, rows, changes["seq"], "sync")
            self._settle(follow, removed=removed)

    def _on_own_changes(self, since: int, changes: Row) -> None:
        if "events" not in changes or changes["limited"]:
            self.own.cursor = -1  # the next hello says everything anew
            self.connection.restart()
        elif since > self.own.cursor:
            self.own.behind = True
        else:
            for event in changes["events"]:
                if event["seq"] > self.own.cursor:
                    self._apply_own(event)
                    self.own.catch_up(event["seq"])
            if changes["seq"] > self.own.cursor:
                self.own.catch_up(changes["seq"])
                self._move_own("sync")
            self._drain_own()
