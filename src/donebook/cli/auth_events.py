"""``donebook auth-events``: who signed up, in and out, and what was refused."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from donebook.cli.access import run_with_database
from donebook.settings import Settings
from donebook.storage.database import Database

_COLUMNS = ("TIME", "EVENT", "USER", "ADDRESS", "REQUEST ID", "REASON", "USER AGENT")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def auth_events(
    user: Annotated[str | None, typer.Option(help="Only of the user with this id or e-mail.")] = None,
    since: Annotated[
        str, typer.Option(help="From when: 30m, 24h, 7d, or a date and time in RFC 3339.")
    ] = "24h",
    failures: Annotated[bool, typer.Option("--failures", help="Only what was refused.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, the newest.")] = 100,
) -> None:
    """List sign-ups, log-ins, log-outs, refused tokens, limits hit and what operators did, newest first.

    Example: donebook auth-events --since 7d --failures
    """
    from donebook.accounts.events import list_events, printable
    from donebook.accounts.operations import find_users

    begin = _moment(since, datetime.now(UTC))

    async def work(database: Database, _: Settings) -> None:
        # Whoever was never a user here may still have events: of refused tokens, for one.
        users = [None] if user is None else await find_users(database, user) or [user]
        events = [
            event
            for each in users
            for event in await list_events(
                database, since=begin, user_id=each, failures_only=failures, limit=limit
            )
        ]
        print("\t".join(_COLUMNS))
        for event in sorted(events, key=lambda event: event.at, reverse=True)[:limit]:
            at = event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            facts = (event.user_id, event.address, event.request_id, event.reason, event.user_agent)
            print("\t".join([at, event.kind, *(printable(fact or "-") for fact in facts)]))

    run_with_database(work)


def _moment(since: str, now: datetime) -> datetime:
    past = re.fullmatch(r"(\d{1,6})([mhd])", since)
    try:
        if past is not None:
            return now - timedelta(**{_UNITS[past[2]]: int(past[1])})
        moment = datetime.fromisoformat(since)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter("write 30m, 24h, 7d, or for example 2030-01-31T08:00:00Z") from None
