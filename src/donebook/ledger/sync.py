"""Delta synchronisation: what changed since a revision."""

from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

from donebook.errors import ResyncRequired, RevisionAhead, UserUnknown
from donebook.ledger.statements.pages import limits
from donebook.ledger.statements.syncing import changed_since
from donebook.principal import Principal
from donebook.storage.database import Database
from donebook.tasks.facts import read_rows

T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Deletion:
    """A task that is gone, to the trash or for good, and the revision that it went at."""

    uuid: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class Delta(Generic[T]):
    """What brings a client from one revision to another, and which is the newest."""

    tasks: list[T]
    deleted: list[Deletion]
    revision: int
    newest: int

    @property
    def more(self) -> bool:
        return self.revision < self.newest


async def changes_since(
    database: Database, principal: Principal, since: int | None, limit: int, into: type[T]
) -> Delta[T]:
    """Each task that changed after ``since`` as it is now; without it, each there is.

    A delta ends between two revisions: at most ``limit`` tasks, or all that one revision changed.
    Raises `ResyncRequired`, `RevisionAhead`, `UserUnknown`.
    """
    values = {"owner": principal.user_id, "since": since or 0, **limits(limit)}
    rows = await database.read(changed_since(into), values)
    if not rows:
        raise UserUnknown
    revision, floor, end = rows[0][-3:]
    if since:
        if since > revision:
            raise RevisionAhead(revision)
        if since < floor:
            raise ResyncRequired
    found = [row for row in rows if row[-5] is not None]
    # A client that has nothing need not be told what is gone.
    gone = [Deletion(row[-6], row[-5]) for row in found if row[-4] and since]
    return Delta(read_rows(into, [row for row in found if not row[-4]]), gone, end, revision)
