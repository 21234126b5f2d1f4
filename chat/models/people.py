"""People, their sessions and tokens, invites, and the counters that slow down password guessing."""

from __future__ import annotations

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from chat.extensions import Base
from chat.models.types import Key, UserId, When


class User(Base):
    """A person or a bot. Imported people have no password until they claim their account by invite."""

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("role IN ('owner', 'admin', 'member', 'guest')", name="role"),
        CheckConstraint("kind IN ('person', 'bot')", name="kind"),
    )

    id: Mapped[Key]
    username: Mapped[str] = mapped_column(String(40), unique=True)
    display_name: Mapped[str] = mapped_column(Text)
    email: Mapped[str | None] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str | None] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(8), default="member")
    kind: Mapped[str] = mapped_column(String(8), default="person")
    import_key: Mapped[str | None] = mapped_column(String(120), unique=True)
    created_at: Mapped[When]
    deactivated_at: Mapped[When | None]


class Session(Base):
    """A sign-in in a browser, or a personal bearer token. Only the secret's hash is stored."""

    __tablename__ = "sessions"
    __table_args__ = (
        CheckConstraint("kind IN ('browser', 'token')", name="kind"),
        Index("ix_sessions_user_id", "user_id"),
        Index("ix_sessions_revoked_at", "revoked_at"),
    )

    id: Mapped[Key]
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[UserId]
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str] = mapped_column(Text, default="")
    user_agent: Mapped[str] = mapped_column(Text, default="")
    ip: Mapped[str] = mapped_column(String(45), default="")
    created_at: Mapped[When]
    last_seen_at: Mapped[When]
    expires_at: Mapped[When | None]
    revoked_at: Mapped[When | None]
    version: Mapped[int] = mapped_column(
        default=0, server_default="0"
    )  # tickets are of one; it grows with the password


class Invite(Base):
    """A single-use, expiring right to sign up, to some channels, or to claim an imported person's account."""

    __tablename__ = "invites"

    id: Mapped[Key]
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    claims_user_id: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    channel_ids: Mapped[list[str]] = mapped_column(JSON, default=list)
    created_at: Mapped[When]
    expires_at: Mapped[When]
    used_at: Mapped[When | None]
    ended_at: Mapped[When | None]
    used_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))


class LoginThrottle(Base):
    """Failed sign-ins of one account from one address; the wait grows, and it ends by itself."""

    __tablename__ = "login_throttles"

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    blocked_until: Mapped[When]
