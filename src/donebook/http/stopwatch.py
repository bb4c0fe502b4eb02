"""The database of one request: adds up how long it was waited for, and has the user's writes take turns."""

from collections.abc import Callable, Sequence
from time import perf_counter
from typing import TypeVar

from donebook.http.bounds.turns import UserTurns
from donebook.storage.database import Database, Usage, Work
from donebook.storage.statement import Row, Statement, Values

T = TypeVar("T")


class StopwatchDatabase:
    """The same database, with the ``seconds`` that its user waited for answers.

    Writes take turns with the user's others; those of nobody, who has no ``user_id``, do not.
    """

    __slots__ = ("_database", "_turns", "_user_id", "dialect", "seconds")

    def __init__(self, database: Database, turns: UserTurns, user_id: str) -> None:
        self._database = database
        self._turns = turns
        self._user_id = user_id
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
        user_id = self._user_id
        if user_id and not self._turns.enter(user_id):
            await self._turns.wait(user_id)
        try:
            return await self._database.write(statement, values)
        finally:
            if user_id:
                self._turns.leave(user_id)
            self.seconds += perf_counter() - started

    async def transact(self, work: Work[T]) -> T:
        started = perf_counter()
        user_id = self._user_id
        if user_id and not self._turns.enter(user_id):
            await self._turns.wait(user_id)
        try:
            return await self._database.transact(work)
        finally:
            if user_id:
                self._turns.leave(user_id)
            self.seconds += perf_counter() - started

    async def view(self, work: Work[T]) -> T:
        started = perf_counter()
        try:
            return await self._database.view(work)
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
