"""A client that follows the rules of docs/protocol.md to the letter: what every client must come to, whatever happens.

It holds one channel and its own stream, asks through ``ask`` (answers come back later, by ``on_answer``), and hears
frames in any order, twice, or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Ask = Callable[[str, dict[str, Any], dict[str, Any]], None]


class Feed:
    """The cursor of one stream, and the events that came before their turn."""

    def __init__(self, cursor: int) -> None:
        self.cursor = cursor
        self.held: dict[int, tuple[int, dict[str, Any]]] = {}


class Client:
    """The state of one open page."""

    def __init__(self, user_id: str, channel_id: str, ask: Ask) -> None:
        self.user_id, self.channel_id, self.ask = user_id, channel_id, ask
        self.generation = 0
        self.epoch: str | None = None
        self.own = Feed(-1)
        self.channel: Feed | None = None
        self.rows: dict[str, dict[str, Any]] = {}
        self.members: dict[str, dict[str, Any]] = {}
        self.low = 0  # the window's lower end: older messages are not held
        self.is_member = False
        self.read: dict[str, Any] | None = None
        self.disconnect()

    def disconnect(self) -> None:
        """The connection is gone; what is held stays, what was asked will not be answered."""
        self.greeted = self.subscribed = self.backing_off = False
        self.asked: set[str] = set()
        self.wanted: set[str] = set()

    def purge(self) -> None:
        """Forget the channel: it vanished, or another epoch began."""
        self.generation += 1
        self.channel, self.rows, self.members, self.subscribed = None, {}, {}, False
        self.asked -= {"subscribe", "sync"}

    # Events --------------------------------------------------------------------------------------

    def on_event(self, name: str, payload: dict[str, Any]) -> None:
        """A frame from the server."""
        if name == "hello":
            self.on_hello(payload)
        elif name == "heads":
            self.on_heads(payload)
        elif name == "activity":
            self.on_activity(payload)
        elif payload.get("stream") == self.user_id:
            self.own.held[payload["seq"]] = (payload["prev"], {"name": name, **payload})
            if self.greeted:
                self.drain(self.own, self.apply_own)
        elif payload.get("stream") == self.channel_id and self.channel and "subscribe" not in self.asked:
            self.channel.held[payload["seq"]] = (payload["prev"], {"name": name, **payload})
            self.drain(self.channel, self.apply_channel)
        elif payload.get("stream") == self.channel_id and self.channel:
            self.channel.held[payload["seq"]] = (payload["prev"], {"name": name, **payload})

    def on_hello(self, hello: dict[str, Any]) -> None:
        if self.epoch != hello["epoch"]:
            self.purge()
            self.epoch, self.read, self.own = hello["epoch"], None, Feed(-1)
        self.greeted = True
        mine = next((channel for channel in hello["channels"] if channel["id"] == self.channel_id), None)
        if hello["seq"] >= self.own.cursor:
            self.own.cursor = hello["seq"]
            self.is_member = mine is not None
            if mine is None:
                self.purge()
        if mine:
            self.count(mine["read"])
        self.drain(self.own, self.apply_own)

    def on_heads(self, heads: dict[str, int]) -> None:
        if heads[self.user_id] > self.own.cursor:
            self.wanted.add("own sync")
        if self.subscribed and self.channel_id not in heads and not self.asked & {"subscribe"}:
            self.subscribed = False
        if self.channel and self.subscribed and heads.get(self.channel_id, 0) > self.channel.cursor:
            self.wanted.add("sync")

    def drain(self, feed: Feed, apply: Callable[[dict[str, Any]], None]) -> None:
        """Apply what is held as far as it follows; what does not has a gap before it."""
        for seq in sorted(feed.held):
            if seq not in feed.held:
                continue
            prev, event = feed.held[seq]
            if seq <= feed.cursor:
                del feed.held[seq]
            elif prev <= feed.cursor:
                del feed.held[seq]
                feed.cursor = seq
                apply(event)

    def apply_own(self, event: dict[str, Any]) -> None:
        if event["name"] == "channel_joined" and event["channel"]["id"] == self.channel_id:
            self.is_member = True
            self.wanted.add("count")
        elif event["name"] == "channel_left" and event["channel_id"] == self.channel_id:
            self.is_member = False
            self.purge()
        elif event["name"] == "read" and event["channel_id"] == self.channel_id:
            self.count(event["read"])

    def apply_channel(self, event: dict[str, Any]) -> None:
        if message := event.get("message"):
            self.count_message(message)
            self.upsert(message)
        elif member := event.get("member"):
            self.upsert_member(member)

    def upsert(self, message: dict[str, Any]) -> None:
        held = self.rows.get(message["id"])
        if held is None and message["seq"] < self.low:
            return
        if held is None or message["changed_seq"] > held["changed_seq"]:
            self.rows[message["id"]] = message

    def upsert_member(self, member: dict[str, Any]) -> None:
        held = self.members.get(member["user_id"])
        if held is None or member["changed_seq"] > held["changed_seq"]:
            self.members[member["user_id"]] = member
        if member["user_id"] == self.user_id and member["left_at"]:
            self.purge()

    # Counts --------------------------------------------------------------------------------------

    def count(self, read: dict[str, Any] | None) -> None:
        """Take a count, unless a newer one is known; a crossed one asks."""
        if read is None:
            return
        known = self.read
        if known is None or (read["posted"] >= known["posted"] and read["seq"] >= known["seq"]):
            self.read = read
        elif not (read["posted"] <= known["posted"] and read["seq"] <= known["seq"]):
            self.wanted.add("count")

    def count_message(self, message: dict[str, Any]) -> None:
        if message["posted"] is None:
            return
        if message["rev"] > 1:
            self.wanted.add("count")
        news = {"posted": message["posted"], "seq": message["changed_seq"], "user_id": message["user_id"]}
        self.count_news({**news, "mentions": message["mentions"], "everyone": message["everyone"]})

    def on_activity(self, news: dict[str, Any]) -> None:
        if news["channel_id"] != self.channel_id:
            return
        if "posted" not in news:
            self.wanted.add("count")
        else:
            self.count_news(news)

    def count_news(self, news: dict[str, Any]) -> None:
        known = self.read
        if known is None or news["posted"] > known["posted"] + 1:
            self.wanted.add("count")
        elif news["posted"] == known["posted"] + 1:
            mine = news["user_id"] == self.user_id
            named = news["everyone"] or self.user_id in news["mentions"]
            self.read = {
                **known,
                "unread": 0 if mine else known["unread"] + 1,
                "mentions": 0 if mine else known["mentions"] + named,
                "posted": news["posted"],
                "seq": max(known["seq"], news["seq"]),
            }

    # Asking and being answered -------------------------------------------------------------------

    def step(self) -> bool:
        """Ask for one thing that is wanted; False when there is nothing to ask."""
        if not self.greeted:
            return False
        if self.channel and self.subscribed and self.channel.held:
            self.wanted.add("sync")
        if self.own.held:
            self.wanted.add("own sync")
        mark = {"generation": self.generation}
        if self.is_member and not self.subscribed and not self.backing_off and "subscribe" not in self.asked:
            since = {"since": self.channel.cursor, "epoch": self.epoch} if self.channel else {}
            self.channel = self.channel or Feed(-1)
            self.asked.add("subscribe")
            self.ask("subscribe", {"channel_id": self.channel_id, **since}, {**mark, **since})
        elif "sync" in self.wanted and self.channel and self.subscribed and "sync" not in self.asked:
            self.wanted.discard("sync")
            self.asked.add("sync")
            cursors = {self.channel_id: self.channel.cursor}
            self.ask("sync", {"cursors": cursors, "epoch": self.epoch}, {**mark, "since": self.channel.cursor})
        elif "own sync" in self.wanted and "own sync" not in self.asked:
            self.wanted.discard("own sync")
            self.asked.add("own sync")
            cursors = {self.user_id: self.own.cursor}
            self.ask("own sync", {"cursors": cursors, "epoch": self.epoch}, {"since": self.own.cursor})
        elif "count" in self.wanted and "count" not in self.asked:
            self.wanted.discard("count")
            self.asked.add("count")
            self.ask("count", {"channel_id": self.channel_id}, {})
        else:
            return False
        return True

    def on_answer(self, name: str, mark: dict[str, Any], answer: dict[str, Any]) -> None:
        """The acknowledgement of something asked on this connection."""
        if name == "count":
            self.asked.discard("count")
            if answer["ok"]:
                self.count(answer["data"]["channel"]["read"])
        elif name == "own sync":
            self.asked.discard("own sync")
            self.on_own_changes(mark, answer["data"]["streams"][self.user_id])
        elif mark["generation"] != self.generation or self.channel is None:
            return  # of an earlier subscription
        elif name == "subscribe":
            self.asked.discard("subscribe")
            self.on_subscribed(mark, answer)
        else:
            self.asked.discard("sync")
            self.on_changes(mark, answer["data"]["streams"][self.channel_id])

    def on_own_changes(self, mark: dict[str, Any], changes: dict[str, Any]) -> None:
        if mark["since"] > self.own.cursor:
            return
        for event in changes["events"]:
            if event["seq"] > self.own.cursor:
                self.own.cursor = event["seq"]
                self.apply_own({**event, "name": event["event"]})
        self.own.cursor = max(self.own.cursor, changes["seq"])
        self.drain(self.own, self.apply_own)

    def on_subscribed(self, mark: dict[str, Any], answer: dict[str, Any]) -> None:
        if not answer["ok"]:
            self.purge()
            self.backing_off = True  # refused though the own stream says member: it may only be behind
            return
        data = answer["data"]
        self.subscribed = True
        self.count(data["read"])
        if "since" not in mark or data["limited"]:
            self.replace(data["messages"], data["seq"])
        else:
            self.merge(mark["since"], data["messages"], data["members"], data["seq"])

    def on_changes(self, mark: dict[str, Any], changes: dict[str, Any]) -> None:
        if changes.get("gone"):
            self.purge()
        elif changes.get("limited") or changes.get("reset"):
            self.subscribed, self.channel = False, None
        else:
            messages = [event["message"] for event in changes["events"] if "message" in event]
            members = [event["member"] for event in changes["events"] if "member" in event]
            for message in messages:
                self.count_message(message)
            self.merge(mark["since"], messages, members, changes["seq"])

    def replace(self, messages: list[dict[str, Any]], seq: int) -> None:
        """A page takes the place of everything held, also when it is older than what was held."""
        assert self.channel
        older = seq < self.channel.cursor
        self.rows, self.low = {}, messages[0]["seq"] if messages else 0
        self.channel.cursor = seq
        for message in messages:
            self.upsert(message)
        if older:
            self.wanted.add("sync")
        self.drain(self.channel, self.apply_channel)

    def merge(self, since: int, messages: list[Any], members: list[Any], seq: int) -> None:
        """What changed since a cursor counts as one event with ``prev`` = since."""
        feed = self.channel
        assert feed
        if since > feed.cursor:
            self.wanted.add("sync")
            return
        for message in messages:
            self.upsert(message)
        for member in members:
            if member["changed_seq"] > feed.cursor:
                self.upsert_member(member)
                if self.channel is not feed:
                    return
        feed.cursor = max(feed.cursor, seq)
        self.drain(feed, self.apply_channel)
