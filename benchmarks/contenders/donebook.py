"""Donebook as a user gets it, on PostgreSQL and on SQLite.

The rows are those that its own use cases would have left: every task was created by one revision of its
owner, a completed one was completed by the next, and the ledger holds a version for each.
"""

import sqlite3
import sysconfig
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from importlib.metadata import version
from itertools import chain
from pathlib import Path
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite

from benchmarks.contenders.contender import Accounts, Contender
from benchmarks.dialects import V2, Dialect, Versioned
from benchmarks.load import SYNCED, Account
from benchmarks.population import BEGAN, SECRET, Population, Task, sign_tokens
from benchmarks.postgres import Cluster
from benchmarks.processes import Missing, Server, free_port
from donebook.accounts.model import users
from donebook.ledger.kinds.folding import fold
from donebook.ledger.kinds.identifiers import uuid7
from donebook.spaces.model import spaces
from donebook.storage.migrate import migrate
from donebook.storage.types import RANK_ORIGIN
from donebook.tasks.model import task_versions, tasks

Row = dict[str, Any]


class Seed:
    """The rows of all tables for one population, made as they are read, and the keys the accounts need."""

    def __init__(self, population: Population) -> None:
        self._population = population
        self._keys: dict[str, list[tuple[str, str, bool]]] = {user.id: [] for user in population.users}
        self._since = {user.id: "0" for user in population.users}

    def users(self) -> Iterator[Row]:
        """Yield the owners."""
        for user in self._population.users:
            yield {
                "id": user.id, "email": user.email, "name": user.name, "avatar_url": None,
                "created_at": BEGAN, "updated_at": BEGAN, "disabled_at": None, "tokens_valid_from": None,
            }  # fmt: skip

    def spaces(self) -> Iterator[Row]:
        """Yield the owners' spaces, each at the revision of its newest task, with what is in it counted."""
        found: dict[str, Row] = {
            user.id: {"id": user.id, "revision": 0, "tasks": 0, "history_bytes": 0}
            for user in self._population.users
        }
        for history in self._histories():
            space = found[history[-1]["owner_id"]]
            space["revision"] = history[-1]["revision"]
            space["tasks"] += 1
            space["history_bytes"] += sum(map(_bytes_of, history))
        yield from found.values()

    def tasks(self) -> Iterator[Row]:
        """Yield the tasks as they stand."""
        for *_, task in self._histories():
            undone = task["completed_at"] is None
            keys = self._keys[task["owner_id"]]
            keys.append((str(task["id"]), str(task["uuid"]), undone))
            owner = self._population.by_id[task["owner_id"]]
            if len(keys) == owner.tasks - SYNCED:
                self._since[owner.id] = str(task["revision"])
            yield task

    def versions(self) -> Iterator[Row]:
        """Yield what the ledger keeps of each task."""
        for history in self._histories():
            for task, action in zip(history, ("created", "completed"), strict=False):
                told = {
                    "task_id": task["id"],
                    "action": action,
                    "contract": "versioned",
                    "at": task["updated_at"],
                }
                yield {name: told.get(name, task.get(name)) for name in task_versions.columns.keys()}  # noqa: SIM118

    def _histories(self) -> Iterator[tuple[Row, ...]]:
        """Yield each task as it was after each of its writes."""
        revisions = dict.fromkeys(self._keys, 0)
        for number, task in enumerate(self._population.tasks(), start=1):
            owner = task.owner.id
            revisions[owner] += 1
            created = _created(number, task, revisions[owner])
            if task.completed_at is None:
                yield (created,)
                continue
            revisions[owner] += 1
            completed = created | {
                "completed_at": task.completed_at, "updated_at": task.completed_at,
                "previous_revision": created["revision"], "revision": revisions[owner],
            }  # fmt: skip
            yield created, completed

    def tables(self) -> tuple[tuple[Table, list[str], Iterator[Row]], ...]:
        """The tables in the order in which they can be filled, with the columns that are given values."""
        sources = (
            (users, self.users()),
            (spaces, self.spaces()),
            (tasks, self.tasks()),
            (task_versions, self.versions()),
        )
        return tuple((table, *_with_names(rows)) for table, rows in sources)

    def accounts(self, *, by_uuid: bool) -> Accounts:
        """Everybody, with the keys of one contract; only after the tasks were read.

        Of the open tasks each contract has every other to toggle, as both work on one database.
        """
        tokens = sign_tokens(self._population.users)
        groups: dict[str, list[Account]] = {}
        for user in self._population.users:
            keys = [(uuid if by_uuid else number, undone) for number, uuid, undone in self._keys[user.id]]
            still_open = [key for key, undone in keys if undone]
            account = Account(
                user.id,
                tokens[user.id],
                tuple(key for key, _ in keys),
                tuple(still_open[by_uuid::2]),
                since=self._since[user.id],
            )
            groups.setdefault(user.group, []).append(account)
        return {name: tuple(members) for name, members in groups.items()}


