"""A SQLite database replaced by a backup of one."""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from donebook.errors import DatabaseUnavailable
from donebook.storage.backup import copy_pages, sync
from donebook.storage.migrate import known_revisions

BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database, and would apply to whatever file takes its name."""

Prepare = Callable[[Path, int], None]
"""Called with the copy that is about to take the place, and the highest revision in what was there."""

_LOCK_SECONDS = 0.5


class RestoreRefused(Exception):
    """Nothing was restored; the message says why, and how to mend it."""


def restore_file(database: Path, file: Path, prepare: Prepare, aside: Path | None = None) -> None:
    """Put a copy of the backup ``file`` in the place of ``database``, in one step.

    ``prepare`` is called when the copy is checked. The database that was there is kept as ``aside``, or
    else deleted. No process may have the database open: SQLite's locks tell. They do not tell of processes
    on other machines where a network drive has no locks. Raises `RestoreRefused`, and `OSError`; then
    everything is as it was before.
    """
    if not file.is_file():
        raise RestoreRefused(f"there is no {file}")
    if database.exists() and file.samefile(database):
        raise RestoreRefused(f"{file} is the database itself")
    if aside is not None and aside.exists():
        raise RestoreRefused(f"{aside} exists already")
    unfinished = database.with_name(f"{database.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    with _held_alone(database) as held:
        try:
            unfinished.touch(mode=0o600)
            _copy_checked(file, unfinished)
            prepare(unfinished, _highest_revision(held))
            _leave_one_file(unfinished)
            sync(unfinished)
            _set_aside(database, aside)
            unfinished.replace(database)
            sync(database.parent)
        finally:
            for suffix in ("", *BESIDE, "-turn"):
                unfinished.with_name(unfinished.name + suffix).unlink(missing_ok=True)


@contextmanager
def _held_alone(database: Path) -> Iterator[sqlite3.Connection | None]:
    """Hold the database so that no other process can use it; refuse if one has it open."""
    if not database.exists():
        yield None
        return
    with closing(sqlite3.connect(database, timeout=_LOCK_SECONDS, isolation_level=None)) as connection:
        try:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            # Only who is alone may leave write-ahead logging. What was logged is in the file then, and who
            # opens it now cannot log beside the new file later: SQLite sees that this one has moved.
            connection.execute("PRAGMA journal_mode=DELETE")
            connection.execute("BEGIN EXCLUSIVE")
            # A finished one, which SQLite leaves while it has the file to itself.
            database.with_name(f"{database.name}-journal").unlink(missing_ok=True)
        except sqlite3.DatabaseError as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
            if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                raise RestoreRefused(
                    f"a process has {database} open; stop the service and whatever else uses it"
                ) from None
            if code not in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
                raise RestoreRefused(f"{database} cannot be locked: {error}") from None
            # A damaged database may be what the backup is for.
        yield connection


def _highest_revision(held: sqlite3.Connection | None) -> int:
    for table in ("spaces", "users"):
        with suppress(sqlite3.Error):
            if held is not None:
                (highest,) = held.execute(f"SELECT max(revision) FROM {table}").fetchone()  # noqa: S608 - a name
                return highest or 0
    return 0


def _copy_checked(file: Path, copy: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(copy, isolation_level=None)) as target,
        ):
            copy_pages(source, target)
            known = known_revisions()
            found = target.execute("SELECT version_num FROM alembic_version").fetchall()
            named = {name for (name,) in target.execute("SELECT name FROM sqlite_master")}
    except (sqlite3.Error, DatabaseUnavailable) as error:
        raise RestoreRefused(f"{file} is no backup of a Donebook database: {error}") from None
    if not found or not {"users", "tasks"} <= named:
        raise RestoreRefused(f"{file} is no backup of a Donebook database: it has no tasks")
    if found[0][0] not in known:
        raise RestoreRefused(f"{file} is of a newer donebook; update this one")


def _leave_one_file(copy: Path) -> None:
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")


def _set_aside(database: Path, aside: Path | None) -> None:
    if aside is not None and database.exists():
        try:
            os.link(database, aside)
        except OSError:
            # Some file systems know no links.
            shutil.copyfile(database, aside)
            aside.chmod(0o600)
            sync(aside)
    for suffix in BESIDE:
        beside = database.with_name(database.name + suffix)
        if aside is None:
            beside.unlink(missing_ok=True)
        elif beside.exists():
            beside.replace(aside.with_name(aside.name + suffix))
    sync(database.parent)
