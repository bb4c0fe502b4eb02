"""Local accounts, revocations, limits and the events of identity."""

import sqlalchemy as sa
from alembic import op

from donebook.migrations.row_security import protect_rows
from donebook.storage.types import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.add_column("users", sa.Column("disabled_at", Instant()))
    op.add_column("users", sa.Column("tokens_valid_from", Instant()))
    op.create_table(
        "local_accounts",
        sa.Column("user_id", sa.Text(), sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("email_folded", sa.Text(), nullable=False, unique=True),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("password_set_at", Instant(), nullable=False),
    )
    op.create_table(
        "revocations",
        sa.Column("number", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("token_id", sa.Text()),
        sa.Column("user_id", sa.Text()),
        sa.Column("expires_at", Instant(), nullable=False),
    )
    op.create_index("revocations_token", "revocations", ["token_id"])
    op.create_index("revocations_user", "revocations", ["user_id"])
    op.create_index("revocations_expiry", "revocations", ["expires_at"])
    op.create_table(
        "revocation_head",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("number", sa.BigInteger(), nullable=False),
    )
    op.execute("INSERT INTO revocation_head (name, number) VALUES ('revocations', 0)")
    op.create_table(
        "attempt_windows",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("entries", _BYTEWISE, nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
    )
    op.create_index("attempt_windows_expiry", "attempt_windows", ["expires_at"])
    op.create_table(
        "auth_events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("user_id", sa.Text()),
        sa.Column("address", sa.Text()),
        sa.Column("user_agent", sa.Text()),
        sa.Column("request_id", sa.Text()),
    )
    op.create_index("auth_events_at", "auth_events", ["at"])
    op.create_index("auth_events_user", "auth_events", ["user_id", "at"])
    op.create_table(
        "erased_subjects",
        sa.Column("digest", sa.Text(), primary_key=True),
        sa.Column("at", Instant(), nullable=False),
    )
    for table in ("local_accounts", "revocations", "auth_events"):
        protect_rows(table, owner="user_id")


def downgrade() -> None:
    for table in (
        "erased_subjects",
        "auth_events",
        "attempt_windows",
        "revocation_head",
        "revocations",
        "local_accounts",
    ):
        op.drop_table(table)
    op.drop_column("users", "tokens_valid_from")
    op.drop_column("users", "disabled_at")