def _with_names(rows: Iterator[Row]) -> tuple[list[str], Iterator[Row]]:
    first = next(rows, {})
    return list(first), chain([first] if first else [], rows)


def _bytes_of(version: Row) -> int:
    """What the quota of history counts of it: two bytes are the empty list of tags."""
    texts = (version["title"], version["description"] or "")
    return 200 + 2 + sum(len(text.encode()) for text in texts)


def _created(number: int, task: Task, revision: int) -> Row:
    description = task.description
    return {
        "owner_id": task.owner.id, "id": number, "uuid": uuid7(), "title": task.title,
        "title_folded": fold(task.title), "description": description,
        "description_folded": None if description is None else fold(description),
        "completed_at": None, "priority": task.priority, "due_at": task.due_at, "due_all_day": False,
        "due_time_zone": None, "tags": [], "position": f"{RANK_ORIGIN + revision:x}",
        "created_at": task.created_at, "updated_at": task.created_at, "revision": revision,
        "previous_revision": None, "deleted_at": None,
    }  # fmt: skip


class Donebook(Contender):
    """What both databases have in common."""

    def __init__(self, workdir: Path) -> None:
        super().__init__(workdir)
        self._accounts: dict[bool, Accounts] = {}

    @property
    @abstractmethod
    def url(self) -> str:
        """The database's."""

    @abstractmethod
    def fill(self, seed: Seed) -> None:
        """Insert the rows."""

    def settings(self) -> Mapping[str, str]:
        """Settings that differ from the defaults, besides the database, the secret and the port."""
        return {}

    def prepare(self, population: Population) -> None:
        """Migrate and seed."""
        self.directory.mkdir(exist_ok=True)
        migrate(self.url, row_security="DATABASE_ROW_SECURITY" in self.settings())
        seed = Seed(population)
        self.fill(seed)
        self._accounts = {by_uuid: seed.accounts(by_uuid=by_uuid) for by_uuid in (False, True)}

    def launch(self, workers: int) -> Server:
        """Run `donebook serve`."""
        command = Path(sysconfig.get_path("scripts")) / "donebook"
        if not command.exists():
            raise Missing("the command `donebook` is not installed: make dev")
        self.directory.mkdir(exist_ok=True)
        port = free_port()
        environment = {"DATABASE_URL": self.url, "JWT_SECRET": SECRET, "HOST": "127.0.0.1", **self.settings()}
        return Server(
            [command, "serve", "--port", str(port), "--workers", str(workers)],
            port=port,
            directory=self.directory,
            environment=environment,
            log=self.directory.parent / f"{self.name}.server.log",
        )

    def dialects(self) -> tuple[Dialect, ...]:
        """Serve both contracts that are measured, with conditional requests."""
        return Versioned(revalidates=True), V2()

    def accounts(self, dialect: Dialect) -> Accounts:
        """Everybody, as seeded."""
        return self._accounts[dialect.name == "v2"]

    def versions(self) -> Mapping[str, str]:
        """The packages that decide its speed."""
        names = ("donebook", "fastapi", "starlette", "uvicorn", "uvloop", "msgspec", "asyncpg")
        return {name: version(name) for name in names}


