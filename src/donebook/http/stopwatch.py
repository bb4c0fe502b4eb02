"""A database that adds up how long one request waited for it."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TypeVar

from donebook.storage.database import Database, Usage, Work
from donebook.storage.statement import Row, Statement, Values

T = TypeVar("T")


class StopwatchDatabase:
    """The same database, with the ``seconds`` that its user waited for answers."""

    __slots__ = ("_database", "dialect", "seconds")

    def __init__(self, database: Database) -> None:
        self._database = database
        self.dialect = database.dialect
        self.seconds = 0.0

    async def read(self, statement: Statement, values: Values) -> Sequence[Row]:
        started = perf_counter()
        try:
            return await self._database.read(statement, values)
        finally:
            self.seconds += perf_counter() - started

    async def write(self, statement: Statement, values: Values) -> Sequence[Row]:
        started = perf_counter()
        try:
            return await self._database.write(statement, values)
        finally:
            self.seconds += perf_counter() - started

    async def transact(self, work: Work[T]) -> T:
        started = perf_counter()
        try:
            return await self._database.transact(work)
        finally:
            self.seconds += perf_counter() - started

    def on_commit(self, hear: Callable[[str], None]) -> None:
        self._database.on_commit(hear)

    def usage(self) -> Usage:
        return self._database.usage()

    async def open(self) -> None:
        await self._database.open()

    async def close(self) -> None:
        await self._database.close()
