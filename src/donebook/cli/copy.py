"""``donebook copy``."""

import asyncio
from typing import Annotated

import typer
from pydantic import SecretStr


def copy(
    source: Annotated[str, typer.Argument(help="The URL of the database to read.", show_default=False)],
    target: Annotated[
        str,
        typer.Argument(help="The URL of a new database; it is migrated first.", show_default=False),
    ],
) -> None:
    """Copy everything from one database to another, SQLite or PostgreSQL, and verify it.

    Stop the service first, or what it writes meanwhile is not in the copy.

    Example: donebook copy sqlite:///donebook.db postgresql://user:password@host:5432/name
    """
    from donebook.errors import DatabaseUnavailable
    from donebook.migrations.tables import METADATA
    from donebook.settings.urls import check_database_url, without_password
    from donebook.storage.copy import CopyRefused, copy_database, count_rows
    from donebook.storage.migrate import migrate

    urls = []
    for name, url in (("SOURCE", source), ("TARGET", target)):
        try:
            urls.append(check_database_url(SecretStr(url)).get_secret_value())
        except ValueError as mistake:
            typer.echo(f"{name} {mistake}", err=True)
            raise typer.Exit(2) from None
    source, target = urls
    tables = METADATA.sorted_tables
    try:
        rows = asyncio.run(count_rows(source, tables))
        migrate(target)
        with typer.progressbar(length=rows, label="Copying") as bar:
            copied = asyncio.run(copy_database(source, target, tables, bar.update))
    except (CopyRefused, DatabaseUnavailable) as failure:
        typer.echo(f"Nothing was copied: {failure}", err=True)
        raise typer.Exit(1) from None
    for name, content in copied.items():
        print(f"{content.rows:>10}  {name:<24} {content.digest:032x}")
    print(
        f"{without_password(target)} holds all that {without_password(source)} does: counts and digests agree"
    )
