"""What the actions should come to, in plain dictionaries: a second opinion on every answer."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Room:
    """A channel as the model has it. ``members`` holds the roles of those in it; ``read`` outlives them."""

    id: str
    kind: str
    topic: str = ""
    archived: bool = False
    seq: int = 0
    posted: int = 0
    members: dict[str, str] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)

    def take(self) -> int:
        self.seq += 1
        return self.seq


@dataclass
class Post:
    """A message as the model has it."""

    id: str
    room: Room
    author: str
    seq: int
    text: str
    posted: int | None
    root: Post | None
    changed_seq: int = 0
    rev: int = 1
    replies: int = 0
    deleted: bool = False
    reactions: list[tuple[str, str]] = field(default_factory=list)


class Refused(Exception):
    """What is to be answered instead; its text is the code."""


@dataclass
class Model:
    """The workspace. ``roles`` are people's roles in it, ``names`` their usernames."""

    roles: dict[str, str]
    names: dict[str, str]
    own: dict[str, int]
    rooms: dict[str, Room] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    sent: dict[tuple[str, str], tuple[Post, tuple[Any, ...]]] = field(default_factory=dict)

    # Who may ---------------------------------------------------------------------------------------

    def sees(self, who: str, room: Room) -> bool:
        return who in room.members or (room.kind == "public" and self.roles[who] != "guest")

    def runs(self, who: str, room: Room) -> bool:
        return room.members.get(who) in ("owner", "admin") or self.roles[who] in ("owner", "admin")

    def need(self, who: str, room: Room, *needs: str, missing: str = "channel_not_found") -> None:
        """Refuse with the first of these that does not hold, after that one must see it at all."""
        holds = {
            "named": (room.kind in ("public", "private"), "forbidden"),
            "public": (room.kind == "public", "forbidden"),
            "member": (who in room.members, "not_in_channel"),
            "open": (not room.archived, "is_archived"),
            "runs": (self.runs(who, room), "forbidden"),
        }
        for true, code in [(self.sees(who, room), missing), *(holds[need] for need in needs)]:
            if not true:
                raise Refused(code)

    # Channels --------------------------------------------------------------------------------------

    def create(self, who: str, channel_id: str, kind: str, people: list[str]) -> Room:
        room = self.rooms[channel_id] = Room(channel_id, kind)
        room.take()
        for person in people:
            self.admit(room, person, "owner" if kind in ("public", "private") else "member", room.take())
        return room

    def admit(self, room: Room, who: str, role: str, seq: int) -> None:
        room.members[who], room.read[who] = role, seq
        self.own[who] += 1

    def add(self, who: str, room: Room, whom: str) -> bool:
        self.need(who, room)
        if who == whom and who not in room.members:
            self.need(who, room, "named", "public", "open")
        elif who != whom:
            self.need(who, room, "named", "member", "open")
        if whom in room.members:
            return False
        self.admit(room, whom, "member", room.take())
        return True

    def remove(self, who: str, room: Room, whom: str) -> bool:
        self.need(who, room, "named", "member" if who == whom else "runs")
        if whom not in room.members:
            raise Refused("user_not_found")
        del room.members[whom]
        room.take()
        self.own[whom] += 1
        return True

    def archive(self, who: str, room: Room) -> bool:
        self.need(who, room, "named", "runs")
        changed, room.archived = not room.archived, True
        room.seq += changed
        return changed

    def update(self, who: str, room: Room, topic: str, kind: str) -> bool:
        self.need(who, room, "named", "runs", "open")
        if (topic, kind) == (room.topic, room.kind):
            return False
        if (room.kind, kind) == ("private", "public"):
            raise Refused("forbidden")
        room.topic, room.kind = topic, kind
        room.take()
        return True

    # Messages --------------------------------------------------------------------------------------

    def may_send(
        self, who: str, room: Room, client_msg_id: str, text: str, root: Post | None, also: bool
    ) -> Post | None:
        """The message sent before under this id, or None where a new one may be posted."""
        print_of_it = (room.id, text, root and root.id, root is None or also)
        if known := self.sent.get((who, client_msg_id)):
            if known[1] != print_of_it:
                raise Refused("idempotency_mismatch")
            return known[0]
        self.need(who, room, "member", "open")
        if root and (root.room is not room or root.root or root.deleted):
            raise Refused("thread_not_found")
        return None

    def send(self, who: str, id: str, room: Room, client_msg_id: str, text: str, root: Post | None, also: bool) -> Post:
        seq, main = room.take(), root is None or also
        room.posted += main
        post = Post(id, room, who, seq, text, room.posted if main else None, root, changed_seq=seq)
        self.posts[id] = post
        self.sent[who, client_msg_id] = post, (room.id, text, root and root.id, main)
        if root:
            root.replies += 1
            root.changed_seq = room.take()
        if main:
            room.read[who] = max(room.read[who], seq)
        return post

    def edit(self, who: str, post: Post, text: str, base_rev: int | None) -> bool:
        self.need(who, post.room, missing="message_not_found")
        if post.author != who:
            raise Refused("forbidden")
        self.need(who, post.room, "member", "open")
        if post.deleted:
            raise Refused("message_not_found")
        if base_rev is not None and base_rev != post.rev:
            raise Refused("edit_conflict")
        if text == post.text:
            return False
        post.text, post.rev, post.changed_seq = text, post.rev + 1, post.room.take()
        return True

    def delete(self, who: str, post: Post) -> bool:
        room = post.room
        self.need(who, room, missing="message_not_found")
        moderates = room.kind in ("public", "private") and who in room.members and self.runs(who, room)
        if post.author != who and not moderates:
            raise Refused("forbidden")
        self.need(who, room, "member", "open")
        if post.deleted:
            return False
        post.text, post.reactions, post.deleted = "", [], True
        post.rev, post.changed_seq = post.rev + 1, room.take()
        if post.root:
            post.root.replies -= 1
            post.root.changed_seq = room.take()
        return True

    def react(self, who: str, post: Post, emoji: str, *, on: bool) -> bool:
        self.need(who, post.room, "member", "open", missing="message_not_found")
        if post.deleted:
            raise Refused("message_not_found")
        if ((emoji, who) in post.reactions) == on:
            return False
        (post.reactions.append if on else post.reactions.remove)((emoji, who))
        post.changed_seq = post.room.take()
        return True

    def mark_read(self, who: str, room: Room, seq: int, *, back: bool) -> bool:
        self.need(who, room, "member")
        seq = max(0, min(seq, room.seq))
        if seq == room.read[who] or (seq < room.read[who] and not back):
            return False
        room.read[who] = seq
        self.own[who] += 1
        return True

    # What is to be seen ----------------------------------------------------------------------------

    def named(self, post: Post) -> set[str]:
        spoken = re.sub(r"`[^`]*`", "", post.text)
        return {who for who, name in self.names.items() if f"@{name}" in spoken}

    def shown(self, post: Post) -> dict[str, Any]:
        reactions: dict[str, list[str]] = {}
        for emoji, who in post.reactions:
            reactions.setdefault(emoji, []).append(who)
        return {
            "id": post.id,
            "channel_id": post.room.id,
            "seq": post.seq,
            "changed_seq": post.changed_seq,
            "rev": post.rev,
            "posted": post.posted,
            "user_id": post.author,
            "text": post.text,
            "thread_id": post.root and post.root.id,
            "also_to_channel": bool(post.root) and post.posted is not None,
            "reply_count": post.replies,
            "reactions": [{"emoji": emoji, "count": len(who), "user_ids": who} for emoji, who in reactions.items()],
            "mentions": self.named(post),
            "everyone": "@channel" in post.text,
        }

    def in_main_line(self, room: Room) -> list[Post]:
        mine = [post for post in self.posts.values() if post.room is room and post.posted is not None]
        return sorted(mine, key=lambda post: post.seq)

    def missed(self, who: str, room: Room) -> dict[str, int]:
        news = [
            post
            for post in self.in_main_line(room)
            if post.seq > room.read[who] and post.author != who and not post.deleted
        ]
        return {
            "last_read_seq": room.read[who],
            "unread": len(news),
            "mentions": sum("@channel" in post.text or who in self.named(post) for post in news),
            "posted": room.posted,
            "seq": room.seq,
        }
