"""Tickets to follow events."""

import sqlalchemy as sa
from alembic import op

from donebook.migrations.row_security import protect_rows
from donebook.storage.types import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "event_tickets",
        sa.Column("owner_id", sa.Text(), sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("digest", sa.Text(), primary_key=True),
        sa.Column("token_id", sa.Text(), nullable=False),
        sa.Column("token_issued_at", Instant()),
        sa.Column("token_expires_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
    )
    op.create_index("event_tickets_expiry", "event_tickets", ["expires_at"])
    protect_rows("event_tickets")


def downgrade() -> None:
    op.drop_table("event_tickets")
