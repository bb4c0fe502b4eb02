"""Putting a SQLite file into WAL mode while other processes do the same."""

import sqlite3
import time
from collections.abc import Callable

_PAUSE_SECONDS = 0.01


def use_write_ahead_log(
    connection: sqlite3.Connection, *, wait_seconds: float, pause: Callable[[float], object] = time.sleep
) -> None:
    """Put the file into WAL mode, in which it stays.

    Raises `sqlite3.OperationalError` when others hold the file for longer than ``wait_seconds``.
    SQLite does not wait here by itself, whatever the connection's timeout says: while another connection is
    about to write in the old mode, or changes the mode too, it refuses at once.
    """
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                raise
            pause(_PAUSE_SECONDS)
        else:
            return
