"""The messages of an import: what is new is written under the next numbers, what changed is brought up to date."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from chat import journal
from chat.basics import new_id, now
from chat.extensions import Base
from chat.importers.export import Link, Post, Written
from chat.importers.report import DELETED, EDITED, FILES, MESSAGES, PINNED, REACTIONS, REPLIES, Report
from chat.models import FileReference, Mention, Message, Reaction, Revision
from chat.policies import MESSAGE_PARTS

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """A message that stands for a post: written now, or by an import before."""

    id: str
    thread_id: str | None
    digest: str = ""
    is_deleted: bool = False


@dataclass
class Batch:
    """What an import does to one channel's messages: planned first, so that all its numbers can be taken at once."""

    channel_id: str
    prefix: str  # what a message's client_msg_id begins with; the post's key follows
    users: dict[str, str]  # key: id
    write_text: Callable[[str], Written]
    report: Report
    known: dict[str, Known] = field(default_factory=dict)  # by key
    messages: dict[str, Row] = field(default_factory=dict)  # by id, as are all below
    parts: dict[type[Base], list[Row]] = field(default_factory=lambda: {Mention: [], Reaction: [], FileReference: []})
    changed: dict[str, Post] = field(default_factory=dict)
    recounted: set[str] = field(default_factory=set)  # threads that were there and have other replies now
    buried: dict[str, str] = field(default_factory=dict)  # digests of tombstones, in which nothing changes any more

    @property
    def numbers(self) -> int:
        """How many numbers it takes: one for each row."""
        return len(self.messages) + len(self.changed.keys() | self.recounted)

    @property
    def posts(self) -> int:
        """How many main-line messages of people are new."""
        return sum(1 for row in self.messages.values() if row["posted"] is not None)

    # Planning --------------------------------------------------------------------------------------

    def plan(self, posts: Sequence[Post]) -> Batch:
        """Find out what is new, and what changed since an import before."""
        self.find_known()
        gone = self.known.keys() - {post.key for post in posts}
        self.report.known["messages that the export holds no longer: they stay"] += len(gone)
        for post in posts:
            if known := self.known.get(post.key):
                self.compare(known, post)
            else:
                self.add(post)
        return self

    def find_known(self) -> None:
        columns = (Message.id, Message.client_msg_id, Message.thread_id, Message.fingerprint, Message.deleted_at)
        ours = Message.client_msg_id.startswith(self.prefix, autoescape=True)
        for row in journal.session().execute(select(*columns).where(Message.channel_id == self.channel_id, ours)):
            known = Known(row.id, row.thread_id, row.fingerprint, row.deleted_at is not None)
            self.known[row.client_msg_id.removeprefix(self.prefix)] = known

    def compare(self, known: Known, post: Post) -> None:
        self.report.known["messages"] += 1
        if known.digest == post.digest:
            return
        if known.is_deleted:
            self.buried[known.id] = post.digest
            return
        self.changed[known.id] = post
        if post.deleted and known.thread_id:
            self.recounted.add(known.thread_id)

    def add(self, post: Post) -> None:
        root = self.find_root(post)
        in_main_line = root is None or post.also_to_channel
        written = self.write_text(post.text)
        message_id = new_id()
        self.known[post.key] = Known(message_id, root.id if root else None)
        self.messages[message_id] = {
            "id": message_id,
            "channel_id": self.channel_id,
            "rev": 2 if post.edited_at else 1,
            "kind": post.kind,
            "user_id": self.users[post.author],
            "client_msg_id": self.prefix + post.key,
            "fingerprint": post.digest,
            "text": written.text,
            "thread_id": root and root.id,
            "in_main_line": in_main_line,
            "posted": 0 if in_main_line and post.kind == "user" else None,  # counted when written
            "reply_count": 0,
            "last_reply_at": None,
            "mentions_everyone": written.everyone,
            "pinned_at": post.pinned_at,
            "created_at": post.at,
            "edited_at": post.edited_at,
            "deleted_at": post.at if post.deleted else None,
        }
        if root and not post.deleted:
            self.count_reply(root.id, post.at)
        self.add_parts(message_id, post, written)
        self.count(post, is_reply=root is not None)

    def find_root(self, post: Post) -> Known | None:
        """The message that a reply answers. Without it, the reply stands in the main line rather than nowhere."""
        if post.thread is None:
            return None
        root = self.known.get(post.thread)
        if root is None or root.thread_id:
            self.report.lost[
                "threads of replies without a first message in the export; the replies stand in the main line"
            ] += 1
            return None
        return root

    def count_reply(self, root_id: str, at: datetime) -> None:
        if row := self.messages.get(root_id):
            row["reply_count"] += 1
            row["last_reply_at"] = at  # posts come in the order of time
        else:
            self.recounted.add(root_id)

    def add_parts(self, message_id: str, post: Post, written: Written) -> None:
        for user_id in self.mentioned(written):
            self.parts[Mention].append({"message_id": message_id, "user_id": user_id})
        for position, (emoji, person) in enumerate(post.reactions):
            fields = {"emoji": emoji, "user_id": self.users[person], "position": position, "created_at": post.at}
            self.parts[Reaction].append({"message_id": message_id, **fields})
        for position, file in enumerate(post.files):
            self.parts[FileReference].append({"message_id": message_id, **file_fields(file, position)})

    def mentioned(self, written: Written) -> list[str]:
        return sorted(self.users[key] for key in written.mentioned)

    def count(self, post: Post, *, is_reply: bool) -> None:
        taken = self.report.taken
        taken[MESSAGES[post.kind]] += 1
        taken[REPLIES] += is_reply
        taken[EDITED] += post.edited_at is not None
        taken[DELETED] += post.deleted
        taken[PINNED] += post.pinned_at is not None
        taken[REACTIONS] += len(post.reactions)
        taken[FILES] += len(post.files)

    # Writing ---------------------------------------------------------------------------------------

    def write(self, first: int, posted: int) -> None:
        """Write it all: new messages from the number ``first`` on, counted on from ``posted``; then changes."""
        for seq, row in enumerate(self.messages.values(), first):
            row["seq"] = row["changed_seq"] = seq
            if row["posted"] is not None:
                posted += 1
                row["posted"] = posted
        for mention in self.parts[Mention]:
            mention |= {"channel_id": self.channel_id, "seq": self.messages[mention["message_id"]]["seq"]}
        session = journal.session()
        insert_rows(Message, list(self.messages.values()))
        for model, rows in self.parts.items():
            insert_rows(model, rows)
        for message_id, digest in self.buried.items():
            session.execute(update(Message).where(Message.id == message_id).values(fingerprint=digest))
        self.write_changes(first + len(self.messages))

    def write_changes(self, first: int) -> None:
        session = journal.session()
        for message_id, post in self.changed.items():
            self.renew(session.get_one(Message, message_id, options=MESSAGE_PARTS), post)
        session.flush()
        for seq, message_id in enumerate(dict.fromkeys([*self.changed, *sorted(self.recounted)]), first):
            message = session.get_one(Message, message_id)
            message.changed_seq = seq
            if message_id in self.recounted:
                recount(message)
        session.flush()

    def renew(self, message: Message, post: Post) -> None:
        """Take what changed at the source, and only that: the rest may have changed here."""
        before, after = message.fingerprint, post.digest
        message.fingerprint = after
        if post.deleted:
            bury(message)
            self.report.changed["messages deleted there"] += 1
            return
        if before[:32] != after[:32]:
            self.renew_text(message, post)
            self.report.changed["texts of messages edited there"] += 1
        if before[32:] != after[32:]:
            self.renew_reactions(message, post)
            message.files = [FileReference(**file_fields(*each[::-1])) for each in enumerate(post.files)]
            message.pinned_at = post.pinned_at
            self.report.changed["messages with other reactions, files or pins"] += 1

    def renew_text(self, message: Message, post: Post) -> None:
        written = self.write_text(post.text)
        message.edited_at = post.edited_at or now()
        message.rev += 1
        if written.text == message.text:
            return
        revision = Revision(
            message_id=message.id, rev=message.rev - 1, text=message.text, replaced_at=message.edited_at
        )
        journal.session().add(revision)
        message.text, message.mentions_everyone = written.text, written.everyone
        wanted = self.mentioned(written)
        named = {mention.user_id: mention for mention in message.mentions}
        place = {"channel_id": message.channel_id, "seq": message.seq}
        message.mentions = [named.get(user_id) or Mention(user_id=user_id, **place) for user_id in wanted]

    def renew_reactions(self, message: Message, post: Post) -> None:
        """Replace the reactions that came by import; they bear the message's own time. Those made here stay."""
        wanted = {(emoji, self.users[person]): position for position, (emoji, person) in enumerate(post.reactions)}
        stay = [
            each
            for each in message.reactions
            if each.created_at != message.created_at or (each.emoji, each.user_id) in wanted
        ]
        there = {(each.emoji, each.user_id) for each in stay}
        message.reactions = stay + [
            Reaction(emoji=emoji, user_id=user_id, position=position, created_at=message.created_at)
            for (emoji, user_id), position in wanted.items()
            if (emoji, user_id) not in there
        ]


def insert_rows(model: type[Base], rows: list[Row]) -> None:
    """Insert complete rows in one go, past the unit of work, which would sort them by what is null in each."""
    if rows:
        journal.session().execute(insert(model.__table__), rows)


def file_fields(file: Link, position: int) -> Row:
    """A reference to a file, as a row."""
    described = {"name": file.name, "mimetype": file.mimetype, "size": file.size, "url": file.url}
    return {"id": new_id(), "position": position, **described}


def bury(message: Message) -> None:
    """Leave only a tombstone, as when someone deletes a message here."""
    message.text, message.mentions_everyone, message.pinned_at = "", False, None
    message.reactions, message.mentions, message.files = [], [], []
    message.rev += 1
    message.deleted_at = now()
    journal.session().execute(delete(Revision).where(Revision.message_id == message.id))


def recount(root: Message) -> None:
    """Count a thread's replies as they are now."""
    replies = select(func.count(), func.max(Message.created_at)).where(
        Message.thread_id == root.id, Message.deleted_at.is_(None)
    )
    root.reply_count, root.last_reply_at = journal.session().execute(replies).one()
