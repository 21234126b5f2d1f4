"""What was missed is counted without going through it: mentions know their place, and indexes of what is counted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_messages_main_line": (["channel_id", "seq"], "in_main_line IS {true}"),
    "ix_messages_posted_by": (["channel_id", "user_id", "seq"], "posted IS NOT NULL"),
    "ix_messages_deleted": (["channel_id", "seq"], "deleted_at IS NOT NULL"),
    "ix_messages_everyone": (["channel_id", "seq"], "mentions_everyone IS {true}"),
}


def upgrade() -> None:
    """Apply."""
    for name, (columns, where) in INDEXES.items():
        op.create_index(
            name,
            "messages",
            columns,
            sqlite_where=sa.text(where.format(true="1")),
            postgresql_where=sa.text(where.format(true="TRUE")),
        )
    op.add_column("mentions", sa.Column("channel_id", sa.String(length=26), nullable=True))
    op.add_column("mentions", sa.Column("seq", sa.BigInteger(), nullable=True))
    op.execute(
        "UPDATE mentions SET channel_id = (SELECT channel_id FROM messages WHERE id = message_id),"
        " seq = (SELECT seq FROM messages WHERE id = message_id)"
    )
    with op.batch_alter_table("mentions") as batch_op:
        batch_op.alter_column("channel_id", existing_type=sa.String(length=26), nullable=False)
        batch_op.alter_column("seq", existing_type=sa.BigInteger(), nullable=False)
        batch_op.create_foreign_key("fk_mentions_channel_id_channels", "channels", ["channel_id"], ["id"])
        batch_op.create_index("ix_mentions_user", ["user_id", "channel_id", "seq"])


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("mentions") as batch_op:
        batch_op.drop_index("ix_mentions_user")
        batch_op.drop_constraint("fk_mentions_channel_id_channels", type_="foreignkey")
        batch_op.drop_column("seq")
        batch_op.drop_column("channel_id")
    for name in INDEXES:
        op.drop_index(name, "messages")
