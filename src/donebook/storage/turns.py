"""Turns at writing one file, for the processes that share it."""

import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Literal

from donebook.storage.private_file import open_beside

if sys.platform != "win32":
    import fcntl

_QUEUE, _TURN = 0, 1
_PAUSE_SECONDS = 0.001


class WriterTurns:
    """Entered before a process writes, so that none waits while another writes again and again.

    SQLite's own wait for a lock polls with ever longer pauses, which a process that writes without a
    pause always wins: others waited for seconds. Here whoever writes next holds the place in the queue
    until it is its turn, and who has just written must queue behind it. The locks are on two bytes of an
    empty file beside the database, and end with their process.

    SQLite's lock is what keeps writers apart; this is courtesy. Waiting for a turn ends after ``patience``
    seconds, and where the file cannot be had, there are no turns.
    """

    def __init__(self, database: Path, *, patience: float) -> None:
        self._database = database
        self._path = database.with_name(f"{database.name}-turn")
        self._patience = patience
        self._file: int | None = None

    def __enter__(self) -> None:
        if sys.platform == "win32":
            return
        if self._file is None:
            with suppress(OSError):
                self._file = open_beside(self._database, self._path)
        deadline = time.monotonic() + self._patience
        self._wait_for(_QUEUE, deadline)
        self._wait_for(_TURN, deadline)
        self._let_go(_QUEUE)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> Literal[False]:
        self._let_go(_TURN)
        return False

    def close(self) -> None:
        """Close the file; entering opens it again."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _wait_for(self, byte: int, deadline: float) -> None:
        if sys.platform == "win32" or self._file is None:
            return
        while True:
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    return
                time.sleep(_PAUSE_SECONDS)
            else:
                return

    def _let_go(self, byte: int) -> None:
        if sys.platform != "win32" and self._file is not None:
            fcntl.lockf(self._file, fcntl.LOCK_UN, 1, byte)
