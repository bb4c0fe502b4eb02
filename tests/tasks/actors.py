"""Users of the task core, as the tests of its use cases let them act."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import Text, bindparam, select

from donebook.accounts.usecases import provision_user
from donebook.ledger.operations import Edit, Key, Writing
from donebook.ledger.writing import records
from donebook.ledger.writing.records import Found
from donebook.ledger.writing.revision import OpenRevision, Written
from donebook.principal import Principal
from donebook.storage.database import Database
from donebook.storage.statement import Statement
from donebook.tasks import usecases
from donebook.tasks.kind import TASKS
from donebook.tasks.model import task_versions, tasks
from donebook.tasks.operations import change, complete, delete, new_task, reopen, toggle
from donebook.tasks.selection import Selection
from donebook.tasks.usecases import Listing

R = TypeVar("R")

START = datetime(2030, 1, 1, 12, tzinfo=UTC)
VIA = "scoped"


class TaskFacts(msgspec.Struct, frozen=True):
    """Every fact of a task that a contract may show."""

    id: int
    uuid: UUID
    user_id: str
    title: str
    description: str | None
    completed: bool
    completed_at: datetime | None
    priority: str | None
    due_at: datetime | None
    due_all_day: bool
    due_time_zone: str | None
    tags: list[str]
    position: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    previous_revision: int | None
    revision: int


class Version(msgspec.Struct, frozen=True):
    """A row of the ledger."""

    revision: int
    task_id: int
    previous_revision: int | None
    action: str
    contract: str
    at: datetime
    title: str
    description: str | None
    completed_at: datetime | None
    priority: str | None
    due_at: datetime | None
    due_all_day: bool
    due_time_zone: str | None
    tags: list[str]
    position: str
    deleted_at: datetime | None


async def new_actor(database: Database) -> "Actor":
    """A user whom nothing belongs to yet."""
    actor = Actor(database, Principal(f"user-{next(_numbers)}"))
    await provision_user(database, actor.principal, START)
    return actor


_numbers = count(1)
_VERSIONS = Statement(
    "versions_of_owner",
    select(*(task_versions.c[name] for name in Version.__struct_fields__))
    .where(task_versions.c.owner_id == bindparam("owner", type_=Text))
    .order_by(task_versions.c.revision, task_versions.c.task_id),
)
_ROWS = Statement(
    "rows_of_owner",
    select(*(tasks.c[{"user_id": "owner_id"}.get(name, name)] for name in TaskFacts.__struct_fields__
             if name != "completed"))
    .where(tasks.c.owner_id == bindparam("owner", type_=Text))
    .order_by(tasks.c.id),
)  # fmt: skip


@dataclass
class Actor:
    """A user who acts through the use cases, with a clock that moves one second for each write."""

    database: Database
    principal: Principal
    now: datetime = field(default=START)

    def writing(self, if_match: int | None = None) -> Writing:
        self.now += timedelta(seconds=1)
        return Writing(self.now, VIA, if_match)

    async def create(
        self, title: str = "Buy milk", *, if_match: int | None = None, **facts: Any
    ) -> Written[TaskFacts]:
        new = new_task(title, **facts)
        return await records.create_record(
            self.database, self.principal, new, self.writing(if_match), TaskFacts
        )

    async def get(self, key: Key) -> TaskFacts:
        return (await self.find(key)).record

    async def find(self, key: Key) -> Found[TaskFacts]:
        return await records.get_record(self.database, self.principal, TASKS, key, TaskFacts)

    async def edit(self, edit: Edit, *, if_match: int | None = None) -> Written[TaskFacts]:
        return await records.edit_record(
            self.database, self.principal, edit, self.writing(if_match), TaskFacts
        )

    async def change(self, key: Key, *, if_match: int | None = None, **fields: Any) -> Written[TaskFacts]:
        return await self.edit(change(key, fields), if_match=if_match)

    async def complete(self, key: Key) -> Written[TaskFacts]:
        return await self.edit(complete(key))

    async def reopen(self, key: Key) -> Written[TaskFacts]:
        return await self.edit(reopen(key))

    async def toggle(self, key: Key) -> Written[TaskFacts]:
        return await self.edit(toggle(key))

    async def delete(self, key: Key, *, if_match: int | None = None) -> Written[TaskFacts]:
        return await self.edit(delete(key), if_match=if_match)

    async def together(self, work: Callable[[OpenRevision], Awaitable[R]]) -> R:
        """Do several writes within one revision."""
        writing = self.writing()
        return await self.database.transact(
            lambda transaction: OpenRevision.take(transaction, self.principal, writing, work)
        )

    async def listing(self, **selection: Any) -> Listing[TaskFacts]:
        if isinstance(text := selection.get("search"), str):
            selection["search"] = (text,)
        if "priority" in selection:
            selection["priorities"] = (selection.pop("priority"),)
        return await usecases.list_tasks(self.database, self.principal, Selection(**selection), TaskFacts)

    async def titles(self, **selection: Any) -> list[str]:
        return [task.title for task in (await self.listing(**selection)).tasks]

    async def revision(self) -> int:
        return await records.owner_revision(self.database, self.principal)

    async def versions(self) -> list[Version]:
        """The ledger of this user, oldest first."""
        rows = await self.database.read(_VERSIONS, {"owner": self.principal.user_id})
        return [Version(*row) for row in rows]

    async def rows(self) -> Sequence[Sequence[Any]]:
        """The rows of this user's tasks, in the trash or not, by number."""
        return [tuple(row) for row in await self.database.read(_ROWS, {"owner": self.principal.user_id})]
