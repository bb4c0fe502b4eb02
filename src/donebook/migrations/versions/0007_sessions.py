"""Sessions that go on by a cookie, delays after wrong guesses, invitations, and one form of each e-mail."""

import sqlalchemy as sa
from alembic import op

from donebook.accounts.addresses import normalise_email
from donebook.migrations.row_security import protect_rows
from donebook.storage.types import Instant

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("users", sa.Column("kept_session", sa.Text()))
    op.add_column("users", sa.Column("admin_since", Instant()))
    op.create_table(
        "sessions",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("user_id", sa.Text(), sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("previous_digest", sa.Text()),
        sa.Column("step", sa.Text()),
        sa.Column("user_agent", sa.Text()),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("rotated_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
    )
    op.create_index("sessions_user", "sessions", ["user_id"])
    op.create_index("sessions_expiry", "sessions", ["expires_at"])
    op.create_table(
        "known_networks",
        sa.Column("user_id", sa.Text(), sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("network", sa.Text(), primary_key=True),
        sa.Column("used_at", Instant(), nullable=False),
    )
    op.create_index("known_networks_used", "known_networks", ["used_at"])
    op.create_table(
        "guess_delays",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("guess", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("free_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
    )
    op.create_index("guess_delays_expiry", "guess_delays", ["expires_at"])
    op.create_table(
        "sign_up_invitations",
        sa.Column("digest", sa.Text(), primary_key=True),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
    )
    for table in ("sessions", "known_networks"):
        protect_rows(table, owner="user_id")
    _normalise_emails()


def _normalise_emails() -> None:
    """Of accounts whose addresses are one from now on, the oldest has it; the others keep what they had."""
    accounts = sa.table("local_accounts", sa.column("user_id"), sa.column("email_folded"))
    users = sa.table("users", sa.column("id"), sa.column("created_at"))
    connection = op.get_bind()
    oldest_first = (
        sa.select(accounts.c.user_id, accounts.c.email_folded)
        .join_from(accounts, users, users.c.id == accounts.c.user_id)
        .order_by(users.c.created_at, users.c.id)
    )
    rows = connection.execute(oldest_first).all()
    # Whoever has the new form already keeps it, however old the others are.
    taken = {folded for _, folded in rows if normalise_email(folded) == folded}
    for user_id, folded in rows:
        normalised = normalise_email(folded)
        if normalised not in taken:
            taken.add(normalised)
            connection.execute(
                sa.update(accounts).where(accounts.c.user_id == user_id).values(email_folded=normalised)
            )


def downgrade() -> None:
    for table in ("sign_up_invitations", "guess_delays", "known_networks", "sessions"):
        op.drop_table(table)
    op.drop_column("users", "admin_since")
    op.drop_column("users", "kept_session")
