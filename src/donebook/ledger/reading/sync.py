"""Delta synchronisation: what changed since a revision."""

from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

from donebook.errors import ResyncRequired, RevisionAhead, UserUnknown
from donebook.ledger.kinds.facts import read_rows
from donebook.ledger.kinds.kind import Kind
from donebook.ledger.statements.pages import limits
from donebook.ledger.statements.syncing import changed_since
from donebook.principal import Principal
from donebook.storage.database import Database

T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Deletion:
    """A record that is gone, to the trash or for good, and the revision that it went at."""

    uuid: UUID
    revision: int


@dataclass(frozen=True, slots=True)
class Delta(Generic[T]):
    """What brings a client from one revision to another, and which is the newest."""

    records: list[T]
    deleted: list[Deletion]
    revision: int
    newest: int

    @property
    def more(self) -> bool:
        return self.revision < self.newest


async def changes_since(
    database: Database,
    principal: Principal,
    since: int | None,
    limit: int,
    into: type[T],
    *,
    kind: Kind,
    began: int | None = None,
) -> Delta[T]:
    """Each record of the kind that changed after ``since`` as it is now; without it, each there is.

    A delta ends between two revisions: at most ``limit`` records, or all that one revision changed. Who has
    nothing and gives ``began``, 0 at first and then the first page's ``newest``, reads a page at a time what
    is below the floor, too. Otherwise the first page reaches it. Raises `ResyncRequired`, `RevisionAhead`,
    `UserUnknown`.
    """
    # Without a word of where it began, whoever went on from below the floor would be told to begin anew.
    reaches = int(not since and began is None)
    values = {"owner": principal.user_id, "since": since or 0, "reaches": reaches, **limits(limit)}
    rows = await database.read(changed_since(kind, into), values)
    if not rows:
        raise UserUnknown
    revision, floor, end = rows[0][-3:]
    # What one has of records was read at the revision that one began at, or later.
    heard = max(since, began or 0) if since else revision
    if heard > revision:
        raise RevisionAhead(revision)
    if heard < floor:
        raise ResyncRequired
    found = [row for row in rows if row[-5] is not None]
    # Nobody need be told what was gone before.
    gone = [Deletion(row[-6], row[-5]) for row in found if row[-4] and row[-5] > heard]
    return Delta(read_rows(into, [row for row in found if not row[-4]]), gone, end, revision)
