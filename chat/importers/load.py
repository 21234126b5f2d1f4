"""Writes an export into the database: in one transaction, all of it or nothing, every row under its stream's number.

What has an import key is there already and stays as people made it here. Only messages change with a newer export,
and only in what changed there; new ones come after what a channel has, since the order of numbers is for ever.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select, update

from chat import journal
from chat.basics import new_id, now
from chat.database import transaction
from chat.importers.export import Conversation, Export, Person
from chat.importers.posts import Batch, insert_rows
from chat.importers.report import ARCHIVED, CHANNELS, DEACTIVATED, GUESTS, MADE_UP, MEMBERSHIPS, PEOPLE, Report
from chat.limits import MAX_FOLDED
from chat.models import Channel, Membership, ReadCursor, Stream, User
from chat.text import EVERYONE, fingerprint, fold

Advance = Callable[[int], None]
Row = dict[str, Any]


def load(export: Export, report: Report, advance: Advance = lambda _: None) -> None:
    """Import in a transaction of its own. When nothing is new, nothing is written at all."""
    with transaction(writes=True) as session:
        journal.begin()
        write_all(export, report, advance)
        if report.is_news:
            session.commit()


def write_all(export: Export, report: Report, advance: Advance = lambda _: None) -> Loader:
    """Write what is new, in the transaction at hand; ``advance`` hears how many messages were done each time."""
    loader = Loader(export, report)
    loader.load_people()
    loader.load_channels()
    for conversation in export.conversations:
        loader.load_contents(conversation)
        advance(len(conversation.posts))
    loader.let_in()
    return loader


@dataclass
class Loader:
    """One import under way: what the export's keys are called here. It answers the writers' questions (``Names``)."""

    export: Export
    report: Report
    users: dict[str, str] = field(default_factory=dict)  # key: id
    usernames: dict[str, str] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    new_channels: set[str] = field(default_factory=set)
    joining: dict[tuple[str, str], Row] = field(default_factory=dict)  # by channel's and person's id

    def username(self, key: str) -> str | None:
        return self.usernames.get(key)

    def channel(self, key: str) -> str | None:
        channel = self.channels.get(key)
        return channel.name if channel and channel.kind == "public" else None

    # People ----------------------------------------------------------------------------------------

    def load_people(self) -> None:
        """Accounts without a password for everyone who has none, each with a stream."""
        prefix = f"{self.export.source}:"
        present = {
            (user.import_key or "").removeprefix(prefix): user
            for user in journal.session().scalars(select(User).where(User.import_key.startswith(prefix)))
        }
        taken = set(journal.session().scalars(select(User.username))) | EVERYONE
        addresses = set(journal.session().scalars(select(User.email)))
        rows = []
        for key, person in self.export.people.items():
            if user := present.get(key):
                self.report.known[PEOPLE[user.kind]] += 1
                self.users[key], self.usernames[key] = user.id, user.username
                if not (person.active or user.deactivated_at):
                    self.report.notes.append(f"{user.username} was deactivated there; here they are not.")
            else:
                row = self.new_user(prefix + key, person, taken, addresses)
                self.users[key], self.usernames[key] = row["id"], row["username"]
                rows.append(row)
        insert_rows(Stream, [{"id": row["id"], "seq": 0, "posted": 0, "floor": 0} for row in rows])
        insert_rows(User, rows)

    def new_user(self, import_key: str, person: Person, taken: set[str], addresses: set[str | None]) -> Row:
        username = free_username(person.username, taken)
        email = folded(person.email)[:255] if person.email else None
        if email in addresses or len(email or "") > 254:
            email = None
        taken.add(username)
        addresses.add(email)
        self.count_person(person, username)
        return {
            "id": new_id(),
            "username": username,
            "display_name": person.display_name,
            "email": email,
            "password_hash": None,
            "role": person.role,
            "kind": person.kind,
            "import_key": import_key,
            "created_at": now(),
            "deactivated_at": None if person.active else now(),
        }

    def count_person(self, person: Person, username: str) -> None:
        taken = self.report.taken
        taken[PEOPLE[person.kind]] += 1
        taken[DEACTIVATED] += not person.active
        taken[MADE_UP] += not person.listed
        taken[GUESTS] += person.role == "guest"
        if username != folded(person.username):
            self.report.notes.append(f"{person.username} is called {username} here.")

    # Channels --------------------------------------------------------------------------------------

    def load_channels(self) -> None:
        """The conversations' own rows. Those that are there are held still, in the order in which all lock them."""
        by_people = self.find_channels()
        for channel_id in sorted({channel.id for channel in self.channels.values()}):
            journal.lock(channel_id)
        public = select(Channel.name_key).where(Channel.kind == "public")
        taken = {key or "" for key in journal.session().scalars(public)}
        for conversation in self.export.conversations:
            people = None if conversation.name else self.dm_key(conversation)
            # Two direct conversations of the same people are one here.
            if channel := self.channels.get(conversation.key) or (people and by_people.get(people)):
                self.report.known[CHANNELS[channel.kind]] += 1
                self.note_differences(conversation, channel)
            else:
                channel = self.new_channel(conversation, taken)
                if people:
                    by_people[people] = channel
                self.report.taken[CHANNELS[channel.kind]] += 1
                self.report.taken[ARCHIVED] += conversation.archived_at is not None
            self.channels[conversation.key] = channel

    def find_channels(self) -> dict[str | None, Channel]:
        """Learn which conversations are here already; direct ones may also be found by who is in them."""
        prefix = f"{self.export.source}:"
        by_key = journal.session().scalars(select(Channel).where(Channel.import_key.startswith(prefix)))
        keys = {(channel.import_key or "").removeprefix(prefix): channel for channel in by_key}
        direct = journal.session().scalars(select(Channel).where(Channel.dm_key.is_not(None)))
        by_people = {channel.dm_key: channel for channel in direct}
        for conversation in self.export.conversations:
            found = keys.get(conversation.key)
            if not found and conversation.name is None:
                found = by_people.get(self.dm_key(conversation))
            if found:
                self.channels[conversation.key] = found
        return by_people

    def dm_key(self, conversation: Conversation) -> str:
        return fingerprint(sorted({self.users[key] for key in conversation.people}))

    def new_channel(self, conversation: Conversation, taken: set[str]) -> Channel:
        channel = Channel(
            id=new_id(),
            kind=conversation.kind,
            name=conversation.name,
            topic=self.export.write(conversation.topic, self).text,
            import_key=f"{self.export.source}:{conversation.key}",
            created_by=self.users.get(conversation.created_by or ""),
            created_at=conversation.created_at,
            archived_at=conversation.archived_at,
            changed_seq=1,
        )
        if conversation.name is None:
            channel.dm_key = self.dm_key(conversation)
            channel.kind = "dm" if len(conversation.people) <= 2 else "group_dm"
        elif conversation.kind == "public":
            channel.name = free_name(conversation.name, taken)
            taken.add(folded(channel.name))
            if channel.name != conversation.name:
                self.report.notes.append(f"#{conversation.name} is called #{channel.name} here: the name was taken.")
        channel.name_key = channel.name and folded(channel.name)
        journal.open_stream(channel.id)
        journal.session().add(channel)
        journal.session().flush()
        self.new_channels.add(channel.id)
        return channel

    def note_differences(self, conversation: Conversation, channel: Channel) -> None:
        """What people call a channel here, and whether it is closed, is theirs to say."""
        if conversation.name not in (None, channel.name):
            self.report.notes.append(f"#{conversation.name} of the export stays #{channel.name} here.")
        if conversation.archived_at and not channel.archived_at:
            self.report.notes.append(f"#{channel.name} was archived there; it stays open here.")

    # Members and messages --------------------------------------------------------------------------

    def load_contents(self, conversation: Conversation) -> None:
        """Who is in a conversation and what was said in it, under one stretch of its numbers."""
        channel = self.channels[conversation.key]
        joining = self.find_joining(channel, conversation)
        prefix = f"{self.export.source}:{conversation.key}:"
        batch = Batch(channel.id, prefix, self.users, lambda text: self.export.write(text, self), self.report)
        batch.plan(conversation.posts)
        is_new = channel.id in self.new_channels  # its own row has number 1
        self.new_channels.discard(channel.id)
        taken = is_new + len(joining) + batch.numbers
        head, posted = journal.next_numbers(channel.id, taken, batch.posts)
        first = head - taken + 1 + is_new
        for seq, user_id in enumerate(joining, first):
            self.joining[channel.id, user_id] = new_member(channel, conversation, user_id, seq)
        batch.write(first + len(joining), posted - batch.posts)
        if taken:
            self.start_reading(channel.id, joining, head)

    def find_joining(self, channel: Channel, conversation: Conversation) -> list[str]:
        """Who is not in a channel yet. Who left it here, or was removed, is not brought back."""
        memberships = select(Membership.user_id).where(Membership.channel_id == channel.id)
        here = set(journal.session().scalars(memberships))
        people = [self.users[key] for key in conversation.people]
        joining = [user_id for user_id in people if not (user_id in here or (channel.id, user_id) in self.joining)]
        self.report.known[MEMBERSHIPS] += len(people) - len(joining)
        self.report.taken[MEMBERSHIPS] += len(joining)
        return joining

    def start_reading(self, channel_id: str, joining: Sequence[str], head: int) -> None:
        """Nobody has missed what was said before they came. Who signed in here finds newly taken messages unread."""
        cursors = update(ReadCursor).where(ReadCursor.channel_id == channel_id)
        unclaimed = select(User.id).where(User.import_key.is_not(None), User.password_hash.is_(None))
        journal.session().execute(
            cursors.where(ReadCursor.user_id.in_(unclaimed))
            .values(last_read_seq=head)
            .execution_options(synchronize_session=False)
        )
        rows = [
            {"channel_id": channel_id, "user_id": user_id, "last_read_seq": head, "own_seq": None}
            for user_id in joining
        ]
        insert_rows(ReadCursor, rows)

    def let_in(self) -> None:
        """The memberships, each under a number of its person's own stream too; people are locked after all channels."""
        theirs: dict[str, list[Row]] = {}
        for row in self.joining.values():
            theirs.setdefault(row["user_id"], []).append(row)
        for user_id in sorted(theirs):
            rows = theirs[user_id]
            last, _ = journal.next_numbers(user_id, len(rows))
            for own_seq, row in enumerate(rows, last - len(rows) + 1):
                row["own_seq"] = own_seq
        insert_rows(Membership, list(self.joining.values()))


