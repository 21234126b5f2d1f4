"""What must outlive a request of the API Gateway: its connections, what they listen to, and who tells them.

Rows that ended stay for a while with their ``ended_at``, so that whoever tells finds that out by asking what changed.
"""

from __future__ import annotations

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from chat.extensions import Base
from chat.models.types import Key, Number, UserId, When


class UsedTicket(Base):
    """A ticket that has opened its one connection; kept until it would have run out."""

    __tablename__ = "used_tickets"
    __table_args__ = (Index("ix_used_tickets_expires_at", "expires_at"),)

    id: Mapped[Key]
    expires_at: Mapped[When]


class GatewayConnection(Base):
    """A WebSocket that the API Gateway holds. ``heads``: where its streams stood at its hello, None before that."""

    __tablename__ = "gateway_connections"
    __table_args__ = (
        Index("ix_gateway_connections_user_id", "user_id"),
        Index("ix_gateway_connections_changed_at", "changed_at"),
    )

    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    user_id: Mapped[UserId]
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"))
    heads: Mapped[dict[str, int] | None] = mapped_column(JSON(none_as_null=True))
    opened_at: Mapped[When]
    changed_at: Mapped[When]
    ended_at: Mapped[When | None]


class GatewaySubscription(Base):
    """One connection that looks at a channel, from the number its answer was read at."""

    __tablename__ = "gateway_subscriptions"
    __table_args__ = (
        Index("ix_gateway_subscriptions_connection_id", "connection_id"),
        Index("ix_gateway_subscriptions_changed_at", "changed_at"),
    )

    id: Mapped[Key]
    connection_id: Mapped[str] = mapped_column(ForeignKey("gateway_connections.id", ondelete="CASCADE"))
    channel_id: Mapped[str] = mapped_column(String(26))
    as_of: Mapped[Number]
    changed_at: Mapped[When]
    ended_at: Mapped[When | None]


class GatewayTold(Base):
    """How far a stream was told to the API Gateway's connections: where another process would go on."""

    __tablename__ = "gateway_told"

    stream_id: Mapped[Key]
    seq: Mapped[Number]


class GatewayLease(Base):
    """Which process tells the API Gateway's connections (row 1) or AppSync (row 2), and until when."""

    __tablename__ = "gateway_lease"

    id: Mapped[int] = mapped_column(primary_key=True)
    holder: Mapped[str] = mapped_column(String(26))
    until: Mapped[When]
