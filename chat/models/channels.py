"""Channels of all kinds, who is in them, and how far each has read."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from chat.extensions import Base
from chat.models.types import ChannelId, Number, UserId, When

NAMED = ("public", "private")  # the kinds that are channels proper, and no direct conversations


class Channel(Base):
    """A public or private channel, or a conversation of two (dm) or a few (group_dm)."""

    __tablename__ = "channels"
    __table_args__ = (
        CheckConstraint("kind IN ('public', 'private', 'dm', 'group_dm')", name="kind"),
        # Only public names are unique: a refusal must not tell that a private channel of that name exists.
        Index(
            "uq_channels_public_name",
            "name_key",
            unique=True,
            sqlite_where=text("kind = 'public'"),
            postgresql_where=text("kind = 'public'"),
        ),
    )

    id: Mapped[str] = mapped_column(ForeignKey("streams.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(8))
    name: Mapped[str | None] = mapped_column(Text)
    name_key: Mapped[str | None] = mapped_column(Text)  # the name folded, to compare
    topic: Mapped[str] = mapped_column(Text, default="")
    dm_key: Mapped[str | None] = mapped_column(String(64), unique=True)  # the same conversation from every end
    import_key: Mapped[str | None] = mapped_column(String(120), unique=True)
    created_by: Mapped[str | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[When]
    archived_at: Mapped[When | None]
    changed_seq: Mapped[Number]

    @property
    def is_named(self) -> bool:
        """Whether it is a channel proper and no direct conversation."""
        return self.kind in NAMED


class Membership(Base):
    """Someone in a channel, now or before (left_at). It carries two stamps: the channel's and the person's own."""

    __tablename__ = "memberships"
    __table_args__ = (
        CheckConstraint("role IN ('owner', 'admin', 'member')", name="role"),
        Index("uq_memberships_channel_seq", "channel_id", "changed_seq", unique=True),
        Index("uq_memberships_user_seq", "user_id", "own_seq", unique=True),
    )

    channel_id: Mapped[ChannelId] = mapped_column(primary_key=True)
    user_id: Mapped[UserId] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(String(8), default="member")
    joined_at: Mapped[When]
    left_at: Mapped[When | None]
    changed_seq: Mapped[Number]
    own_seq: Mapped[Number]


class ReadCursor(Base):
    """How far someone has read a channel. Sending moves it silently; marking takes a number of the own stream."""

    __tablename__ = "read_cursors"
    __table_args__ = (Index("uq_read_cursors_user_seq", "user_id", "own_seq", unique=True),)

    channel_id: Mapped[ChannelId] = mapped_column(primary_key=True)
    user_id: Mapped[UserId] = mapped_column(primary_key=True)
    last_read_seq: Mapped[Number]
    own_seq: Mapped[Number | None]