def new_member(channel: Channel, conversation: Conversation, user_id: str, seq: int) -> Row:
    """A membership, still without its number in the person's stream. Who opened a channel owns it here too."""
    return {
        "channel_id": channel.id,
        "user_id": user_id,
        "role": "owner" if channel.is_named and user_id == channel.created_by else "member",
        "joined_at": conversation.created_at,
        "left_at": None,
        "changed_seq": seq,
    }


def folded(text: str) -> str:
    """``fold`` of a text that may have any length at its source."""
    return fold(text[:MAX_FOLDED])


def free_username(wanted: str, taken: Iterable[str]) -> str:
    """A username by our rule, as near to the wanted one as can be."""
    plain = unicodedata.normalize("NFKD", folded(wanted))
    letters = "".join(each for each in plain if not unicodedata.combining(each))
    name = re.sub("[^a-z0-9._-]+", "-", letters)[:40].strip("-._") or "someone"
    return next(each for each in numbered(name, 40, "-") if each not in taken)


def free_name(wanted: str, taken: Iterable[str]) -> str:
    """A name for a public channel that no other has."""
    return next(each for each in numbered(wanted, 80, "-") if folded(each) not in taken)


def numbered(name: str, longest: int, dash: str) -> Iterable[str]:
    """The name, then the name with 2, 3, … after it."""
    yield name
    number = 2
    while True:
        tail = f"{dash}{number}"
        yield name[: longest - len(tail)] + tail
        number += 1
