"""Noticing that a database's file is no longer where it was."""

import logging
import os
from contextlib import suppress
from pathlib import Path

from donebook.errors import DatabaseUnavailable

log = logging.getLogger("donebook.storage")

LOOK_SECONDS = 0.25
"""How often a service looks while nobody writes."""

_Identity = tuple[int, int]


class FileAway(DatabaseUnavailable):
    """The file was moved, replaced or deleted; the message is fit to show."""


class DatabaseFile:
    """The file of a SQLite database and the write-ahead log beside it, as they were when they were opened.

    SQLite goes on with files that were moved or deleted: it would answer from what nobody can open any more,
    and acknowledge writes that are gone with the process. Nothing is opened anew: when the same files are
    back, all that was acknowledged is in them. Another file in their place may be an older state, and what is
    remembered of the old one would be wrong for it; a start takes it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = ""
        self._known: tuple[_Identity, _Identity | None] | None = None
        self.away: str | None = None
        """Why the file cannot be used, as `look` last saw it."""

    @property
    def is_known(self) -> bool:
        """Whether it was opened, so that no other file in its place may be made or opened."""
        return self._known is not None

    def know(self) -> None:
        """Take note of the files: a connection has just read from them."""
        if self._known is None:
            # SQLite resolves links before it puts the log beside the file.
            self._log = f"{os.path.realpath(self._path)}-wal"
            with suppress(OSError):
                # There is no log where the file system does not allow one.
                self._known = (
                    _identity(self._path),
                    _identity(self._log) if Path(self._log).exists() else None,
                )

    def require(self) -> None:
        """Raise `FileAway` unless the files are those that were opened."""
        if self._known is None:
            return
        file, log_file = self._known
        try:
            found = _identity(self._path), _identity(self._log) if log_file else None
        except FileNotFoundError as error:
            part = "write-ahead log" if error.filename == self._log else "file"
            raise FileAway(f"the database's {part} was moved or deleted: put it back") from None
        except OSError as error:
            raise FileAway(f"the database's file cannot be looked at: {error.strerror}") from None
        if found != (file, log_file):
            raise FileAway("the database's file was replaced: put the old one back, or restart the service")

    def look(self) -> None:
        """See whether the files are there, and tell the log when that changes."""
        before, self.away = self.away, None
        try:
            self.require()
        except FileAway as away:
            self.away = str(away)
            if before is None:
                log.error("%s", away)  # noqa: TRY400 - no fault of the code
        else:
            if before is not None:
                log.warning("the database's file is back")


def _identity(path: str | Path) -> _Identity:
    status = os.stat(path)  # noqa: PTH116 - one call, in the way of every commit
    return status.st_dev, status.st_ino
