"""What the ledger keeps beside the tasks: tombstones, how far back it reaches, answers to repeat."""

import sqlalchemy as sa
from alembic import op

from donebook.migrations.row_security import protect_rows
from donebook.storage.types import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def _owner() -> "sa.Column[str]":
    return sa.Column("owner_id", sa.Text(), sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)


def upgrade() -> None:
    trashed = sa.text("deleted_at IS NOT NULL")
    op.create_index(
        "tasks_owner_trashed",
        "tasks",
        ["owner_id", "deleted_at", "id"],
        postgresql_where=trashed,
        sqlite_where=trashed,
    )
    op.create_table(
        "tombstones",
        _owner(),
        sa.Column("revision", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("task_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("erased_at", Instant(), nullable=False),
    )
    op.create_index("tombstones_owner_uuid", "tombstones", ["owner_id", "uuid"], unique=True)
    op.create_table(
        "sync_floors",
        _owner(),
        sa.Column("revision", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "idempotency_records",
        _owner(),
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
    )
    op.create_table(
        "service_keys",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("key", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "maintenance_marks",
        sa.Column("name", sa.Text(), primary_key=True),
        sa.Column("at", Instant(), nullable=False),
    )
    for table in ("tombstones", "sync_floors", "idempotency_records"):
        protect_rows(table)
    # What was deleted for good before, maybe by this revision itself before a downgrade, left no tombstone.
    op.execute(
        "INSERT INTO sync_floors (owner_id, revision) SELECT id, revision FROM users WHERE revision > 0"
    )


def downgrade() -> None:
    op.drop_table("maintenance_marks")
    op.drop_table("service_keys")
    op.drop_table("idempotency_records")
    op.drop_table("sync_floors")
    op.drop_table("tombstones")
    op.drop_index("tasks_owner_trashed", "tasks")
