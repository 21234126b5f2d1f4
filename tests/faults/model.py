"""A run that never happened: a tiny seeded model of people, a server and their clients, whose histories are all good.

The checker's own tests take one, break one thing in it, and see whether that is noticed.
"""

from __future__ import annotations

import json
import random
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults.history import digest, row_name
from tests.faults.snapshot import Snapshots
from tests.faults.truth import Post, Truth

TOWN, DEN = "town", "den"  # open to everyone; private
CLIENTS = {"ana-1": "ana", "bo-1": "bo", "bo-2": "bo", "cleo-1": "cleo"}


@dataclass
class Client:
    """One page: what it holds of each channel, and whether it hears anything just now."""

    name: str
    user: str
    online: bool = True
    cursors: dict[str, int] = field(default_factory=dict)
    lows: dict[str, int] = field(default_factory=dict)
    rows: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: defaultdict(dict))
    lines: list[dict[str, Any]] = field(default_factory=list)


class World:
    """Everything that happened in one run of ``steps`` actions."""

    def __init__(self, seed: int = 1, steps: int = 200) -> None:
        self.random = random.Random(seed)
        self.clock = 1000.0
        self.truth = Truth()
        self.snapshots: Snapshots = {}
        self.clients = {name: Client(name, user) for name, user in CLIENTS.items()}
        for channel, kind, people in ((TOWN, "public", ("ana", "bo", "cleo")), (DEN, "private", ("ana", "bo"))):
            row = {"id": channel, "name": channel, "topic": "", "kind": kind, "archived_at": None}
            self.commit(channel, row)
            for user in people:
                self.admits(channel, user)
        for client in self.clients.values():
            for channel in (TOWN, DEN):
                self.looks_at(client, channel)
        for step in range(steps):
            self.step(step, steps)
        for client in self.clients.values():
            self.comes_back(client)
        self.rests()

    # What happens ----------------------------------------------------------------------------------

    def step(self, step: int, steps: int) -> None:
        """One thing that somebody does, or that befalls them."""
        if step == steps // 4:
            self.admits(DEN, "cleo")
            self.looks_at(self.clients["cleo-1"], DEN)
        elif step == steps // 2:
            self.removes(DEN, "cleo")
        elif step == steps * 3 // 4:
            self.admits(DEN, "cleo")
            self.looks_at(self.clients["cleo-1"], DEN)
        client = self.random.choice(list(self.clients.values()))
        if self.random.random() < 0.1:
            if client.online:
                client.online = False
                self.note(client, "disconnected")
            else:
                self.comes_back(client)
        if client.online:
            self.acts(client)

    def acts(self, client: Client) -> None:
        """Someone sends, replies, edits, reacts or deletes; most is acknowledged, some is refused or never answered."""
        channel = TOWN if not self.is_in(DEN, client.user) else self.random.choice((TOWN, DEN))
        posts = [row for row in self.rows(channel) if row["deleted_at"] is None and row["thread_id"] is None]
        mine = [row for row in posts if row["user_id"] == client.user]
        action = self.random.choice(("message", "message", "message", "reply", "edit", "addReaction", "delete"))
        if action in ("edit", "delete") and mine:
            changed = dict(self.random.choice(mine))
        elif action in ("reply", "addReaction") and posts:
            changed = dict(self.random.choice(posts))
        else:
            changed, action = {}, "message"
        key = str(uuid.UUID(int=self.random.getrandbits(128)))
        text = f"text {key[:8]} \u2028 é 🎉"
        asked = {"uuid": key, "channel_id": channel, "action": "message" if action == "reply" else action}
        if asked["action"] == "message":
            self.note(client, "ask", **asked, client_msg_id=key, text=text)
        else:
            self.note(client, "ask", **asked, message_id=changed["id"], text=text, emoji="🎉")
        fate = self.random.choice(("ok",) * 8 + ("refused", "unknown", "unheard"))
        if fate == "refused":
            self.note(client, "refused", uuid=key, code="forbidden")
        elif fate != "unheard":
            row = self.change(channel, client.user, action, changed, key, text)
            if fate == "ok":
                self.takes(client, channel, row, "ack")
                self.note(client, "ok", uuid=key, id=row["id"], seq=row["changed_seq"])

    def change(self, channel: str, user: str, action: str, row: dict[str, Any], key: str, text: str) -> dict[str, Any]:
        """The server does what was asked; a reply changes the message that it answers, too."""
        if action in ("message", "reply"):
            place = self.truth.heads[channel] + 1
            new = {
                "id": f"m-{key[:8]}",
                "seq": place,
                "rev": 1,
                "user_id": user,
                "client_msg_id": key,
                "text": text,
                "thread_id": row["id"] if action == "reply" else None,
                "reply_count": 0,
                "deleted_at": None,
                "reactions": [],
                "mentions": self.random.sample(["ana", "bo", "cleo"], self.random.randint(0, 1)),
            }
            self.truth.posts.append(
                Post(new["id"], channel, place, user, key, new["thread_id"], action == "message", deleted=False)
            )
            self.commit(channel, new)
            if action == "reply":
                self.commit(channel, {**row, "reply_count": row["reply_count"] + 1})
            return new
        if action == "edit":
            row |= {"text": text, "rev": row["rev"] + 1}
        elif action == "delete":
            row |= {"text": "", "rev": row["rev"] + 1, "deleted_at": "now", "reactions": [], "mentions": []}
            at = next(at for at, post in enumerate(self.truth.posts) if post.id == row["id"])
            self.truth.posts[at] = self.truth.posts[at]._replace(deleted=True)
        else:
            users = {user, *(each for reaction in row["reactions"] for each in reaction["user_ids"])}
            row["reactions"] = [{"emoji": "🎉", "user_ids": sorted(users)}]
        self.commit(channel, row)
        return row

    def admits(self, channel: str, user: str) -> None:
        self.commit(channel, {"user_id": user, "role": "member", "left_at": None})
        self.record(user, "channel_joined", f"channel:{channel}", {"left_at": None})

    def removes(self, channel: str, user: str) -> None:
        self.commit(channel, {"user_id": user, "role": "member", "left_at": "now"})
        self.record(user, "channel_left", f"channel:{channel}", {"left_at": "now"})
        for client in self.clients.values():
            if client.user == user:
                self.purges(client, channel)

    def commit(self, channel: str, row: dict[str, Any]) -> None:
        """A row is stamped, stored, recorded and told."""
        row["changed_seq"] = self.truth.heads.get(channel, 0) + 1
        kind = "message" if "client_msg_id" in row else "member" if "left_at" in row else "channel"
        self.truth.final[channel][row_name(row)] = row
        self.record(channel, kind, row_name(row), row)

    def record(self, stream: str, kind: str, name: str, row: dict[str, Any]) -> None:
        number = self.truth.heads[stream] = self.truth.heads.get(stream, 0) + 1
        self.truth.record(stream, number, kind, name, json.dumps(row), self.clock)
        self.clock += 0.05
        for client in self.clients.values():
            if client.online and stream in client.cursors and (kind == "member" or self.is_in(stream, client.user)):
                self.hears(client, stream, kind, number, row)

    # What clients note -----------------------------------------------------------------------------

    def note(self, client: Client, do: str, **fields: Any) -> None:
        self.clock += 0.001
        client.lines.append({"t": self.clock, "client": client.name, "user": client.user, "do": do, **fields})

    def hears(self, client: Client, stream: str, name: str, number: int, row: dict[str, Any]) -> None:
        frame = {"stream": stream, "prev": number - 1, "seq": number, "name": name}
        self.note(client, "told", **frame)
        client.cursors[stream] = number
        client.rows[stream][row_name(row)] = row
        self.note(client, "applied", **frame, row=row_name(row), changed_seq=number, digest=digest(row))

    def takes(self, client: Client, channel: str, row: dict[str, Any], via: str) -> None:
        client.rows[channel][row_name(row)] = row
        number = row["changed_seq"]
        self.note(client, "row", stream=channel, row=row_name(row), changed_seq=number, digest=digest(row), via=via)

    def looks_at(self, client: Client, channel: str) -> None:
        """The latest page, if one may."""
        if client.online and self.is_in(channel, client.user):
            page = [row for row in self.rows(channel) if row["thread_id"] is None][-10:]
            client.cursors[channel] = self.truth.heads[channel]
            client.lows[channel] = page[0]["seq"] if len(page) == 10 else 0
            cursor = {"stream": channel, "cursor": client.cursors[channel], "low": client.lows[channel], "via": "page"}
            self.note(client, "cursor", **cursor)
            for row in page:
                self.takes(client, channel, row, "page")

    def comes_back(self, client: Client) -> None:
        """After a while without a connection: what changed, and the cursor behind it."""
        client.online = True
        self.note(client, "connected")
        for channel, cursor in list(client.cursors.items()):
            if not self.is_in(channel, client.user):
                self.purges(client, channel)
                continue
            for row in sorted(self.truth.final[channel].values(), key=lambda row: row["changed_seq"]):
                if row["changed_seq"] > cursor:
                    self.takes(client, channel, row, "since")
            client.cursors[channel] = self.truth.heads[channel]
            self.note(client, "cursor", stream=channel, cursor=client.cursors[channel], via="since")
        if DEN not in client.cursors:
            self.looks_at(client, DEN)

    def purges(self, client: Client, channel: str) -> None:
        if client.cursors.pop(channel, None) is not None:
            client.rows[channel] = {}
            self.note(client, "cursor", stream=channel, cursor=-1, via="purge")

    def rests(self) -> None:
        """Everyone is there and has everything; so has REST."""
        for channel in (TOWN, DEN):
            for user in ("ana", "bo", "cleo"):
                others = [row for row in self.rows(channel) if row["user_id"] != user and row["deleted_at"] is None]
                unread = [row for row in others if row["thread_id"] is None]
                mentions = sum(user in row["mentions"] for row in unread)
                self.truth.counts[user, channel] = {"unread": len(unread), "mentions": mentions}
                messages = [row for row in self.rows(channel) if row["thread_id"] is None]
                seq, read = self.truth.heads[channel], dict(self.truth.counts[user, channel])
                self.snapshots.setdefault(user, {})[channel] = {"messages": messages, "seq": seq, "read": read}
        self.truth.posts.sort(key=lambda post: (post.channel_id, post.seq))
        for client in self.clients.values():
            for channel, cursor in client.cursors.items():
                rows = {name: [row["changed_seq"], digest(row)] for name, row in client.rows[channel].items()}
                read = dict(self.truth.counts[client.user, channel])
                held = {"cursor": cursor, "low": client.lows[channel], "rows": rows, "read": read}
                self.note(client, "holds", stream=channel, **held)

    # What there is ---------------------------------------------------------------------------------

    def rows(self, channel: str) -> list[dict[str, Any]]:
        """The messages of a channel as they are, in order."""
        found = [row for row in self.truth.final[channel].values() if "client_msg_id" in row]
        return sorted(found, key=lambda row: row["seq"])

    def is_in(self, channel: str, user: str) -> bool:
        return self.truth.is_member(channel, user)

    def write(self, folder: Path) -> list[Path]:
        """The histories as files, one a client."""
        paths = [folder / f"{name}.jsonl" for name in self.clients]
        for path, client in zip(paths, self.clients.values(), strict=True):
            path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in client.lines))
        return paths
