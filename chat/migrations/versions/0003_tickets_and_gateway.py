"""Tickets that open one connection, and the connections that the API Gateway holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "used_tickets",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_used_tickets")),
    )
    op.create_index("ix_used_tickets_expires_at", "used_tickets", ["expires_at"])
    op.create_table(
        "gateway_connections",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("user_id", sa.String(length=26), nullable=False),
        sa.Column("session_id", sa.String(length=26), nullable=False),
        sa.Column("heads", sa.JSON(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"], ["sessions.id"], name=op.f("fk_gateway_connections_session_id_sessions")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_gateway_connections_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_connections")),
    )
    op.create_index("ix_gateway_connections_user_id", "gateway_connections", ["user_id"])
    op.create_index("ix_gateway_connections_changed_at", "gateway_connections", ["changed_at"])
    op.create_table(
        "gateway_subscriptions",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("connection_id", sa.String(length=128), nullable=False),
        sa.Column("channel_id", sa.String(length=26), nullable=False),
        sa.Column("as_of", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["gateway_connections.id"],
            name=op.f("fk_gateway_subscriptions_connection_id_gateway_connections"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_subscriptions")),
    )
    op.create_index("ix_gateway_subscriptions_connection_id", "gateway_subscriptions", ["connection_id"])
    op.create_index("ix_gateway_subscriptions_changed_at", "gateway_subscriptions", ["changed_at"])
    op.create_table(
        "gateway_told",
        sa.Column("stream_id", sa.String(length=26), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("stream_id", name=op.f("pk_gateway_told")),
    )
    op.create_table(
        "gateway_lease",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("holder", sa.String(length=26), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_lease")),
    )


def downgrade() -> None:
    """Take back."""
    for table in ("gateway_lease", "gateway_told", "gateway_subscriptions", "gateway_connections", "used_tickets"):
        op.drop_table(table)
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_column("version")
