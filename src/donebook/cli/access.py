"""An open database for a command, or an exit that says why there is none."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import typer

from donebook.cli.configuration import settings_or_exit
from donebook.settings import Settings
from donebook.storage.database import Database

T = TypeVar("T")


def run_with_database(work: Callable[[Database, Settings], Awaitable[T]]) -> T:
    """What ``work`` returns; without a database that is reachable and migrated ends with status 1."""
    from donebook.errors import DatabaseUnavailable

    settings = settings_or_exit()
    try:
        return asyncio.run(_run(settings, work))
    except DatabaseUnavailable as failure:
        typer.echo(f"{settings.shown_database_url} cannot be used: {failure}", err=True)
        raise typer.Exit(1) from None


async def _run(settings: Settings, work: Callable[[Database, Settings], Awaitable[T]]) -> T:
    from donebook.errors import DatabaseUnavailable
    from donebook.storage.connect import database_for
    from donebook.storage.readiness import schema_problem
    from donebook.storage.urls import SqliteAddress, parse_database_url

    address = parse_database_url(settings.database_url.get_secret_value())
    if isinstance(address, SqliteAddress) and not address.path.exists():
        raise DatabaseUnavailable(
            f"there is no file {address.path.absolute()}; run this where the service was started, or make a"
            " database: donebook migrate"
        )
    database = database_for(settings)
    await database.open()
    try:
        problem = await schema_problem(database)
        if problem is not None:
            raise DatabaseUnavailable(problem)
        return await work(database, settings)
    finally:
        await database.close()
