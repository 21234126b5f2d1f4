"""A send writes to fewer places: one index holds a channel's lines, and ids that begin with the time lie together."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.drop_index("uq_messages_channel_seq", "messages")
    op.drop_index("ix_messages_main_line", "messages")
    op.drop_index("uq_messages_client_msg_id", "messages")
    op.create_index("uq_messages_line", "messages", ["channel_id", "in_main_line", "seq"], unique=True)
    op.create_index("uq_messages_client_msg_id", "messages", ["client_msg_id", "user_id"], unique=True)


def downgrade() -> None:
    """Take back."""
    op.drop_index("uq_messages_client_msg_id", "messages")
    op.drop_index("uq_messages_line", "messages")
    op.create_index("uq_messages_client_msg_id", "messages", ["user_id", "client_msg_id"], unique=True)
    op.create_index(
        "ix_messages_main_line",
        "messages",
        ["channel_id", "seq"],
        sqlite_where=sa.text("in_main_line IS 1"),
        postgresql_where=sa.text("in_main_line IS TRUE"),
    )
    op.create_index("uq_messages_channel_seq", "messages", ["channel_id", "seq"], unique=True)
