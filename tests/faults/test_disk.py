"""Cases 2 and 3: the disk fails under the database, or the process dies while it syncs."""

import asyncio
import os
import random
import resource
import shutil
import signal
import subprocess
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from tests.databases import DIALECTS
from tests.external_tools import find_program
from tests.faults.conftest import Serve
from tests.faults.durability import InvariantBroken, assert_durable, require_none
from tests.faults.journal import Journal, read_promises
from tests.faults.load import Load
from tests.faults.programme import Tries
from tests.faults.server import Server, eventually
from tests.servers.postgres import Postgres, call_in_thread

MakeLoad = Callable[..., Load]


@asynccontextmanager
async def injected(server: Server, fault: str) -> AsyncIterator[None]:
    """Have every fdatasync of the running server meet the fault, until the block ends."""
    strace = find_program("strace")
    assert strace is not None
    process = await asyncio.create_subprocess_exec(
        strace,
        *("-f", "-qq", "-p", str(server.pid), "-e", "trace=fdatasync", "-e", f"inject=fdatasync:{fault}"),
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await eventually(lambda: _is_traced(server.pid), "strace has attached")
        yield
    finally:
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        await process.wait()


def _is_traced(pid: int) -> bool:
    """Whether every thread is."""
    statuses = [(task / "status").read_text() for task in Path(f"/proc/{pid}/task").iterdir()]
    return not any("TracerPid:\t0\n" in status for status in statuses)


async def kill_at_syncs(
    server: Server, url: str, load: Load, rng: random.Random, times: int, *, limit: int = 400
) -> None:
    for _ in range(times):
        with server:
            await server.ready()
            async with injected(server, f"signal=SIGKILL:when={rng.randrange(1, 40)}"), load:
                await eventually(
                    partial(
                        _ended_or_acknowledged, server, load.journal, load.journal.acknowledgements + limit
                    ),
                    "the server is killed at a sync",
                )
            if server.ended() is None:
                raise InvariantBroken(f"{limit} writes were acknowledged and fewer than 40 syncs made")
            assert -signal.SIGKILL == server.wait()
        await assert_durable(read_promises(load.journal.path), url)
    require_none(load.violations)


def _ended_or_acknowledged(server: Server, journal: Journal, goal: int) -> bool:
    return server.ended() is not None or journal.acknowledgements >= goal


@pytest.mark.slow_faults
@pytest.mark.strace
async def test_a_server_killed_at_25_syncs_has_lost_nothing_and_damaged_nothing(
    sqlite_url: str, serve: Serve, make_load: MakeLoad, rng: random.Random, tries: Tries
) -> None:
    server = serve(sqlite_url)

    await kill_at_syncs(server, sqlite_url, make_load(server.connect), rng, 25)

    tries(25, "kills at a sync")


@pytest.mark.slow_faults
@pytest.mark.strace
async def test_a_server_that_does_not_wait_for_the_disk_is_caught(
    sqlite_url: str, serve: Serve, make_load: MakeLoad, rng: random.Random
) -> None:
    server = serve(sqlite_url, broken="sync_nothing")

    with pytest.raises(InvariantBroken, match="fewer than 40 syncs"):
        await kill_at_syncs(server, sqlite_url, make_load(server.connect), rng, 1)


async def survive(
    server: Server, url: str, load: Load, *, break_disk: Callable[[], None], mend_disk: Callable[[], None]
) -> None:
    """Break the disk under load until requests are refused, mend it, and see writes go on."""
    with server:
        await server.ready()
        async with load:
            await load.acknowledged(20)
            break_disk()
            await load.refused(20)
            mend_disk()
            await load.acknowledged(20)
    await assert_durable(read_promises(load.journal.path), url)
    require_none(load.violations)


@pytest.mark.slow_faults
@pytest.mark.strace
async def test_a_disk_that_does_not_sync_is_refused_and_returns(
    sqlite_url: str, serve: Serve, make_load: MakeLoad, tries: Tries
) -> None:
    server = serve(sqlite_url)
    load = make_load(server.connect)

    with server:
        await server.ready()
        async with load:
            for _ in range(3):
                await load.acknowledged(20)
                async with injected(server, "error=EIO"):
                    await load.refused(20)
        async with load:
            await load.acknowledged(20)

    await assert_durable(read_promises(load.journal.path), sqlite_url)
    require_none(load.violations)
    tries(3, "periods of EIO")


def limit_files(server: Server, url: str) -> tuple[Callable[[], None], Callable[[], None]]:
    """Ways to let the server's files grow no more, and to let them grow again."""
    wal = Path(url.removeprefix("sqlite:///") + "-wal")

    def stop() -> None:
        # Everything a commit appends is beyond it, and no file of the server is shorter.
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (wal.stat().st_size, resource.RLIM_INFINITY))

    def resume() -> None:
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    return stop, resume


