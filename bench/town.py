"""Who chats in a measurement: rooms, the people in each, and a token for each person; the same in every server."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from chat.basics import hash_secret, new_id


@dataclass(frozen=True, slots=True)
class Inhabitant:
    """Someone, in one room."""

    id: str
    username: str
    token: str
    room: str

    @property
    def secret_hash(self) -> str:
        """What a server keeps of the token."""
        return hash_secret(self.token)


@dataclass(frozen=True)
class Town:
    """Rooms with the people of each."""

    rooms: dict[str, list[Inhabitant]]

    @classmethod
    def of(cls, rooms: int, people: int) -> Town:
        """So many rooms, with so many people in each; everyone is in one room."""
        made: dict[str, list[Inhabitant]] = {}
        for _ in range(rooms):
            room = new_id()
            made[room] = [someone_in(room) for _ in range(people)]
        return cls(made)

    @property
    def people(self) -> Iterator[Inhabitant]:
        """Everyone, room by room."""
        for people in self.rooms.values():
            yield from people


def someone_in(room: str) -> Inhabitant:
    """Someone new."""
    number = new_id()
    return Inhabitant(number, f"p{number[10:]}", f"parley_{secrets.token_urlsafe(32)}", room)
