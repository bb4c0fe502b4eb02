"""Whether a database can be served from: reachable, and migrated."""

import asyncio
import logging
from collections.abc import Sequence

from sqlalchemy import Float, Text, column, extract, func, literal, select, table

from donebook.errors import DatabaseUnavailable, Unavailable
from donebook.storage.database import Database
from donebook.storage.migrate import (
    EncodingRefused,
    encoding_problem,
    head_revision,
    known_revisions,
    migrate,
)
from donebook.storage.primary import NoPrimary
from donebook.storage.sqlite import DatabaseFileMissing
from donebook.storage.sqlite_file import FileAway
from donebook.storage.statement import Row, Statement

log = logging.getLogger("donebook.storage")

_RETRY_SECONDS = 1.0
_CHECK_SECONDS = 3.0

_SCHEMA_REVISIONS = table("alembic_version", column("version_num", Text))
_SCHEMA_REVISION = Statement("schema_revision", select(_SCHEMA_REVISIONS.c.version_num))
_SCHEMA_TABLE = Statement(
    "schema_table",
    {
        "postgresql": select(func.to_regclass(literal(_SCHEMA_REVISIONS.name, Text)).is_not(None)),
        "sqlite": select(func.count())
        .select_from(table("sqlite_master", column("name", Text)))
        .where(column("name", Text) == literal(_SCHEMA_REVISIONS.name, Text)),
    },
)
_ENCODING = Statement(
    "encoding",
    {
        "postgresql": select(func.current_setting(literal("server_encoding", Text), type_=Text)),
        "sqlite": select(column("encoding", Text)).select_from(func.pragma_encoding()),
    },
)
_IS_STANDBY = Statement(
    "is_standby",
    # Behind a pooler a connection may lead to another server than when it was made.
    {"postgresql": select(func.pg_is_in_recovery()), "sqlite": select(literal(0))},
)
_TIME = Statement(
    "database_time",
    {
        "postgresql": select(extract("epoch", func.clock_timestamp())),
        "sqlite": select(func.julianday("now", type_=Float) * 86400.0 - 210866760000.0),
    },
)


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
        self._leaving = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Try once, then go on in the background; raises what is not a matter of waiting."""
        if not await self._attempt():
            self._task = asyncio.create_task(self._persist())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def leave(self) -> None:
        """Be ready no more, though requests that come are still served."""
        self._leaving = True

    async def check(self) -> None:
        """Raise `Unavailable`, with a reason fit to show, unless requests can be served."""
        if self._leaving:
            raise Unavailable("the server is stopping")
        if not self._migrated:
            raise DatabaseUnavailable(self._reason)
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                ((takes_no_writes,),) = await self._database.read(_IS_STANDBY, {})
        except TimeoutError:
            raise DatabaseUnavailable("the database does not answer") from None
        except NoPrimary:
            takes_no_writes = True
        except FileAway:
            raise
        except DatabaseUnavailable as failure:
            raise DatabaseUnavailable("the database cannot be reached") from failure
        if takes_no_writes:
            raise DatabaseUnavailable("the database takes no writes: it is a standby, or read-only")

    async def _persist(self) -> None:
        while True:
            await asyncio.sleep(_RETRY_SECONDS)
            if await self._attempt_again():
                return

    async def _attempt_again(self) -> bool:
        try:
            return await self._attempt()
        except Exception:
            # Whatever it was, a service that stops trying would have to be restarted by hand.
            log.exception("cannot bring the database up to date")
            return False

    async def _attempt(self) -> bool:
        try:
            if self._auto_migrate:
                await asyncio.to_thread(migrate, self._url, row_security=self._row_security)
            reason = await schema_problem(self._database)
        except DatabaseUnavailable as failure:
            reason = "the database cannot be reached or is not migrated"
            if reason != self._reason:
                log.warning("waiting for the database: %s", failure)
        except EncodingRefused as refusal:
            reason = str(refusal)
            if reason != self._reason:
                log.error("the database is not used: %s", refusal)  # noqa: TRY400 - no fault of the code
        else:
            if reason not in {None, self._reason}:
                log.warning("waiting: %s", reason)
        self._migrated = reason is None
        self._reason = reason or ""
        return self._migrated


async def schema_problem(database: Database) -> str | None:
    """Why the database is not one that this program can use, with the mend; ``None`` if it is.

    Raises `DatabaseUnavailable` when the database is out of reach.
    """
    rows: Sequence[Row] = []
    try:
        ((encoding,),) = await database.read(_ENCODING, {})
        problem = encoding_problem(database.dialect, encoding)
        if problem is not None:
            return problem
        if (await database.read(_SCHEMA_TABLE, {}))[0][0]:
            rows = await database.read(_SCHEMA_REVISION, {})
    except DatabaseFileMissing:
        pass  # the first migration makes it
    if not rows:
        return "the database is not migrated; run: donebook migrate"
    if rows[0][0] == head_revision():
        return None
    if rows[0][0] in known_revisions():
        return "the database is at an older revision; run: donebook migrate"
    return "the database is at a revision that only a newer donebook knows; update this one"


async def database_time(database: Database) -> float:
    """The database's clock in Unix seconds."""
    rows = await database.read(_TIME, {})
    return float(rows[0][0])