async def test_a_file_that_may_not_grow_is_refused_and_returns(
    sqlite_url: str, serve: Serve, make_load: MakeLoad, tries: Tries
) -> None:
    server = serve(sqlite_url)
    stop, resume = limit_files(server, sqlite_url)

    await survive(server, sqlite_url, make_load(server.connect), break_disk=stop, mend_disk=resume)

    tries(1, "file-size limit")


@pytest.mark.slow_faults
@pytest.mark.parametrize("mistake", ["swallow_disk_errors", "end_the_writer_on_an_error"])
async def test_a_server_that_mistakes_a_failing_disk_is_caught(
    sqlite_url: str, serve: Serve, make_load: MakeLoad, mistake: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.faults.load.PATIENCE", 2.0)
    server = serve(sqlite_url, broken=mistake)
    stop, resume = limit_files(server, sqlite_url)

    with pytest.raises(AssertionError):
        await survive(server, sqlite_url, make_load(server.connect), break_disk=stop, mend_disk=resume)


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system with room for 24 MB, which the account that PostgreSQL runs as may write to."""
    with tempfile.TemporaryDirectory(prefix="donebook-small-disk-", dir="/tmp") as name:
        directory = Path(name)
        directory.chmod(0o755)
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=24m,uid=nobody,mode=700", "tmpfs", name], check=True
        )
        yield directory
        subprocess.run(["umount", "--lazy", name], check=True)


def fill(disk: Path) -> tuple[Callable[[], None], Callable[[], None]]:
    """Ways to take all the room of a disk, and to give it back."""
    filler = disk / "filler"

    def take_all() -> None:
        with filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue

    return take_all, filler.unlink


@pytest.fixture(params=DIALECTS)
def small_url(request: pytest.FixtureRequest, small_disk: Path) -> Iterator[str]:
    """A migrated database on the small disk."""
    if request.param == "sqlite":
        url: str = request.getfixturevalue("sqlite_url")
        yield f"sqlite:///{shutil.copy(url.removeprefix('sqlite:///'), small_disk)}"
        return
    # In a tablespace: the server's own files have room elsewhere, and it does not fall over.
    server: Postgres = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("migrated_postgres_database")
    name = f"small_{os.getpid()}"
    _execute(server, f"CREATE TABLESPACE {name} LOCATION '{small_disk}'")
    _execute(server, f"CREATE DATABASE {name} TEMPLATE {template} TABLESPACE {name}")
    yield server.url(name)
    server.drop_database(name)
    _execute(server, f"DROP TABLESPACE {name}")


def _execute(server: Postgres, statement: str) -> None:
    call_in_thread(asyncio.run, server.execute(statement))


@pytest.mark.slow_faults
@pytest.mark.mount
async def test_a_full_disk_is_refused_and_returns(
    small_url: str, small_disk: Path, serve: Serve, make_load: MakeLoad, tries: Tries
) -> None:
    server = serve(small_url)
    take_all, give_back = fill(small_disk)

    await survive(server, small_url, make_load(server.connect), break_disk=take_all, mend_disk=give_back)

    tries(1, "full disks")
