"""``donebook usage``."""

from collections.abc import Sequence
from typing import Annotated

import typer

from donebook.cli.access import run_with_database
from donebook.cli.listing import AsJson, print_json
from donebook.settings import Settings
from donebook.storage.database import Database


def usage(
    limit: Annotated[int, typer.Option(help="How many users to list.", min=1)] = 20,
    as_json: AsJson = False,
) -> None:
    """List the users who hold the most, and the quotas: tasks, bytes of history, bytes of stored answers.

    Example: donebook usage --limit 5
    """
    from donebook.accounts.events import printable
    from donebook.ledger.upkeep.usage import largest_spaces

    async def work(database: Database, settings: Settings) -> None:
        holders = [
            (each.space, each.tasks, each.history_bytes, each.answer_bytes)
            for each in await largest_spaces(database, limit)
        ]
        quota = (settings.quota_tasks, int(settings.quota_history), int(settings.quota_answers))
        if as_json:
            users = [{"user": user} | _named(held) for user, *held in holders]
            print_json({"users": users, "quota": _named(quota)})
            return
        print("USER\tTASKS\tHISTORY\tANSWERS")
        for user, *held in [*holders, ("(quota)", *quota)]:
            print("\t".join([printable(user), *map(str, held)]))

    run_with_database(work)


def _named(held: Sequence[int]) -> dict[str, int]:
    return dict(zip(("tasks", "history_bytes", "answer_bytes"), held, strict=True))
