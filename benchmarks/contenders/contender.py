"""What the harness asks of everyone it measures."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from benchmarks.dialects import Dialect
from benchmarks.load import Account
from benchmarks.population import Population
from benchmarks.processes import Server

Accounts = Mapping[str, tuple[Account, ...]]
"""The users of each group, as one contender and dialect know them."""


class Contender(ABC):
    """A server with a database: prepared once, then started and stopped as often as needed."""

    name: str
    """A short name for files and options."""
    title: str
    """How tables and pictures call it."""
    notes: str
    """What a reader must know about its configuration."""
    secured = True
    """Whether it checks tokens and ownership."""

    def __init__(self, workdir: Path) -> None:
        self.directory = workdir / self.name
        self.server: Server | None = None

    @abstractmethod
    def prepare(self, population: Population) -> None:
        """Start the database, make the schema, seed it; raises `Missing` if that cannot be done here."""

    @abstractmethod
    def launch(self, workers: int) -> Server:
        """Start the server's process without waiting for it."""

    @abstractmethod
    def dialects(self) -> tuple[Dialect, ...]:
        """The contracts to measure on the running server."""

    @abstractmethod
    def accounts(self, dialect: Dialect) -> Accounts:
        """Everybody's tokens and tasks."""

    @abstractmethod
    def count_tasks(self, user_id: str | None = None) -> int:
        """Count the rows of all users or of one, in the database itself."""

    def count_writes(self) -> int | None:
        """Count the writes that changed something so far, if the contender keeps count of them."""
        return None

    def database_pids(self) -> tuple[int, ...]:
        """The roots of the database's processes; none where the database lives in the server."""
        return ()

    @abstractmethod
    def tidy(self) -> None:
        """Clear up after writes, outside of any measurement."""

    def versions(self) -> Mapping[str, str]:
        """What was measured, for the record."""
        return {}

    def start(self, workers: int = 1) -> float:
        """Start the server; return the seconds from process start to its first healthy answer."""
        self.server = self.launch(workers)
        return self.server.wait_until_healthy()

    @property
    def port(self) -> int:
        """The running server's."""
        assert self.server is not None, f"{self.name} is not running"
        return self.server.port

    def server_pids(self) -> tuple[int, ...]:
        """The roots of the server's processes."""
        return () if self.server is None else (self.server.pid,)

    def stop_server(self) -> None:
        """End the server and leave the database."""
        if self.server is not None:
            self.server.stop()
            self.server = None

    def stop(self) -> None:
        """End everything."""
        self.stop_server()
