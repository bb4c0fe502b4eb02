"""Spaces: the head of each ledger in a row of its own, apart from its user's profile."""

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

from donebook.migrations.row_security import protect_rows
from donebook.storage.types import Instant

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_LEDGER = ("tasks", "tombstones", "idempotency_records")
_NAMES = {"fk": "%(table_name)s_%(column_0_name)s_fkey"}
"""PostgreSQL's own names, for the unnamed keys of SQLite."""

# How the counters measure: see `Space`. A version is 200 bytes beside its texts, as is a tombstone.
_TEXT_BYTES = {
    "postgresql": "octet_length(title) + coalesce(octet_length(description), 0) + octet_length(tags::text)",
    "sqlite": "length(CAST(title AS BLOB)) + coalesce(length(CAST(description AS BLOB)), 0)"
    # PostgreSQL writes a space after each comma of a JSON array.
    " + length(CAST(tags AS BLOB)) + max(json_array_length(tags) - 1, 0)",
}
_KEY_BYTES = {"postgresql": "octet_length(key)", "sqlite": "length(CAST(key AS BLOB))"}

_FILL = """
INSERT INTO spaces (id, revision, floor, history_floor, tasks, history_bytes, answer_bytes)
SELECT u.id, u.revision, coalesce(f.revision, 0),
  coalesce((SELECT max(v.revision) FROM task_versions v, maintenance_marks m
            WHERE v.owner_id = u.id AND m.name = 'history' AND v.at < m.at), 0),
  (SELECT count(*) FROM tasks t WHERE t.owner_id = u.id),
  coalesce((SELECT sum(200 + {texts}) FROM task_versions v WHERE v.owner_id = u.id), 0)
    + (SELECT 200 * count(*) FROM tombstones t WHERE t.owner_id = u.id),
  coalesce((SELECT sum(200 + {key} + length(answer)) FROM idempotency_records r WHERE r.owner_id = u.id), 0)
FROM users u LEFT JOIN sync_floors f ON f.owner_id = u.id
"""


def upgrade() -> None:
    op.create_table(
        "spaces",
        sa.Column("id", sa.Text(), primary_key=True),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False, server_default=sa.text("0"))
            for name in ("revision", "floor", "history_floor", "tasks", "history_bytes", "answer_bytes")
        ),
        sa.CheckConstraint("revision >= 0", name="spaces_revision_not_negative"),
    )
    protect_rows("spaces", owner="id")
    dialect = op.get_bind().dialect.name
    op.execute(_FILL.format(texts=_TEXT_BYTES[dialect], key=_KEY_BYTES[dialect]))
    for table in _LEDGER:
        _point(table, "spaces")
    op.create_index("idempotency_records_owner_created", "idempotency_records", ["owner_id", "created_at"])
    op.execute("DELETE FROM maintenance_marks WHERE name = 'history'")
    op.drop_table("sync_floors")
    with op.batch_alter_table("users") as users:
        users.drop_constraint("users_revision_not_negative", type_="check")
        users.drop_column("revision")


def downgrade() -> None:
    with op.batch_alter_table("users") as users:
        users.add_column(sa.Column("revision", sa.BigInteger(), nullable=False, server_default=sa.text("0")))
        users.create_check_constraint("users_revision_not_negative", sa.text("revision >= 0"))
    op.execute("UPDATE users SET revision = (SELECT s.revision FROM spaces s WHERE s.id = users.id)")
    owner = sa.ForeignKey("users.id", ondelete="CASCADE")
    op.create_table(
        "sync_floors",
        sa.Column("owner_id", sa.Text(), owner, primary_key=True),
        sa.Column("revision", sa.BigInteger(), nullable=False),
    )
    protect_rows("sync_floors")
    op.execute("INSERT INTO sync_floors (owner_id, revision) SELECT id, floor FROM spaces WHERE floor > 0")
    _remember_history()
    op.drop_index("idempotency_records_owner_created", "idempotency_records")
    for table in _LEDGER:
        _point(table, "users")
    op.drop_table("spaces")


def _remember_history() -> None:
    """Give all spaces one moment before which changes are forgotten: the newest that one of them has."""
    v, s = (
        sa.table("task_versions", *map(sa.column, ("owner_id", "revision")), sa.column("at", Instant())),
        sa.table("spaces", *map(sa.column, ("id", "history_floor"))),
    )
    newest = sa.select(sa.func.max(v.c.at)).where(v.c.owner_id == s.c.id, v.c.revision <= s.c.history_floor)
    at = op.get_bind().scalar(newest)
    if at is not None:
        marks = sa.table("maintenance_marks", sa.column("name"), sa.column("at", Instant()))
        op.get_bind().execute(sa.insert(marks).values(name="history", at=at + timedelta(microseconds=1)))


def _point(table: str, head: str) -> None:
    """Let the owners of a table's rows be found in another table."""
    key = f"{table}_owner_id_fkey"
    with op.batch_alter_table(table, naming_convention=_NAMES) as altered:
        altered.drop_constraint(key, type_="foreignkey")
        altered.create_foreign_key(key, head, ["owner_id"], ["id"], ondelete="CASCADE")
