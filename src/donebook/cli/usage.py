"""``donebook usage``."""

from typing import Annotated

import typer

from donebook.cli.access import run_with_database
from donebook.settings import Settings
from donebook.storage.database import Database


def usage(
    limit: Annotated[int, typer.Option(help="How many users to list.", min=1)] = 20,
) -> None:
    """List the users who hold the most, and the quotas: tasks, bytes of history, bytes of stored answers.

    Example: donebook usage --limit 5
    """
    from donebook.accounts.events import printable
    from donebook.ledger.upkeep.usage import largest_spaces

    async def work(database: Database, settings: Settings) -> None:
        print("USER\tTASKS\tHISTORY\tANSWERS")
        for each in await largest_spaces(database, limit):
            print(f"{printable(each.space)}\t{each.tasks}\t{each.history_bytes}\t{each.answer_bytes}")
        print(
            f"(quota)\t{settings.quota_tasks}\t{int(settings.quota_history)}\t{int(settings.quota_answers)}"
        )

    run_with_database(work)
