"""Reading events from the ledger, a page at a time, and rendering each once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

import msgspec

from donebook.errors import ResyncRequired, RevisionAhead, UserUnknown
from donebook.ledger.events import statements
from donebook.ledger.events.audience import Page, Told
from donebook.ledger.events.position import Position, after_revision
from donebook.ledger.kinds.facts import read_rows
from donebook.ledger.kinds.kind import Action, Kind
from donebook.storage.database import Database
from donebook.storage.statement import Row

T = TypeVar("T", bound=msgspec.Struct)

_PAGE = 100
_OWNERS_AT_ONCE = 1000
_LATEST = 2**63 - 1
_EXTRAS = 9
"""How much follows the record's facts in a row (see `statements.events_after`)."""

_NUMBER, _REVISION = -7, -6


@dataclass(frozen=True, slots=True)
class Event(Generic[T]):
    """What a revision did to one record, and the record as it was then; none if it is gone for good.

    ``position`` is the place after it: that of the whole revision for the last event of one.
    """

    position: Position
    uuid: UUID
    number: int
    revision: int
    action: Action
    contract: str
    at: datetime
    record: T | None


class EventReader(Generic[T]):
    """Reads users' events of a kind, with its records in the row type ``into``."""

    def __init__(
        self, database: Database, kind: Kind, into: type[T], render: Callable[[Event[T]], bytes]
    ) -> None:
        self._database = database
        self._into = into
        self._render = render
        self._statement = statements.events_after(kind, into)

    async def head(self, owner: str, since: Position | None) -> Position:
        """The present end of the owner's events, if all are kept that came after ``since``.

        Raises `UserUnknown`, `RevisionAhead`, `ResyncRequired`, `DatabaseUnavailable`.
        """
        whole = _LATEST if since is None else since.behind
        rows = await self._database.read(statements.FOLLOWABLE, {"owner": owner, "since": whole})
        if not rows:
            raise UserUnknown
        revision, incomplete = rows[0]
        head = after_revision(revision)
        if since is not None and since > head:
            raise RevisionAhead(revision)
        if since is not None and incomplete:
            raise ResyncRequired
        return head

    async def revisions(self, owners: Sequence[str]) -> dict[str, int]:
        """The present revisions of those of the owners that there are; raises `DatabaseUnavailable`."""
        statement = statements.OWNER_REVISIONS
        found: dict[str, int] = {}
        for start in range(0, len(owners), _OWNERS_AT_ONCE):
            some = list(owners[start : start + _OWNERS_AT_ONCE])
            found.update((row[0], row[1]) for row in await self._database.read(statement, {"owners": some}))
        return found

    async def read(self, owner: str, place: Position) -> Page:
        """The owner's next events; raises `UserUnknown`, `ResyncRequired`, `DatabaseUnavailable`."""
        values = {"owner": owner, "revision": place.revision, "number": place.number, "limit": _PAGE + 1}
        rows = await self._database.read(self._statement, values)
        if not rows:
            raise UserUnknown
        revision, floor = rows[0][-2:]
        if place.behind < floor:
            raise ResyncRequired
        head = after_revision(revision)
        rows = [row for row in rows if row[_NUMBER] is not None]
        told = self._rendered(rows)[:_PAGE]
        if len(rows) > _PAGE:
            return Page(told, told[-1][0], more=True)
        return Page(told, head, more=False)

    def _rendered(self, rows: Sequence[Row]) -> list[Told]:
        """The events of the rows; of the last, all that is known is that it ends what was read."""
        told: list[Told] = []
        for index, (row, record) in enumerate(zip(rows, read_rows(self._into, rows), strict=True)):
            erased, uuid, number, revision, action, contract, at, _, _ = row[-_EXTRAS:]
            last = index + 1 == len(rows) or rows[index + 1][_REVISION] != revision
            position = after_revision(revision) if last else Position(revision, number)
            known = None if erased else record
            event = Event(position, uuid, number, revision, action, contract, at, known)
            told.append((position, self._render(event)))
        return told
