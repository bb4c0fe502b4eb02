"""``donebook maintain``."""

import asyncio
from datetime import UTC, datetime, timedelta

import typer

from donebook.cli.configuration import settings_or_exit
from donebook.settings import Settings


def maintain() -> None:
    """Empty the trash and forget what is past its days, as a running service does every hour.

    Counts anew what each user holds, too, and mends the counters that quotas go by.

    Example: TRASH_DAYS=7 donebook maintain
    """
    from donebook.errors import DatabaseUnavailable

    settings = settings_or_exit()
    try:
        swept = asyncio.run(_maintain(settings))
    except DatabaseUnavailable as failure:
        typer.echo(f"{settings.shown_database_url} was not maintained: {failure}", err=True)
        raise typer.Exit(1) from None
    print(swept)


async def _maintain(settings: Settings) -> str:
    import donebook.kinds  # noqa: F401 - declares them
    from donebook.errors import DatabaseUnavailable
    from donebook.ledger.upkeep.maintenance import claim_maintenance, maintain, retention_of
    from donebook.ledger.upkeep.usage import recount_all
    from donebook.storage.connect import database_for
    from donebook.storage.readiness import schema_problem

    database = database_for(settings)
    await database.open()
    try:
        problem = await schema_problem(database)
        if problem is not None:
            raise DatabaseUnavailable(problem)
        now = datetime.now(UTC)
        # Whoever asks for it by name gets it; the claim keeps the workers from doing it once more.
        await claim_maintenance(database, now, timedelta(0))
        swept = await maintain(database, retention_of(settings), now)
        mended = await recount_all(database)
        return f"Removed {swept}; mended the counters of {mended} users"
    finally:
        await database.close()
