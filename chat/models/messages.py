"""Messages and what hangs on them: earlier texts, reactions, mentions, references to files."""

from __future__ import annotations

from types import SimpleNamespace

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from chat.extensions import Base
from chat.models.types import ChannelId, Key, LongText, Number, UserId, When


def _index_of(name: str, *columns: str, where: str) -> Index:
    """An index of some of a channel's messages."""
    sqlite, postgresql = text(where.format(true="1")), text(where.format(true="TRUE"))
    return Index(name, "channel_id", *columns, sqlite_where=sqlite, postgresql_where=postgresql)


class Message(Base):
    """A message as it is now. ``seq`` is its place for ever, ``changed_seq`` the number of its last change."""

    __tablename__ = "messages"
    __table_args__ = (
        CheckConstraint("kind IN ('user', 'system')", name="kind"),
        # The main line, and what is said in threads only: a page of the one is found without going through the other.
        Index("uq_messages_line", "channel_id", "in_main_line", "seq", unique=True),
        Index("uq_messages_channel_changed", "channel_id", "changed_seq", unique=True),
        # The id comes first: ours begin with the time, so new ones lie together and share the pages that are written.
        Index("uq_messages_client_msg_id", "client_msg_id", "user_id", unique=True),
        Index(
            "ix_messages_thread",
            "thread_id",
            "seq",
            sqlite_where=text("thread_id IS NOT NULL"),
            postgresql_where=text("thread_id IS NOT NULL"),
        ),
        # What is counted for badges, each found without what lies between: see actions/reading.
        _index_of("ix_messages_posted_by", "user_id", "seq", where="posted IS NOT NULL"),
        _index_of("ix_messages_deleted", "seq", where="deleted_at IS NOT NULL"),
        _index_of("ix_messages_everyone", "seq", where="mentions_everyone IS {true}"),
    )

    id: Mapped[Key]
    channel_id: Mapped[ChannelId]
    seq: Mapped[Number]
    changed_seq: Mapped[Number]
    rev: Mapped[int] = mapped_column(default=1)
    kind: Mapped[str] = mapped_column(String(8), default="user")
    user_id: Mapped[UserId]
    client_msg_id: Mapped[str] = mapped_column(String(80))
    fingerprint: Mapped[str] = mapped_column(String(64))  # of what was first sent: tells a repeat from a mismatch
    text: Mapped[LongText]
    thread_id: Mapped[str | None] = mapped_column(ForeignKey("messages.id"))
    in_main_line: Mapped[bool] = mapped_column(default=True)  # no thread reply, or also sent to the channel
    posted: Mapped[Number | None]  # the how-manieth main-line message of a person in its channel; counts are tagged so
    reply_count: Mapped[int] = mapped_column(default=0)
    last_reply_at: Mapped[When | None]
    mentions_everyone: Mapped[bool] = mapped_column(default=False)
    pinned_at: Mapped[When | None]
    created_at: Mapped[When]
    edited_at: Mapped[When | None]
    deleted_at: Mapped[When | None]

    reactions: Mapped[list[Reaction]] = relationship(
        lazy="raise", order_by="Reaction.created_at, Reaction.position", cascade="all, delete-orphan"
    )
    mentions: Mapped[list[Mention]] = relationship(
        lazy="raise", order_by="Mention.user_id", cascade="all, delete-orphan"
    )
    files: Mapped[list[FileReference]] = relationship(
        lazy="raise", order_by="FileReference.position", cascade="all, delete-orphan"
    )
    revisions: Mapped[list[Revision]] = relationship(
        lazy="raise", order_by="Revision.rev", cascade="all, delete-orphan"
    )


class NewMessage(SimpleNamespace):
    """A message on its way into the table, with the fields of one that is there.

    No object of the session: its bookkeeping costs more than everything else that a send does.
    """


class Revision(Base):
    """A text that an edit replaced; the only place where old texts live."""

    __tablename__ = "revisions"

    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id"), primary_key=True)
    rev: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[LongText]
    replaced_at: Mapped[When]


class Reaction(Base):
    """One person's emoji on a message."""

    __tablename__ = "reactions"

    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id"), primary_key=True)
    emoji: Mapped[str] = mapped_column(String(120), primary_key=True)
    user_id: Mapped[UserId] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(default=0)  # order among reactions of one moment (imports know no times)
    created_at: Mapped[When]


class Mention(Base):
    """Someone named in a message's text. It repeats the message's place, which never changes, to be counted by it."""

    __tablename__ = "mentions"
    __table_args__ = (Index("ix_mentions_user", "user_id", "channel_id", "seq"),)

    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id"), primary_key=True)
    user_id: Mapped[UserId] = mapped_column(primary_key=True)
    channel_id: Mapped[ChannelId]
    seq: Mapped[Number]


class FileReference(Base):
    """A file that a message speaks of and that lives elsewhere: imports carry names and links, not bytes."""

    __tablename__ = "file_references"

    id: Mapped[Key]
    message_id: Mapped[str] = mapped_column(ForeignKey("messages.id"), index=True)
    position: Mapped[int] = mapped_column(default=0)
    name: Mapped[str] = mapped_column(Text)
    mimetype: Mapped[str] = mapped_column(String(255), default="")
    size: Mapped[Number | None]
    url: Mapped[str | None] = mapped_column(Text)
