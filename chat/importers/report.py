"""What an import took, what it left out and why, and what no export holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

# What can be taken, in the order it is told.
PEOPLE = {"person": "people", "bot": "bots"}
CHANNELS = {
    "public": "public channels",
    "private": "private channels",
    "dm": "direct conversations",
    "group_dm": "group conversations",
}
MESSAGES = {"user": "messages of people", "system": "messages of the system: joined, left, renamed …"}
DEACTIVATED = "of these people, deactivated there and here"
GUESTS = "of these people, guests"
MADE_UP = "of these people, not in the export's list: deactivated, named after what is known"
ARCHIVED = "of these channels, archived"
MEMBERSHIPS = "memberships"
REPLIES = "of these messages, replies in threads"
EDITED = "of these messages, edited"
DELETED = "of these messages, deleted: only their place is left"
PINNED = "of these messages, pinned"
REACTIONS = "reactions"
FILES = "files, as links"
ORDER = (
    *PEOPLE.values(),
    *(DEACTIVATED, GUESTS, MADE_UP),
    *CHANNELS.values(),
    *(ARCHIVED, MEMBERSHIPS),
    *MESSAGES.values(),
    *(REPLIES, EDITED, DELETED, PINNED, REACTIONS, FILES),
)


def in_order() -> Counter[str]:
    """Nothing yet, of everything."""
    return Counter(dict.fromkeys(ORDER, 0))


@dataclass
class Report:
    """Counts under words for a person. ``known`` was there already, ``changed`` was taken as a change of it."""

    taken: Counter[str] = field(default_factory=in_order)
    known: Counter[str] = field(default_factory=in_order)
    changed: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    @property
    def is_news(self) -> bool:
        """Whether anything was taken or changed at all."""
        return bool(self.taken.total() or self.changed.total())

    def lines(self) -> Iterator[str]:
        """The report, a line each."""
        parts = [("There already", self.known), ("Skipped", self.skipped)]
        if self.is_news:
            parts = [("Taken", self.taken), ("Changed since the last import", self.changed), *parts]
            parts.append(("Not carried over", self.lost))
        else:
            yield "Nothing new."
        for title, counts in parts:
            shown = [(count, words) for words, count in counts.items() if count]
            if shown:
                yield f"{title}:"
                yield from (f"  {count:>9,}  {words}" for count, words in shown)
        yield from self.notes
