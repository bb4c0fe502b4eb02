"""``donebook backup``."""

from pathlib import Path
from typing import Annotated

import typer

from donebook.cli.configuration import settings_or_exit


def backup(
    file: Annotated[Path, typer.Argument(help="The file to make; it must not exist yet.")],
) -> None:
    """Copy the SQLite database to a file while the service runs.

    To restore, stop the service and put the file in the database's place.

    Example: donebook backup backup-2030-01-31.db
    """
    from donebook.errors import DatabaseUnavailable
    from donebook.storage.backup import back_up
    from donebook.storage.urls import SqliteAddress, parse_database_url

    settings = settings_or_exit()
    address = parse_database_url(settings.database_url.get_secret_value())
    if not isinstance(address, SqliteAddress):
        typer.echo(
            "DATABASE_URL is a PostgreSQL, whose own tool is pg_dump. For a copy in one SQLite file run:\n"
            f'  donebook copy "$DATABASE_URL" sqlite:///{file}',
            err=True,
        )
        raise typer.Exit(2)
    try:
        with typer.progressbar(length=1, label="Backing up", show_pos=False) as bar:

            def show(done: int, total: int) -> None:
                bar.length = max(total, 1)
                bar.update(done - bar.pos)

            back_up(address.path, file, show)
    except (DatabaseUnavailable, OSError) as failure:
        typer.echo(f"No backup was made: {failure}", err=True)
        raise typer.Exit(1) from None
    print(f"{settings.shown_database_url} is backed up in {file} ({file.stat().st_size} bytes)")
