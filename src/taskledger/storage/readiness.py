"""Whether a database can be served from: reachable, and migrated."""

import asyncio
import logging

from sqlalchemy import Float, Text, column, extract, func, literal, select, table

from taskledger.errors import DatabaseUnavailable
from taskledger.storage.database import Database
from taskledger.storage.migrate import head_revision, migrate
from taskledger.storage.statement import Statement

log = logging.getLogger("taskledger.storage")

_RETRY_SECONDS = 1.0
_CHECK_SECONDS = 3.0

_SCHEMA_REVISION = Statement(
    "schema_revision", select(table("alembic_version", column("version_num", Text)).c.version_num)
)
_ANSWER = Statement("answer", select(literal(1)))
_TIME = {
    "postgresql": Statement("database_time", select(extract("epoch", func.clock_timestamp())), "postgresql"),
    "sqlite": Statement(
        "database_time", select(func.julianday("now", type_=Float) * 86400.0 - 210866760000.0), "sqlite"
    ),
}


class Readiness:
    """Migrates at start-up, in the background for as long as the database is out of reach."""

    def __init__(
        self, database: Database, url: str, *, auto_migrate: bool, row_security: bool = False
    ) -> None:
        self._database = database
        self._url = url
        self._auto_migrate = auto_migrate
        self._row_security = row_security
        self._migrated = False
        self._reason = "starting"
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Try once, then go on in the background; raises what is not a matter of waiting."""
        if not await self._attempt():
            self._task = asyncio.create_task(self._persist())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def check(self) -> None:
        """Raise `DatabaseUnavailable`, with a reason fit to show, unless requests can be served."""
        if not self._migrated:
            raise DatabaseUnavailable(self._reason)
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                await self._database.read(_ANSWER, {})
        except TimeoutError:
            raise DatabaseUnavailable("the database does not answer") from None
        except DatabaseUnavailable as failure:
            raise DatabaseUnavailable("the database cannot be reached") from failure

    async def _persist(self) -> None:
        while not await self._attempt():  # noqa: ASYNC110 - nobody could set an event: the database is elsewhere
            await asyncio.sleep(_RETRY_SECONDS)

    async def _attempt(self) -> bool:
        try:
            if self._auto_migrate:
                await asyncio.to_thread(migrate, self._url, row_security=self._row_security)
            else:
                await require_current(self._database)
        except DatabaseUnavailable as failure:
            if self._reason == "starting":
                log.warning("waiting for the database: %s", failure)
            self._reason = "the database cannot be reached or is not migrated"
            return False
        self._migrated = True
        return True


async def require_current(database: Database) -> None:
    """Raise `DatabaseUnavailable`, with the mend, unless the schema is the one this program knows."""
    try:
        rows = await database.read(_SCHEMA_REVISION, {})
    except DatabaseUnavailable:
        raise
    except Exception as error:
        raise DatabaseUnavailable("the database is not migrated; run: taskledger migrate") from error
    if [row[0] for row in rows] != [head_revision()]:
        raise DatabaseUnavailable("the database is at another revision; run: taskledger migrate")


async def database_time(database: Database) -> float:
    """The database's clock in Unix seconds."""
    rows = await database.read(_TIME[database.dialect], {})
    return float(rows[0][0])
