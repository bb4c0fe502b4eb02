"""``donebook renew-revisions``."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from donebook.cli.access import run_with_database
from donebook.settings import Settings
from donebook.storage.database import Database


def renew_revisions(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Have all clients read everything anew, after the database lost its newest writes.

    Run it after pg_restore, after a point-in-time recovery, and after a failover to a standby that lacked
    writes; before the service starts, if you can. It changes no task. While it runs, the service may go on.

    Example: donebook renew-revisions --yes
    """
    from donebook.spaces.revisions import renew_revisions as renew

    if not yes:
        typer.confirm("Have the clients of all users read everything anew?", abort=True)

    async def work(database: Database, _: Settings) -> int:
        return await renew(database, datetime.now(UTC))

    count = run_with_database(work)
    print(f"The revisions of {count} users are new")
