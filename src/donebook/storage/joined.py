"""An open transaction where a database is expected, so that use cases can be parts of a larger whole."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from donebook.storage.database import Transaction, Usage, Work
from donebook.storage.statement import Row, Statement, Values

T = TypeVar("T")


class JoinedDatabase:
    """A `Database` whose every effect belongs to one transaction that somebody else ends."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    @property
    def dialect(self) -> str:
        return self._transaction.dialect

    async def read(self, statement: Statement, values: Values) -> Sequence[Row]:
        return await self._transaction.fetch(statement, values)

    async def write(self, statement: Statement, values: Values) -> Sequence[Row]:
        return await self._transaction.fetch(statement, values)

    async def transact(self, work: Work[T]) -> T:
        return await work(self._transaction)

    async def view(self, work: Work[T]) -> T:
        return await work(self._transaction)

    def on_commit(self, hear: Callable[[str], None]) -> None:
        raise RuntimeError("only the database itself tells of its commits")

    def usage(self) -> Usage:
        raise RuntimeError("a transaction has no connections of its own to count")

    async def open(self) -> None:
        raise RuntimeError("a transaction is open from its beginning")

    async def close(self) -> None:
        raise RuntimeError("a transaction is ended by whoever began it")
