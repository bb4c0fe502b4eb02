"""A copy of a SQLite database while it is written to."""

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from donebook.errors import DatabaseUnavailable
from donebook.storage.private_file import make_private_file
from donebook.storage.sqlite import connect

Progress = Callable[[int, int], None]
"""Called with the pages that are copied and the pages there are."""

_PAGES_AT_ONCE = 256


def back_up(database: Path, file: Path, progress: Progress = lambda done, total: None) -> None:
    """Copy the database, as it is at one moment, to a file of its own; the service may go on writing.

    The file is complete and checked before it has its name. Raises `DatabaseUnavailable`, and
    ``FileExistsError`` rather than replace a file.
    """
    if not database.is_file():
        raise DatabaseUnavailable(f"there is no {database}")
    if file.exists():
        raise FileExistsError(f"{file} exists already")
    unfinished = file.with_name(file.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    try:
        make_private_file(unfinished)
        _copy(database, unfinished, progress)
        sync(unfinished)
        _give_name(unfinished, file)
        sync(file.parent)
    except sqlite3.Error as error:
        raise DatabaseUnavailable(str(error)) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _copy(database: Path, copy: Path, progress: Progress) -> None:
    with closing(connect(database)) as source, closing(sqlite3.connect(copy, isolation_level=None)) as target:
        copy_pages(source, target, progress)


def copy_pages(
    source: sqlite3.Connection, target: sqlite3.Connection, progress: Progress = lambda done, total: None
) -> None:
    """Copy all of a database, as it is at one moment, and check the copy.

    Raises `DatabaseUnavailable` if it is damaged.
    """
    # Within a read transaction the copy is of its moment. Without one, SQLite would begin anew
    # whenever another process writes, and on a busy service never end.
    source.execute("BEGIN")
    source.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    source.backup(
        target,
        pages=_PAGES_AT_ONCE,
        progress=lambda status, remaining, total: progress(total - remaining, total),
        sleep=0,
    )
    # One file that needs no others beside it; the service turns write-ahead logging on again.
    target.execute("PRAGMA journal_mode=DELETE")
    (result,) = target.execute("PRAGMA integrity_check(1)").fetchone()
    if result != "ok":
        raise DatabaseUnavailable(f"the copy is damaged, so the database is: {result}")


def _give_name(unfinished: Path, file: Path) -> None:
    # Unlike a rename, a link does not replace a file that has come to be meanwhile.
    try:
        os.link(unfinished, file)
    except FileExistsError:
        raise
    except OSError:
        # exFAT and what is mounted from elsewhere may know no links: there the name is taken first.
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            unfinished.replace(file)
        except OSError:
            file.unlink()
            raise


def sync(path: Path) -> None:
    """Have what was written to a file, or the names in a folder, survive a loss of power."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
