"""``donebook maintain``."""

from datetime import UTC, datetime, timedelta

from donebook.cli.access import run_with_database
from donebook.settings import Settings
from donebook.storage.database import Database


def maintain() -> None:
    """Empty the trash and forget what is past its days, as a running service does every hour.

    Counts anew what each user holds, too, and mends the counters that quotas go by.

    Example: TRASH_DAYS=7 donebook maintain
    """
    print(run_with_database(_maintain))


async def _maintain(database: Database, settings: Settings) -> str:
    import donebook.kinds  # noqa: F401 - declares them
    from donebook.ledger.upkeep.maintenance import claim_maintenance, maintain, retention_of
    from donebook.ledger.upkeep.usage import recount_all

    now = datetime.now(UTC)
    # Whoever asks for it by name gets it; the claim keeps the workers from doing it once more.
    await claim_maintenance(database, now, timedelta(0))
    swept = await maintain(database, retention_of(settings), now)
    mended = await recount_all(database)
    return f"Removed {swept}; mended the counters of {mended} users"
