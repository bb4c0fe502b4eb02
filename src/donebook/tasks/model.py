"""The tables of tasks and of the versions that the ledger keeps of them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Table,
    Text,
    Uuid,
    and_,
    column,
)
from sqlmodel import Field, SQLModel

from donebook.storage.types import Instant, Labels

TITLE_LIMIT = 500
DESCRIPTION_LIMIT = 10_000

_NOT_DELETED = column("deleted_at").is_(None)
_OPEN = and_(column("completed_at").is_(None), _NOT_DELETED)
_COMPLETED = and_(column("completed_at").is_not(None), _NOT_DELETED)
_TRASHED = column("deleted_at").is_not(None)

# SQLite compares bytes unless told otherwise; PostgreSQL has to be told.
BYTEWISE = Text().with_variant(Text(collation="C"), "postgresql")


class Task(SQLModel, table=True):
    """A task as it stands.

    The owner leads the primary key and every index, so that the table can be partitioned or sharded
    by user. ``id`` is unique over all users; ``uuid`` (version 7 unless a client chose it) is unique
    within one. ``title_folded`` and ``description_folded`` are the texts case-folded by Python: both
    databases search and sort them byte by byte and so agree on every alphabet.

    ``due_at`` is an instant; of an all-day task it is midnight UTC of the date. ``position`` is text
    that sorts bytewise. A task with ``deleted_at`` is in the trash. ``revision`` and
    ``previous_revision`` name its newest version and the one before.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint(f"length(title) BETWEEN 1 AND {TITLE_LIMIT}", name="tasks_title_length"),
        CheckConstraint(f"length(description) <= {DESCRIPTION_LIMIT}", name="tasks_description_length"),
        CheckConstraint("priority IN ('low', 'medium', 'high')", name="tasks_priority_known"),
        CheckConstraint(
            "due_at IS NOT NULL OR (due_time_zone IS NULL AND NOT due_all_day)", name="tasks_due_complete"
        ),
        CheckConstraint("NOT due_all_day OR due_time_zone IS NULL", name="tasks_due_all_day_has_no_zone"),
        CheckConstraint("revision > 0", name="tasks_revision_positive"),
        Index("tasks_owner_uuid", "owner_id", "uuid", unique=True),
        Index("tasks_owner_open", "owner_id", "id", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index(
            "tasks_owner_completed", "owner_id", "id", postgresql_where=_COMPLETED, sqlite_where=_COMPLETED
        ),
        Index(
            "tasks_owner_position",
            "owner_id",
            "position",
            "id",
            postgresql_where=_NOT_DELETED,
            sqlite_where=_NOT_DELETED,
        ),
        Index("tasks_owner_revision", "owner_id", "revision"),
        Index(
            "tasks_owner_trashed",
            "owner_id",
            "deleted_at",
            "id",
            postgresql_where=_TRASHED,
            sqlite_where=_TRASHED,
        ),
    )

    owner_id: str = Field(
        sa_column=Column(Text, ForeignKey("spaces.id", ondelete="CASCADE"), primary_key=True)
    )
    id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    uuid: UUID = Field(sa_column=Column(Uuid, nullable=False))
    title: str = Field(sa_column=Column(Text, nullable=False))
    title_folded: str = Field(sa_column=Column(BYTEWISE, nullable=False))
    description: str | None = Field(default=None, sa_column=Column(Text))
    description_folded: str | None = Field(default=None, sa_column=Column(Text))
    completed_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    priority: str | None = Field(default=None, sa_column=Column(Text))
    due_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    due_all_day: bool = Field(default=False, sa_column=Column(Boolean, nullable=False))
    due_time_zone: str | None = Field(default=None, sa_column=Column(Text))
    tags: list[str] = Field(sa_column=Column(Labels, nullable=False))
    position: str = Field(sa_column=Column(BYTEWISE, nullable=False))
    created_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    updated_at: datetime = Field(sa_column=Column(Instant, nullable=False))
    revision: int = Field(sa_column=Column(BigInteger, nullable=False))
    previous_revision: int | None = Field(default=None, sa_column=Column(BigInteger))
    deleted_at: datetime | None = Field(default=None, sa_column=Column(Instant))


class TaskVersion(SQLModel, table=True):
    """A task as one write left it: one row for each task that each revision changed.

    The versions are the ledger: what a revision did to a task is the difference to the task's
    version before, which ``previous_revision`` names (``None`` for the first), so that history needs
    no index of its own. ``action`` is what the write meant; ``contract`` is the dialect it came through.

    There is no foreign key to the task: a version is inserted by the statement that wrote the task,
    and a second check of that would cost every write a look-up.
    """

    __tablename__ = "task_versions"
    __table_args__ = (
        CheckConstraint(
            "action IN ('created', 'updated', 'completed', 'reopened', 'deleted', 'restored', 'moved')",
            name="task_versions_action_known",
        ),
    )

    owner_id: str = Field(sa_column=Column(Text, primary_key=True))
    revision: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    task_id: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))
    previous_revision: int | None = Field(default=None, sa_column=Column(BigInteger))
    action: str = Field(sa_column=Column(Text, nullable=False))
    contract: str = Field(sa_column=Column(Text, nullable=False))
    at: datetime = Field(sa_column=Column(Instant, nullable=False))
    title: str = Field(sa_column=Column(Text, nullable=False))
    description: str | None = Field(default=None, sa_column=Column(Text))
    completed_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    priority: str | None = Field(default=None, sa_column=Column(Text))
    due_at: datetime | None = Field(default=None, sa_column=Column(Instant))
    due_all_day: bool = Field(sa_column=Column(Boolean, nullable=False))
    due_time_zone: str | None = Field(default=None, sa_column=Column(Text))
    tags: list[str] = Field(sa_column=Column(Labels, nullable=False))
    position: str = Field(sa_column=Column(Text, nullable=False))
    deleted_at: datetime | None = Field(default=None, sa_column=Column(Instant))


tasks: Table = Task.__table__  # type: ignore[attr-defined]  # SQLModel adds it when the class is made
task_versions: Table = TaskVersion.__table__  # type: ignore[attr-defined]