class DonebookPostgres(Donebook):
    """On PostgreSQL."""

    name = "donebook-postgres"
    title = "Donebook on PostgreSQL"
    notes = "`donebook serve` with its defaults: access log, request ids, ETags, ledger; pool of 10"

    def __init__(self, workdir: Path) -> None:
        super().__init__(workdir)
        self._cluster: Cluster | None = None

    @property
    def cluster(self) -> Cluster:
        """The database, started on first use."""
        if self._cluster is None:
            self._cluster = Cluster()
        return self._cluster

    @property
    def url(self) -> str:
        """The cluster's database."""
        return self.cluster.url

    def fill(self, seed: Seed) -> None:
        """Copy the rows in."""

        async def copy(connection: Any) -> None:
            for table, names, rows in seed.tables():
                await connection.copy_records_to_table(
                    table.name,
                    records=([_for_postgres(row[name]) for name in names] for row in rows),
                    columns=names,
                )
            await connection.execute("SELECT setval('task_numbers', max(id)) FROM tasks")

        self.cluster.run(copy)
        self.tidy()

    def count_tasks(self, user_id: str | None = None) -> int:
        """Count rows of the table."""

        async def count(connection: Any) -> int:
            query = "SELECT count(*) FROM tasks WHERE $1::text IS NULL OR owner_id = $1"
            return int(await connection.fetchval(query, user_id))

        return self.cluster.run(count)

    def count_writes(self) -> int:
        """Count everybody's revisions."""

        async def count(connection: Any) -> int:
            return int(await connection.fetchval("SELECT sum(revision - floor) FROM spaces"))

        return self.cluster.run(count)

    def database_pids(self) -> tuple[int, ...]:
        """The postmaster."""
        return (self.cluster.pid,)

    def tidy(self) -> None:
        """Vacuum and checkpoint."""
        self.cluster.tidy()

    def versions(self) -> Mapping[str, str]:
        """Also the database's."""
        return {**super().versions(), "postgresql": self.cluster.version()}

    def stop(self) -> None:
        """End the server, then the database."""
        self.stop_server()
        if self._cluster is not None:
            self._cluster.stop()
            self._cluster = None


class DonebookPostgresRowSecurity(DonebookPostgres):
    """On PostgreSQL, behind the second wall."""

    name = "donebook-postgres-row-security"
    title = "Donebook on PostgreSQL, row-level security"
    notes = "as above, with DATABASE_ROW_SECURITY=true: each statement in a transaction of its own role"

    def settings(self) -> Mapping[str, str]:
        """The wall is off by default."""
        return {"DATABASE_ROW_SECURITY": "true"}


class DonebookPostgresLimited(DonebookPostgres):
    """On PostgreSQL, with a limit of requests that nobody reaches."""

    name = "donebook-postgres-limited"
    title = "Donebook on PostgreSQL, requests limited"
    notes = "as above, with RATE_LIMIT_API set, so that each request is counted for its user"

    def settings(self) -> Mapping[str, str]:
        """The limit is off by default."""
        return {"RATE_LIMIT_API": "100000000/minute"}


def _for_postgres(value: object) -> object:
    return "[]" if value == [] else value


class DonebookSqlite(Donebook):
    """On a SQLite file, as durable as PocketBase's."""

    name = "donebook-sqlite"
    title = "Donebook on SQLite"
    notes = "as above, with SQLITE_SYNCHRONOUS=NORMAL: the durability PocketBase has (the default is FULL)"

    def settings(self) -> Mapping[str, str]:
        """The durability PocketBase has."""
        return {"SQLITE_SYNCHRONOUS": "NORMAL"}

    @property
    def _path(self) -> Path:
        return self.directory / "donebook.db"

    @property
    def url(self) -> str:
        """The file's."""
        return f"sqlite:///{self._path}"

    def fill(self, seed: Seed) -> None:
        """Insert the rows as the product's own column types write them."""
        dialect = sqlite.dialect()
        connection = sqlite3.connect(self._path)
        with connection:
            for table, names, rows in seed.tables():
                types = [table.columns[name].type for name in names]
                writers = [each.dialect_impl(dialect).bind_processor(dialect) for each in types]
                connection.executemany(
                    f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
                    (
                        [
                            row[name] if write is None else write(row[name])
                            for name, write in zip(names, writers, strict=True)
                        ]
                        for row in rows
                    ),
                )
            connection.execute(
                "UPDATE number_allotments SET last = (SELECT max(id) FROM tasks) WHERE name = 'task_numbers'"
            )
        connection.execute("ANALYZE")
        connection.close()

    def count_tasks(self, user_id: str | None = None) -> int:
        """Count rows beside the running server, which WAL allows."""
        return self._ask("SELECT count(*) FROM tasks WHERE ?1 IS NULL OR owner_id = ?1", user_id)

    def count_writes(self) -> int:
        """Count everybody's revisions."""
        return self._ask("SELECT sum(revision - floor) FROM spaces")

    def _ask(self, query: str, *values: str | None) -> int:
        connection = sqlite3.connect(self._path, timeout=10)
        try:
            return int(connection.execute(query, values).fetchone()[0])
        finally:
            connection.close()

    def tidy(self) -> None:
        """Do nothing: SQLite checkpoints its write-ahead log as it grows."""


class DonebookSqliteFull(DonebookSqlite):
    """On a SQLite file, as it comes."""

    name = "donebook-sqlite-full"
    title = "Donebook on SQLite, its defaults"
    notes = "`donebook serve` with its defaults: every answered write survives a power cut"

    def settings(self) -> Mapping[str, str]:
        """Nothing differs."""
        return {}
