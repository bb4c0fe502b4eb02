"""Where records stand among the others of their kind, within a revision in the making."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from donebook.errors import NeighbourNotFound
from donebook.ledger.kinds.kind import Kind
from donebook.ledger.kinds.positions import LONGEST, SPREAD, between, first_of, last_of, rank
from donebook.ledger.operations import Key, Move, column_of
from donebook.ledger.statements import in_transaction
from donebook.storage.database import Transaction
from donebook.storage.statement import Row, Statement, Values

_WINDOW = 4
"""How many records on each side of a gap are spread out first; twice as many if that is not enough."""


@dataclass(frozen=True, slots=True, order=True)
class _Spot:
    position: str
    number: int


class Arrangement:
    """Finds positions, and has ``place`` give them to records."""

    def __init__(
        self,
        transaction: Transaction,
        owner: str,
        revision: int,
        place: Callable[[Kind, int, str], Awaitable[None]],
    ) -> None:
        self._transaction = transaction
        self._owner = owner
        self._revision = revision
        self._place = place
        self._given_first = 0
        self._given_last = 0

    async def move(self, move: Move, number: int) -> bool:
        """Place the record of that number as asked; whether it was elsewhere. Raises `NeighbourNotFound`."""
        kind = move.kind
        here = await self._spot(kind, number)
        assert here is not None
        if move.anchor is None:
            before = move.side == "before"
            if not await self._neighbours(kind, here, number, 1, before=before):
                return False
            await self._place(kind, number, self._first_position() if before else self.last_position())
            return True
        anchor = await self._spot(kind, move.anchor)
        if anchor is None:
            raise NeighbourNotFound
        if anchor.number == number:
            return False
        beside = await self._neighbours(kind, anchor, number, 1, before=move.side == "before")
        neighbour = beside[0] if beside else None
        low, high = (neighbour, anchor) if move.side == "before" else (anchor, neighbour)
        if (low is None or low < here) and (high is None or here < high):
            return False
        found = between(*self._bounds(low, high), 1, LONGEST)
        if found is None:
            await self._spread(kind, number, low, high)
        else:
            await self._place(kind, number, found[0])
        return True

    async def _spread(self, kind: Kind, number: int, low: _Spot | None, high: _Spot | None) -> None:
        """Place a record between two others by giving those around it new positions as well."""
        window = _WINDOW
        while True:
            below, above = [low] if low else [], [high] if high else []
            if low is not None:
                below += await self._neighbours(kind, low, number, window, before=True)
            if high is not None:
                above += await self._neighbours(kind, high, number, window, before=False)
            lowest = below.pop() if len(below) > window else None
            highest = above.pop() if len(above) > window else None
            below.reverse()
            numbers = [*(spot.number for spot in below), number, *(spot.number for spot in above)]
            found = between(*self._bounds(lowest, highest), len(numbers), SPREAD)
            if found is not None:
                break
            window *= 2
        for each, position in zip(numbers, found, strict=True):
            await self._place(kind, each, position)

    def _bounds(self, low: _Spot | None, high: _Spot | None) -> tuple[str, str]:
        # Beyond whatever this revision may have put at the ends.
        beyond = self._revision + 1
        return low.position if low else rank(-beyond), high.position if high else rank(beyond)

    async def _spot(self, kind: Kind, key: Key) -> _Spot | None:
        column = column_of(key)
        rows = await self._fetch(in_transaction.position_of(kind, column), {column: key})
        return _Spot(*rows[0]) if rows else None

    async def _neighbours(
        self, kind: Kind, spot: _Spot, moving: int, limit: int, *, before: bool
    ) -> list[_Spot]:
        rows = await self._fetch(
            in_transaction.neighbours(kind, before=before),
            {"position": spot.position, "id": spot.number, "moving": moving, "limit": limit},
        )
        return [_Spot(*row) for row in rows]

    def _first_position(self) -> str:
        self._given_first += 1
        return first_of(self._revision, self._given_first - 1)

    def last_position(self) -> str:
        """A position behind all that there are and that were given so far."""
        self._given_last += 1
        return last_of(self._revision, self._given_last - 1)

    def _fetch(self, statement: Statement, values: Values) -> Awaitable[Sequence[Row]]:
        return self._transaction.fetch(statement, {"owner": self._owner, **values})
