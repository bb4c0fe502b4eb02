"""``donebook restore``."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from donebook.cli.configuration import settings_or_exit
from donebook.cli.confirmation import Yes, confirm

_POSTGRESQL = """\
DATABASE_URL is a PostgreSQL, whose own tool is pg_restore. After it, before the service starts, run:
  donebook migrate
  donebook renew-revisions"""


def restore(
    file: Annotated[Path, typer.Argument(help="A file that donebook backup made.", show_default=False)],
    yes: Yes = False,
    discard: Annotated[
        bool, typer.Option("--discard", help="Delete the database that is replaced; else it is kept beside.")
    ] = False,
) -> None:
    """Replace the SQLite database by a backup of it, while the service is stopped.

    The backup itself is only read. Its copy is checked, brought to the schema of this program, and given
    new revisions, so that clients notice and read everything anew.

    Example: donebook restore backup-2030-01-31.db
    """
    from donebook.errors import DatabaseUnavailable
    from donebook.storage.migrate import MigrationRefused
    from donebook.storage.restore import RestoreRefused, restore_file
    from donebook.storage.urls import SqliteAddress, parse_database_url

    settings = settings_or_exit()
    address = parse_database_url(settings.database_url.get_secret_value())
    if not isinstance(address, SqliteAddress):
        typer.echo(_POSTGRESQL, err=True)
        raise typer.Exit(2)
    now = datetime.now(UTC)
    aside = None
    if address.path.exists():
        if not discard:
            aside = address.path.with_name(f"{address.path.name}.replaced-{now:%Y%m%dT%H%M%SZ}")
        fate = "deleted" if aside is None else f"kept as {aside.name}"
        confirm(f"Replace {address.path} by {file}? What it holds now is {fate}.", yes=yes)

    def prepare(copy: Path, highest: int) -> None:
        _prepare(copy, now, highest)

    try:
        restore_file(address.path, file, prepare, aside)
    except (RestoreRefused, DatabaseUnavailable, MigrationRefused, OSError) as failure:
        typer.echo(f"Nothing was restored: {failure}", err=True)
        raise typer.Exit(1) from None
    print(f"{settings.shown_database_url} is what {file} holds")
    if aside is not None:
        print(f"What it held before is in {aside}")


def _prepare(copy: Path, now: datetime, highest: int) -> None:
    from donebook.spaces.revisions import renew_revisions
    from donebook.storage.migrate import migrate
    from donebook.storage.sqlite import SqliteDatabase

    async def renew() -> None:
        database = SqliteDatabase(copy)
        await database.open()
        try:
            await renew_revisions(database, now, highest)
        finally:
            await database.close()

    migrate(f"sqlite:///{copy}")
    asyncio.run(renew())
