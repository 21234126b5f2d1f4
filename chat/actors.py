"""Who asks: what a door knows of them, and who they turn out to be inside the transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, Protocol


@dataclass(frozen=True)
class Workspace:
    """What an action may know of the installation; made by create_app() from the settings."""

    registration: str = "invite"
    open_first_account: bool = True  # on loopback the first account needs no invite
    session_days: int = 14
    ticket_keys: Mapping[str, bytes] = field(default_factory=dict)  # the first signs, all verify
    public_url: str = ""
    run_blocking: Callable[..., Any] = field(default=lambda function, *args: function(*args))
    slow_work: AbstractContextManager[Any] = field(default_factory=nullcontext)  # held while something runs so


@dataclass(frozen=True)
class Asker:
    """What a door knows of who asks: the session they showed, if any, whose it is, and where they are."""

    session_id: str | None = None
    user_id: str | None = None  # to count by; who may do what is decided by the session, in the transaction
    address: str = ""
    user_agent: str = ""
    connection: str | None = None


class Someone(Protocol):
    """A person as far as permissions go."""

    @property
    def id(self) -> str: ...

    @property
    def role(self) -> str: ...


def is_full_member(person: Someone) -> bool:
    """Whether the public channels are open to this person; guests see only the channels they were added to."""
    return person.role != "guest"


def is_admin(person: Someone) -> bool:
    """Whether this person runs the workspace."""
    return person.role in ("owner", "admin")


class Account(NamedTuple):
    """Someone of the workspace and the session they ask with, as the transaction that acts sees them."""

    id: str
    username: str
    display_name: str
    email: str | None
    role: str
    kind: str
    created_at: datetime
    deactivated_at: datetime | None
    session_id: str
    session_kind: str
    last_seen_at: datetime
    revoked_at: datetime | None
    session_version: int


class Actor(NamedTuple):
    """Who asks, checked in the transaction that acts; ``signed_in`` is None for someone who is not."""

    asker: Asker
    workspace: Workspace
    signed_in: Account | None = None

    @property
    def user(self) -> Account:
        """The signed-in person; only actions that anyone may ask do without."""
        assert self.signed_in is not None
        return self.signed_in

    @property
    def id(self) -> str:
        """The signed-in person's id, which is also the id of their own stream."""
        return self.user.id
