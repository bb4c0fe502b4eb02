"""The three peers on PostgreSQL that serve the `versioned` contract, each on a cluster of its own."""

import json
import shutil
import subprocess
import sys
from abc import abstractmethod
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.contenders.contender import Accounts, Contender
from benchmarks.dialects import Dialect, Versioned
from benchmarks.load import Account
from benchmarks.population import SECRET, Population, sign_tokens
from benchmarks.postgres import Cluster
from benchmarks.processes import Missing, Server, free_port

PEERS = Path(__file__).parent.parent / "peers"
_COLUMNS = (
    "id", "user_id", "title", "description", "completed", "priority", "due_date", "created_at", "updated_at",
)  # fmt: skip


class SqlPeer(Contender):
    """A peer with the table of `peers/schema.sql`."""

    environment: Mapping[str, str] = {}
    """What else it is started with."""

    def __init__(self, workdir: Path) -> None:
        super().__init__(workdir)
        self._cluster: Cluster | None = None
        self._accounts: Accounts = {}

    @property
    def cluster(self) -> Cluster:
        """The running database."""
        assert self._cluster is not None, f"{self.name} is not prepared"
        return self._cluster

    def prepare(self, population: Population) -> None:
        """Seed the table; the numbers of the tasks are counted over all users."""
        self._cluster = Cluster()
        ids: dict[str, list[str]] = {user.id: [] for user in population.users}
        undone: dict[str, list[str]] = {user.id: [] for user in population.users}
        records = []
        for number, task in enumerate(population.tasks(), start=1):
            ids[task.owner.id].append(str(number))
            if task.completed_at is None:
                undone[task.owner.id].append(str(number))
            records.append(
                (number, task.owner.id, task.title, task.description, task.completed_at is not None,
                 task.priority, task.due_at, task.created_at, task.updated_at)
            )  # fmt: skip

        async def seed(connection: Any) -> None:
            await connection.execute((PEERS / "schema.sql").read_text())
            await connection.copy_records_to_table("tasks", records=records, columns=_COLUMNS)
            await connection.execute("SELECT setval('tasks_id_seq', $1)", len(records))

        self.cluster.run(seed)
        self.cluster.tidy()
        tokens = sign_tokens(population.users)
        groups: dict[str, list[Account]] = {}
        for user in population.users:
            account = Account(user.id, tokens[user.id], tuple(ids[user.id]), tuple(undone[user.id]))
            groups.setdefault(user.group, []).append(account)
        self._accounts = {name: tuple(members) for name, members in groups.items()}

    def launch(self, workers: int) -> Server:
        """Start the peer with its database's address and the shared secret."""
        if workers != 1:
            raise ValueError("the peers are measured with one worker")
        port = free_port()
        return Server(
            self.command(port),
            port=port,
            directory=PEERS / self.folder,
            environment={
                "DATABASE_URL": self.cluster.url,
                "JWT_SECRET": SECRET,
                "PORT": str(port),
                **self.environment,
            },
            log=self.directory.parent / f"{self.name}.server.log",
        )

    @property
    @abstractmethod
    def folder(self) -> str:
        """The peer's folder under `peers`."""

    @abstractmethod
    def command(self, port: int) -> list[str]:
        """The command that serves on a port."""

    def dialects(self) -> tuple[Dialect, ...]:
        """Serve `versioned`, without conditional requests."""
        return (Versioned(),)

    def accounts(self, dialect: Dialect) -> Accounts:
        """Everybody, as seeded."""
        return self._accounts

    def count_tasks(self, user_id: str | None = None) -> int:
        """Count rows of the table."""

        async def count(connection: Any) -> int:
            query = "SELECT count(*) FROM tasks WHERE $1::text IS NULL OR user_id = $1"
            return int(await connection.fetchval(query, user_id))

        return self.cluster.run(count)

    def database_pids(self) -> tuple[int, ...]:
        """The postmaster."""
        return (self.cluster.pid,)

    def tidy(self) -> None:
        """Vacuum and checkpoint."""
        self.cluster.tidy()

    def versions(self) -> Mapping[str, str]:
        """The database's."""
        return {"postgresql": self.cluster.version()}

    def stop(self) -> None:
        """End the server, then the database."""
        self.stop_server()
        if self._cluster is not None:
            self._cluster.stop()
            self._cluster = None


class UsualWay(SqlPeer):
    """FastAPI, async SQLModel session, response models."""

    name = "usual-way"
    title = "FastAPI + SQLModel session"
    notes = "uvicorn with uvloop and httptools, access log on (its default); pool of 32, no pre-ping"
    folder = "usual_way"

    def command(self, port: int) -> list[str]:
        """Serve with uvicorn's defaults."""
        return [sys.executable, "-m", "uvicorn", "main:app", "--host", "127.0.0.1", "--port", str(port)]

    def versions(self) -> Mapping[str, str]:
        """The packages that decide its speed."""
        names = ("fastapi", "sqlmodel", "sqlalchemy", "pydantic", "asyncpg", "uvicorn", "uvloop")
        return {**{name: version(name) for name in names}, **super().versions()}


class Floor(SqlPeer):
    """Bare ASGI and asyncpg."""

    name = "floor"
    title = "floor: bare ASGI + asyncpg"
    notes = "uvicorn, access log off; tokens are not verified and nothing is validated; pool of 10"
    folder = "floor"
    secured = False

    def command(self, port: int) -> list[str]:
        """Serve with as little as uvicorn can do."""
        return [
            sys.executable, "-m", "uvicorn", "main:app", "--host", "127.0.0.1", "--port", str(port),
            "--no-access-log", "--log-level", "warning",
        ]  # fmt: skip


class Fastify(SqlPeer):
    """Fastify 5 with pg."""

    name = "fastify"
    title = "Fastify 5 + pg"
    notes = "Node, one process; request log off (its default); token verified on each request; pool of 10"
    folder = "fastify"

    def prepare(self, population: Population) -> None:
        """Install the packages as locked, then seed."""
        if shutil.which("node") is None or shutil.which("npm") is None:
            raise Missing("Fastify needs Node 20 or newer with npm")
        if not (PEERS / self.folder / "node_modules").exists():
            subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=PEERS / self.folder, check=True)
        super().prepare(population)

    def command(self, port: int) -> list[str]:
        """Serve with Node."""
        return ["node", "server.js"]

    def versions(self) -> Mapping[str, str]:
        """Node and the packages."""
        node = subprocess.run(
            ["node", "--version"], capture_output=True, text=True, check=True
        ).stdout.strip()
        modules = PEERS / self.folder / "node_modules"
        found = {
            name: str(json.loads((modules / name / "package.json").read_text())["version"])
            for name in ("fastify", "pg", "@fastify/jwt")
        }
        return {"node": node, **found, **super().versions()}


class FastifyPlannedOnce(Fastify):
    """Fastify 5 with pg, and PostgreSQL set as Donebook sets it for its own connections."""

    name = "fastify-planned-once"
    title = "Fastify 5 + pg, statements planned once"
    notes = "as above, with plan_cache_mode = force_generic_plan on its connections"
    environment: Mapping[str, str] = {"PGOPTIONS": "-c plan_cache_mode=force_generic_plan"}
