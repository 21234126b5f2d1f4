"""Invites can be ended before they run out, and those that no longer let anybody in have ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("invites", sa.Column("ended_at", sa.DateTime(timezone=True)))
    # What a person made to claim an imported account, and what somebody made who may no longer invite.
    op.execute(
        """
        UPDATE invites SET ended_at = created_at
        WHERE used_at IS NULL AND created_by IS NOT NULL AND (
            claims_user_id IS NOT NULL
            OR created_by IN (SELECT id FROM users WHERE deactivated_at IS NOT NULL OR role NOT IN ('owner', 'admin'))
        )
        """
    )


def downgrade() -> None:
    """Take back."""
    op.drop_column("invites", "ended_at")
