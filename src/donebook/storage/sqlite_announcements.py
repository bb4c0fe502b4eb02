"""Word of commits to a SQLite file: other processes are noticed by the file's data version."""

import asyncio
import sqlite3

from donebook.errors import DatabaseUnavailable
from donebook.storage.announcements import Hear
from donebook.storage.sqlite import SqliteDatabase

WATCH_SECONDS = 0.1
"""How often the data version is looked at: a few microseconds each time, and only while listening."""


class SqliteAnnouncements:
    """Announcements for the processes that share one file."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._connect = database.connect
        self._hear: Hear | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        database.on_commit(self._tell)

    def listen(self, hear: Hear) -> None:
        if self._hear is None:
            watching = asyncio.create_task(self._watch())
            self._tasks.add(watching)
            watching.add_done_callback(self._tasks.discard)
        self._hear = hear

    def stop_listening(self) -> None:
        self._hear = None
        for task in self._tasks:
            task.cancel()

    async def close(self) -> None:
        self.stop_listening()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _tell(self, value: str | None) -> None:
        if self._hear is not None:
            self._hear(value)

    async def _watch(self) -> None:
        seen: int | None = None
        connection: sqlite3.Connection | None = None
        try:
            while True:
                try:
                    if connection is None:
                        connection = self._connect(0.05)
                    # It differs from the last one if another connection has committed in between,
                    # in this process or any other.
                    (version,) = connection.execute("PRAGMA data_version").fetchone()
                except (sqlite3.Error, DatabaseUnavailable):
                    version = None
                if version is None or version != seen:
                    seen = version
                    self._tell(None)
                await asyncio.sleep(WATCH_SECONDS)
        finally:
            if connection is not None:
                connection.close()
