"""What the use cases may ask of a database."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from donebook.storage.statement import Row, Statement, Values

T = TypeVar("T")


class Transaction(Protocol):
    """Statements that take effect together or not at all."""

    @property
    def dialect(self) -> str:
        """``"postgresql"`` or ``"sqlite"``."""

    async def fetch(self, statement: Statement, values: Values) -> Sequence[Row]:
        """Run the statement and return all its rows."""

    async def execute_many(self, statement: Statement, values: Iterable[Values]) -> None:
        """Run the statement once for each set of values."""


Work = Callable[[Transaction], Awaitable[T]]


@dataclass(frozen=True, slots=True)
class Usage:
    """What this process has of a database: connections, requests that wait for one, revisions committed."""

    limit: int
    open: int
    busy: int
    waiting: int
    revisions: int


class Database(Protocol):
    """A database that answers, or raises `DatabaseUnavailable` within a bounded time."""

    @property
    def dialect(self) -> str:
        """``"postgresql"`` or ``"sqlite"``."""

    async def read(self, statement: Statement, values: Values) -> Sequence[Row]:
        """Run one statement that changes nothing; it may be run twice after a lost connection."""

    async def write(self, statement: Statement, values: Values) -> Sequence[Row]:
        """Run one statement that may change rows, as its own transaction; committed on return."""

    async def transact(self, work: Work[T]) -> T:
        """Run ``work`` in one transaction, committed on return and undone if it raises.

        ``work`` may await nothing but its transaction: on SQLite it is driven by the writer thread.
        """

    async def view(self, work: Work[T]) -> T:
        """Run ``work`` over one snapshot, in which it may only read.

        As in `transact`, it may await nothing but its transaction, and what never suspends: on SQLite it
        is driven by a thread of its own.
        """

    def on_commit(self, hear: Callable[[str], None]) -> None:
        """Have ``hear`` called, on the event loop, with each announced value after its commit.

        It is not called for what other processes commit.
        """

    def usage(self) -> Usage:
        """What is in use now; may be called from any thread."""

    async def open(self) -> None:
        """Make ready to answer; called once, within the running event loop."""

    async def close(self) -> None:
        """Finish the writes under way and let go of all connections."""
