"""Who asks: what a door knows of them, and who they turn out to be inside the transaction."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from chat.models import Session, User


@dataclass(frozen=True)
class Workspace:
    """What an action may know of the installation; made by create_app() from the settings."""

    registration: str = "invite"
    open_first_account: bool = True  # on loopback the first account needs no invite
    session_days: int = 14
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


@dataclass(frozen=True)
class Actor:
    """Who asks, checked in the transaction that acts: ``user`` and ``session`` are None for someone not signed in."""

    asker: Asker
    workspace: Workspace
    session: Session | None = None
    signed_in: User | None = None

    @property
    def user(self) -> User:
        """The signed-in person; only actions that anyone may ask do without."""
        assert self.signed_in is not None
        return self.signed_in

    @property
    def id(self) -> str:
        """The signed-in person's id, which is also the id of their own stream."""
        return self.user.id
