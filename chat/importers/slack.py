"""Reads a Slack export: the zip's JSON as people, conversations and posts. It asks no database and writes nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chat.importers import slack_text
from chat.importers.archive import Archive
from chat.importers.export import BadExport, Conversation, Export, Person, Post
from chat.importers.loose import entries, entry, line, moment, text, words
from chat.importers.report import Report
from chat.importers.slack_parts import (
    attached_text,
    block_text,
    files_of,
    is_preview,
    pinned_at,
    reactions_of,
)

Raw = dict[str, Any]
SLACKBOT = "USLACKBOT"
LISTS = {"channels.json": "public", "groups.json": "private", "dms.json": "dm", "mpims.json": "group_dm"}
_ID = re.compile(r"[A-Za-z0-9]{1,30}\Z")
_TS = re.compile(r"(\d{1,11})\.(\d{1,6})\Z", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d\.json\Z", re.ASCII)
_SYSTEM = re.compile(
    r"(channel|group)_(?!message)\w+|bot_(add|remove|enable|disable)|(un)?pinned_item|reminder_add|huddle_thread"
    r"|tabbed_canvas_updated|app_conversation_(join|leave)\Z"
)
_RECORDS = {"message_changed", "message_deleted", "message_replied"}  # of changes; what they changed is there besides


def read(path: Path, report: Report) -> Export:
    """Everything in an export; raises BadExport with one line when it is none, or a broken one."""
    with Archive(path) as archive:
        reader = Reader(archive, report)
        return Export("slack", reader.people, reader.read(), slack_text.write)


@dataclass
class Reader:
    """Reads one archive. People the export does not list are made up when somebody quotes their id."""

    archive: Archive
    report: Report
    people: dict[str, Person] = field(default_factory=dict)
    bots: dict[str, str] = field(default_factory=dict)  # a bot's own id: its user's
    root: str = ""

    def read(self) -> list[Conversation]:
        self.root = find_root(self.archive)
        self.read_people()
        folders = self.find_days()
        conversations = []
        for name, kind in LISTS.items():
            if name == "channels.json" or self.root + name in self.archive.files:
                for raw in self.archive.read_list(self.root + name):
                    conversations.append(self.read_conversation(raw, kind, folders))
        for days in folders.values():
            self.report.skipped["files of days in folders of conversations that the export does not list"] += len(days)
        for conversation in conversations:
            self.make_up_people(conversation)
        return conversations

    # People ----------------------------------------------------------------------------------------

    def read_people(self) -> None:
        names = [self.root + name for name in ("users.json", "org_users.json")]
        for raw in self.archive.read_list(next(name for name in names if name in self.archive.files)):
            person = read_person(raw)
            self.people[person.key] = person
            if bot_id := text(entry(raw, "profile"), "bot_id"):
                self.bots[bot_id] = person.key

    def author_of(self, raw: Raw) -> str:
        """Who wrote a message: someone by id, a file comment's author, or a bot by its id and the name it took."""
        key = text(raw, "user") or text(entry(raw, "comment"), "user")
        if _ID.match(key):
            if key not in self.people:
                self.make_up(key, entry(raw, "user_profile"))
            return key
        bot_id = text(raw, "bot_id")
        name = line(raw, "username") or line(entry(raw, "bot_profile"), "name")
        listed = self.bots.get(bot_id)
        if listed and name in ("", self.people[listed].display_name, self.people[listed].username):
            return listed
        key = f"bot:{bot_id[:30]}:{name[:60]}"
        self.people.setdefault(key, Person(key, name or "bot", (name or "Bot")[:80], kind="bot"))
        return key

    def make_up(self, key: str, profile: Raw) -> None:
        """Someone whom the export does not list, with what the message tells of them; they cannot sign in."""
        if key == SLACKBOT:
            self.people[key] = Person(key, "slackbot", "Slackbot", kind="bot")
            return
        name = line(profile, "name") or key
        shown = line(profile, "real_name") or line(profile, "display_name") or name
        self.people[key] = Person(key, name, shown[:80], active=False, listed=False)

    def make_up_people(self, conversation: Conversation) -> None:
        """Members and people who reacted must be somebody, too. Those only mentioned need not."""
        quoted = set(conversation.people)
        for post in conversation.posts:
            quoted.update(key for _, key in post.reactions)
        for key in sorted(quoted - self.people.keys()):
            self.make_up(key, {})

    # Conversations ---------------------------------------------------------------------------------

    def find_days(self) -> dict[str, list[str]]:
        """The files of days, by folder."""
        folders: dict[str, list[str]] = {}
        for name in sorted(self.archive.files):
            folder, _, file = name.removeprefix(self.root).rpartition("/")
            if not name.startswith(self.root) or not folder or name.startswith("__MACOSX/"):
                continue
            if _DAY.match(file) and "/" not in folder:
                folders.setdefault(folder, []).append(name)
            else:
                self.report.skipped["files that hold no messages, such as canvases"] += 1
        return folders

    def read_conversation(self, raw: Raw, kind: str, folders: dict[str, list[str]]) -> Conversation:
        key, name = text(raw, "id"), line(raw, "name")
        if raw.get("is_mpim") is True:
            kind = "group_dm"
        if not _ID.match(key):
            raise BadExport(f"a conversation has no id, or a strange one: {key[:40]!r}")
        folder = next((each for each in (text(raw, "name"), key) if each in folders), "")
        posts = self.read_posts(raw, folders.pop(folder, []))
        direct = kind in ("dm", "group_dm")
        creator = text(raw, "creator")
        return Conversation(
            key=key,
            kind=kind,
            name=None if direct else name or key,
            people=tuple(filter(_ID.match, words(raw, "members"))) or members_at_archiving(kind, posts),
            created_at=moment(raw, "created") or (posts[0][1].at if posts else datetime.fromtimestamp(0, UTC)),
            created_by=creator if creator in self.people else None,
            topic="" if direct else topic_of(raw),
            archived_at=archived_at(raw, [post for _, post in posts]),
            posts=[post for _, post in posts],
        )

    def read_posts(self, conversation: Raw, days: list[str]) -> list[tuple[Raw, Post]]:
        """The posts in the order of their time. Names of files say nothing: they are days of some time zone."""
        found: dict[str, tuple[Raw, Post]] = {}
        for day in days:
            for raw in self.archive.read_list(day):
                if text(raw, "subtype") in _RECORDS:
                    self.report.lost["records of earlier texts and of deletions"] += 1
                elif not is_dated(raw):
                    self.report.skipped["messages without a proper time"] += 1
                elif text(raw, "ts") in found:
                    self.report.skipped["messages that were there twice"] += 1
                else:
                    found[text(raw, "ts")] = (raw, self.read_post(raw, conversation))
        return sorted(found.values(), key=lambda pair: pair[1].order)

    def read_post(self, raw: Raw, conversation: Raw) -> Post:
        ts, thread, subtype = text(raw, "ts"), text(raw, "thread_ts"), text(raw, "subtype")
        order, lost = order_of(ts), self.report.lost
        at = datetime.fromtimestamp(order[0], UTC).replace(microsecond=order[1] // 1000 * 1000)
        deleted = subtype == "tombstone"
        reactions = tuple(reactions_of(raw, lost))
        if deleted:
            lost["reactions to deleted messages"] += len(reactions)
        is_reply = thread not in ("", ts)
        return Post(
            key=ts,
            order=order,
            at=at,
            author=self.author_of(raw),
            text="" if deleted else self.text_of(raw, subtype),
            kind="system" if _SYSTEM.match(subtype) else "user",
            thread=thread if is_reply else None,
            also_to_channel=is_reply and subtype == "thread_broadcast",
            edited_at=None if deleted else self.edited_at(raw, at),
            deleted=deleted,
            pinned_at=None if deleted else pinned_at(raw, conversation, at),
            reactions=() if deleted else reactions,
            files=() if deleted else files_of(raw, lost),
        )

    def text_of(self, raw: Raw, subtype: str) -> str:
        """A message's text with what is attached to it, or what its blocks say where it has none."""
        said: str = text(raw, "text")
        if subtype == "me_message" and said and not set("_\n") & set(said):
            said = f"_{said}_"
        if subtype == "file_comment":
            said = re.sub(r"(?<=commented on )([UW][A-Z0-9]+)(?='s file )", r"<@\1>", said)  # the one bare id in Slack
        attachments = entries(raw, "attachments")
        shown = [each for each in attachments if not (said and is_preview(each))]
        self.report.lost["previews of links"] += len(attachments) - len(shown)
        said = "\n".join(filter(None, [said, *map(attached_text, shown)]))
        return said or block_text(raw)

    def edited_at(self, raw: Raw, at: datetime) -> datetime | None:
        if "edited" not in raw:
            return None
        self.report.lost["earlier texts of edited messages"] += 1
        return max(moment(entry(raw, "edited"), "ts") or at, at)  # Slack cuts it to seconds


def find_root(archive: Archive) -> str:
    """Where the export begins: at the top of the zip, or in the one folder that somebody packed."""
    tops = {name.partition("/")[0] + "/" for name in archive.files if "/" in name} - {"__MACOSX/"}
    for root in ["", *tops][: 2 if len(tops) == 1 else 1]:
        has_users = f"{root}users.json" in archive.files or f"{root}org_users.json" in archive.files
        if has_users and f"{root}channels.json" in archive.files:
            return root
        if has_users:
            raise BadExport("this is no Slack export: channels.json is missing")
    raise BadExport("this is no Slack export: users.json is missing")


def read_person(raw: Raw) -> Person:
    """Someone of users.json. Who ran Slack does not run this workspace: it must be given."""
    key, profile = text(raw, "id"), entry(raw, "profile")
    if not _ID.match(key):
        raise BadExport(f"users.json: someone has no id, or a strange one: {key[:40]!r}")
    name = line(raw, "name") or key
    names = (line(profile, "real_name"), line(raw, "real_name"), line(profile, "display_name"), name)
    guest = raw.get("is_restricted") is True or raw.get("is_ultra_restricted") is True
    return Person(
        key=key,
        username=name,
        display_name=next(name for name in names if name)[:80],
        email=line(profile, "email") or None,
        kind="bot" if raw.get("is_bot") is True or key == SLACKBOT else "person",
        role="guest" if guest else "member",
        active=raw.get("deleted") is not True,
    )


def is_dated(raw: Raw) -> bool:
    """Whether a message has a time that exists."""
    try:
        datetime.fromtimestamp(order_of(text(raw, "ts"))[0], UTC)
    except (ValueError, OverflowError, OSError):
        return False
    return True


def order_of(ts: str) -> tuple[int, int]:
    """Slack's time, which is a message's name too, as seconds and microseconds."""
    match = _TS.match(ts)
    if match is None:
        raise ValueError(ts)
    return int(match[1]), int(match[2].ljust(6, "0"))


def topic_of(raw: Raw) -> str:
    """A channel's topic and its purpose: there is one line for both here."""
    said = dict.fromkeys(line(entry(raw, part), "value") for part in ("topic", "purpose"))
    return " — ".join(filter(None, said))


def archived_at(raw: Raw, posts: list[Post]) -> datetime | None:
    """When a channel was closed: with its last message, as no list says it."""
    if raw.get("is_archived") is not True:
        return None
    return posts[-1].at if posts else moment(raw, "created") or datetime.fromtimestamp(0, UTC)


def members_at_archiving(kind: str, posts: list[tuple[Raw, Post]]) -> tuple[str, ...]:
    """Archived channels list nobody; a private one would be lost to all, so who closed it says who was in it."""
    if kind != "private":
        return ()
    closings = (raw for raw, _ in reversed(posts) if text(raw, "subtype") in ("group_archive", "channel_archive"))
    return tuple(filter(_ID.match, words(next(closings, {}), "members")))
