"""``donebook renew-revisions``."""

from datetime import UTC, datetime

from donebook.cli.access import run_with_database
from donebook.cli.confirmation import Yes, confirm
from donebook.settings import Settings
from donebook.storage.database import Database


def renew_revisions(yes: Yes = False) -> None:
    """Have all clients read everything anew, after the database lost its newest writes.

    Run it after pg_restore, after a point-in-time recovery, and after a failover to a standby that lacked
    writes, if you can before the service starts. The service may run meanwhile. No task is changed.

    Example: donebook renew-revisions --yes
    """
    from donebook.spaces.revisions import renew_revisions as renew

    async def look(_: Database, settings: Settings) -> str:
        return settings.shown_database_url

    async def work(database: Database, _: Settings) -> int:
        return await renew(database, datetime.now(UTC))

    found = run_with_database(look)
    confirm(f"Have the clients of all users of {found} read everything anew?", yes=yes)
    count = run_with_database(work)
    print(f"The revisions of {count} users are new")
