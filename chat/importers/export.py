"""What any export comes down to: people, conversations and posts, under the keys they had where they came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from chat.text import fingerprint


class BadExport(Exception):
    """The file cannot be imported; the text is one line for the person who tries."""


@dataclass(frozen=True, slots=True)
class Person:
    """Someone, or a bot. ``username`` is what they were called; the loader makes it fit and unique."""

    key: str
    username: str
    display_name: str
    email: str | None = None
    kind: str = "person"
    role: str = "member"
    active: bool = True
    listed: bool = True  # not made up to stand for somebody whom the export names but does not list


@dataclass(frozen=True, slots=True)
class Link:
    """A file that lives elsewhere."""

    name: str
    mimetype: str = ""
    size: int | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """A message. ``order`` sorts it in its conversation; ``thread`` is the key of the message it answers."""

    key: str
    order: tuple[int, int]
    at: datetime
    author: str
    text: str
    kind: str = "user"
    thread: str | None = None
    also_to_channel: bool = False
    edited_at: datetime | None = None
    deleted: bool = False
    pinned_at: datetime | None = None
    reactions: tuple[tuple[str, str], ...] = ()  # (emoji, key of a person)
    files: tuple[Link, ...] = ()

    @property
    def digest(self) -> str:
        """What the source said: half of it about the text, half about the rest.

        It is kept with the message, so that a later import of the same file changes nothing, whatever people did to
        the message here, and one of a newer export takes exactly what changed there.
        """
        text = fingerprint(self.text, str(self.edited_at), self.deleted)
        rest = fingerprint(self.reactions, [str(file) for file in self.files], str(self.pinned_at))
        return text[:32] + rest[:32]


@dataclass(slots=True)
class Conversation:
    """A channel or a direct conversation, with the keys of who is in it. Direct ones have no name."""

    key: str
    kind: str
    name: str | None
    people: tuple[str, ...]
    created_at: datetime
    created_by: str | None = None
    topic: str = ""
    archived_at: datetime | None = None
    posts: list[Post] = field(default_factory=list)


class Names(Protocol):
    """What things are called here; a writer asks it while it turns a text into ours."""

    def username(self, key: str) -> str | None:
        """The username of an imported person."""

    def channel(self, key: str) -> str | None:
        """The name of a channel, if everyone may know it."""


@dataclass(frozen=True, slots=True)
class Written:
    """A text as it is stored here, and the keys of the people it names."""

    text: str
    mentioned: frozenset[str] = frozenset()
    everyone: bool = False


@dataclass(slots=True)
class Export:
    """Everything that was read. ``source`` begins all import keys; ``write`` turns a post's text into ours."""

    source: str
    people: dict[str, Person]
    conversations: list[Conversation]
    write: Callable[[str, Names], Written]
