"""Taskledger as a user gets it, on PostgreSQL and on SQLite.

The rows are those that its own use cases would have left: every task was created by one revision of its
owner, a completed one was completed by the next, and the ledger holds a version for each.
"""

import sqlite3
import sysconfig
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import sqlite

from benchmarks.contenders.contender import Accounts, Contender
from benchmarks.dialects import V2, Dialect, Versioned
from benchmarks.load import Account
from benchmarks.population import SECRET, Population, Task, sign_tokens
from benchmarks.postgres import Cluster
from benchmarks.processes import Missing, Server, free_port
from taskledger.accounts.model import users
from taskledger.storage.migrate import migrate
from taskledger.storage.types import RANK_ORIGIN
from taskledger.tasks.identifiers import uuid7
from taskledger.tasks.model import task_versions, tasks
from taskledger.tasks.values import fold

Row = dict[str, Any]


class Seed:
    """The rows of all tables for one population, and the keys that the accounts need."""

    def __init__(self, population: Population) -> None:
        self.population = population
        self.users: dict[str, Row] = {}
        self.tasks: list[Row] = []
        self.versions: list[Row] = []
        self._keys: dict[str, list[tuple[str, str, bool]]] = {user.id: [] for user in population.users}
        for number, task in enumerate(population.tasks(), start=1):
            self._add(number, task)
        for user in population.users:
            self.users.setdefault(user.id, self._user(user.id, user.email, user.name, None))

    @staticmethod
    def _user(user_id: str, email: str, name: str, at: object) -> Row:
        return {
            "id": user_id, "email": email, "name": name, "avatar_url": None, "revision": 0,
            "created_at": at, "updated_at": at,
        }  # fmt: skip

    def _add(self, number: int, task: Task) -> None:
        owner = task.owner
        user = self.users.get(owner.id)
        if user is None:
            user = self.users[owner.id] = self._user(owner.id, owner.email, owner.name, task.created_at)
        user["revision"] += 1
        created: Row = {
            "owner_id": owner.id, "id": number, "uuid": uuid7(), "title": task.title,
            "title_folded": fold(task.title), "description": task.description,
            "description_folded": None if task.description is None else fold(task.description),
            "completed_at": None, "priority": task.priority, "due_at": task.due_at, "due_all_day": False,
            "due_time_zone": None, "tags": [], "position": f"{RANK_ORIGIN + user['revision']:x}",
            "created_at": task.created_at, "updated_at": task.created_at, "revision": user["revision"],
            "previous_revision": None, "deleted_at": None,
        }  # fmt: skip
        self.versions.append(_version(created, "created"))
        if task.completed_at is not None:
            user["revision"] += 1
            created |= {
                "completed_at": task.completed_at,
                "updated_at": task.completed_at,
                "previous_revision": created["revision"],
                "revision": user["revision"],
            }
            self.versions.append(_version(created, "completed"))
        self.tasks.append(created)
        self._keys[owner.id].append((str(number), str(created["uuid"]), task.completed_at is None))

    def tables(self) -> tuple[tuple[Table, Iterable[Row]], ...]:
        """The tables in the order in which they can be filled."""
        return (users, self.users.values()), (tasks, self.tasks), (task_versions, self.versions)

    def accounts(self, *, by_uuid: bool) -> Accounts:
        """Everybody, with the keys of one contract."""
        tokens = sign_tokens(self.population.users)
        groups: dict[str, list[Account]] = {}
        for user in self.population.users:
            keys = [(uuid if by_uuid else number, undone) for number, uuid, undone in self._keys[user.id]]
            account = Account(
                user.id,
                tokens[user.id],
                tuple(key for key, _ in keys),
                tuple(key for key, undone in keys if undone),
            )
            groups.setdefault(user.group, []).append(account)
        return {name: tuple(members) for name, members in groups.items()}


def _version(task: Row, action: str) -> Row:
    told = {"task_id": task["id"], "action": action, "contract": "versioned", "at": task["updated_at"]}
    return {column.name: told.get(column.name, task.get(column.name)) for column in task_versions.columns}


class Taskledger(Contender):
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
        self.directory.mkdir(parents=True, exist_ok=True)
        migrate(self.url)
        seed = Seed(population)
        self.fill(seed)
        self._accounts = {by_uuid: seed.accounts(by_uuid=by_uuid) for by_uuid in (False, True)}

    def launch(self, workers: int) -> Server:
        """Run `taskledger serve`."""
        command = Path(sysconfig.get_path("scripts")) / "taskledger"
        if not command.exists():
            raise Missing("the command `taskledger` is not installed: make dev")
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
        names = ("taskledger", "fastapi", "starlette", "uvicorn", "uvloop", "msgspec", "asyncpg")
        return {name: version(name) for name in names}


class TaskledgerPostgres(Taskledger):
    """On PostgreSQL."""

    name = "taskledger-postgres"
    title = "Taskledger on PostgreSQL"
    notes = "`taskledger serve` with its defaults: access log, request ids, ETags, ledger; pool of 10"

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
            for table, rows in seed.tables():
                names = [column.name for column in table.columns]
                await connection.copy_records_to_table(
                    table.name,
                    records=[[_for_postgres(row[name]) for name in names] for row in rows],
                    columns=names,
                )
            await connection.execute("SELECT setval('task_numbers', $1)", len(seed.tasks))

        self.cluster.run(copy)
        self.tidy()

    def count_tasks(self, user_id: str | None = None) -> int:
        """Count rows of the table."""

        async def count(connection: Any) -> int:
            query = "SELECT count(*) FROM tasks WHERE $1::text IS NULL OR owner_id = $1"
            return int(await connection.fetchval(query, user_id))

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


def _for_postgres(value: object) -> object:
    return "[]" if value == [] else value


class TaskledgerSqlite(Taskledger):
    """On a SQLite file, as durable as PocketBase's."""

    name = "taskledger-sqlite"
    title = "Taskledger on SQLite"
    notes = "as above, with SQLITE_SYNCHRONOUS=NORMAL: the durability PocketBase has (the default is FULL)"

    def settings(self) -> Mapping[str, str]:
        """The durability PocketBase has."""
        return {"SQLITE_SYNCHRONOUS": "NORMAL"}

    @property
    def _path(self) -> Path:
        return self.directory / "taskledger.db"

    @property
    def url(self) -> str:
        """The file's."""
        return f"sqlite:///{self._path}"

    def fill(self, seed: Seed) -> None:
        """Insert the rows as the product's own column types write them."""
        dialect = sqlite.dialect()
        connection = sqlite3.connect(self._path)
        with connection:
            for table, rows in seed.tables():
                names = [column.name for column in table.columns]
                writers = [
                    column.type.dialect_impl(dialect).bind_processor(dialect) for column in table.columns
                ]
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
                "UPDATE number_allotments SET last = ? WHERE name = 'task_numbers'", (len(seed.tasks),)
            )
        connection.execute("ANALYZE")
        connection.close()

    def count_tasks(self, user_id: str | None = None) -> int:
        """Count rows beside the running server, which WAL allows."""
        connection = sqlite3.connect(self._path, timeout=10)
        try:
            row = connection.execute(
                "SELECT count(*) FROM tasks WHERE ?1 IS NULL OR owner_id = ?1", (user_id,)
            ).fetchone()
        finally:
            connection.close()
        return int(row[0])

    def tidy(self) -> None:
        """Do nothing: SQLite checkpoints its write-ahead log as it grows."""
