"""Users, their tasks, and the versions the ledger keeps of them."""

import sqlalchemy as sa
from alembic import op

from donebook.storage.types import Instant, Labels

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_BYTEWISE = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.Text(), primary_key=True),
        sa.Column("email", sa.Text()),
        sa.Column("name", sa.Text()),
        sa.Column("avatar_url", sa.Text()),
        sa.Column("revision", sa.BigInteger(), nullable=False, server_default=sa.text("0")),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.CheckConstraint("revision >= 0", name="users_revision_not_negative"),
    )
    op.create_table(
        "tasks",
        sa.Column("owner_id", sa.Text(), sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("uuid", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_folded", _BYTEWISE, nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("description_folded", sa.Text()),
        sa.Column("completed_at", Instant()),
        sa.Column("priority", sa.Text()),
        sa.Column("due_at", Instant()),
        sa.Column("due_all_day", sa.Boolean(), nullable=False),
        sa.Column("due_time_zone", sa.Text()),
        sa.Column("tags", Labels(), nullable=False),
        sa.Column("position", _BYTEWISE, nullable=False),
        sa.Column("created_at", Instant(), nullable=False),
        sa.Column("updated_at", Instant(), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("previous_revision", sa.BigInteger()),
        sa.Column("deleted_at", Instant()),
        sa.CheckConstraint("length(title) BETWEEN 1 AND 500", name="tasks_title_length"),
        sa.CheckConstraint("length(description) <= 10000", name="tasks_description_length"),
        sa.CheckConstraint("priority IN ('low', 'medium', 'high')", name="tasks_priority_known"),
        sa.CheckConstraint(
            "due_at IS NOT NULL OR (due_time_zone IS NULL AND NOT due_all_day)", name="tasks_due_complete"
        ),
        sa.CheckConstraint("NOT due_all_day OR due_time_zone IS NULL", name="tasks_due_all_day_has_no_zone"),
        sa.CheckConstraint("revision > 0", name="tasks_revision_positive"),
    )
    _index("tasks_owner_uuid", "uuid", unique=True)
    _index("tasks_owner_open", "id", where="completed_at IS NULL AND deleted_at IS NULL")
    _index("tasks_owner_completed", "id", where="completed_at IS NOT NULL AND deleted_at IS NULL")
    _index("tasks_owner_position", "position", "id", where="deleted_at IS NULL")
    _index("tasks_owner_revision", "revision")
    op.create_table(
        "task_versions",
        sa.Column("owner_id", sa.Text(), primary_key=True),
        sa.Column("revision", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("task_id", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("previous_revision", sa.BigInteger()),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text()),
        sa.Column("completed_at", Instant()),
        sa.Column("priority", sa.Text()),
        sa.Column("due_at", Instant()),
        sa.Column("due_all_day", sa.Boolean(), nullable=False),
        sa.Column("due_time_zone", sa.Text()),
        sa.Column("tags", Labels(), nullable=False),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("deleted_at", Instant()),
        sa.CheckConstraint(
            "action IN ('created', 'updated', 'completed', 'reopened', 'deleted', 'restored', 'moved')",
            name="task_versions_action_known",
        ),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.CreateSequence(sa.Sequence("task_numbers", data_type=sa.BigInteger())))
    else:
        op.create_table(
            "number_allotments",
            sa.Column("name", sa.Text(), primary_key=True),
            sa.Column("last", sa.BigInteger(), nullable=False),
        )
        op.execute("INSERT INTO number_allotments (name, last) VALUES ('task_numbers', 0)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.DropSequence(sa.Sequence("task_numbers")))
    else:
        op.drop_table("number_allotments")
    op.drop_table("task_versions")
    op.drop_table("tasks")
    op.drop_table("users")


def _index(name: str, *columns: str, unique: bool = False, where: str | None = None) -> None:
    condition = sa.text(where) if where else None
    op.create_index(
        name,
        "tasks",
        ["owner_id", *columns],
        unique=unique,
        postgresql_where=condition,
        sqlite_where=condition,
    )
