"""``donebook users``: who there is, and whom to keep out."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from donebook.cli.access import run_with_database
from donebook.cli.confirmation import Yes, confirm
from donebook.settings import Settings
from donebook.storage.database import Database

users = typer.Typer(help="List, show, disable, enable and erase users.", no_args_is_help=True)

_COLUMNS = ("ID", "E-MAIL", "SINCE", "STATE")

Who = Annotated[str, typer.Argument(help="The user's id, or an e-mail that only one user has.")]


@users.command("list")
def list_all() -> None:
    """List all users: id, e-mail, since when, and whether they are disabled.

    Example: donebook users list
    """
    from donebook.accounts.events import printable
    from donebook.accounts.operations import list_users

    async def work(database: Database, _: Settings) -> None:
        print("\t".join(_COLUMNS))
        async for user in list_users(database):
            state = "disabled" if user.disabled_at else "local" if user.local else "-"
            email = printable(user.email or "-")
            print(f"{printable(user.user_id)}\t{email}\t{_moment(user.created_at)}\t{state}")

    run_with_database(work)


@users.command()
def show(who: Who) -> None:
    """Show what is known of a user.

    Example: donebook users show ada@example.com
    """
    from donebook.accounts.events import printable
    from donebook.accounts.operations import get_user

    async def work(database: Database, _: Settings) -> None:
        user = await get_user(database, await _find(database, who))
        for name, value in (
            ("id", user.user_id),
            ("e-mail", user.email),
            ("name", user.name),
            ("avatar", user.avatar_url),
            ("since", _moment(user.created_at)),
            ("signs in", "here, by password" if user.local else "by a token of another issuer"),
            ("disabled", _moment(user.disabled_at) if user.disabled_at else "no"),
        ):
            print(f"{name:<9} {printable(value) if value else '-'}")

    run_with_database(work)


@users.command()
def disable(who: Who) -> None:
    """Accept no token and no password of a user, within a second.

    Example: donebook users disable ada@example.com
    """
    from donebook.accounts.operations import disable_user

    async def work(database: Database, _: Settings) -> str:
        user_id = await _find(database, who)
        await disable_user(database, user_id, datetime.now(UTC))
        return user_id

    print(f"{run_with_database(work)} is disabled")


@users.command()
def enable(who: Who) -> None:
    """Accept a disabled user again, or let an erased one (named by id) come back.

    Example: donebook users enable ada@example.com
    """
    from donebook.accounts.operations import enable_user, find_users
    from donebook.errors import UserUnknown

    async def work(database: Database, _: Settings) -> str:
        # An erased user is in no list any more, so that only the id they had can name them.
        user_id = await _find(database, who) if await find_users(database, who) else who
        try:
            await enable_user(database, user_id, datetime.now(UTC))
        except UserUnknown:
            raise _unknown(who) from None
        return user_id

    print(f"{run_with_database(work)} is enabled")


@users.command()
def erase(
    who: Who,
    yes: Yes = False,
) -> None:
    """Delete a user and everything of theirs, for good; their tokens end within a second.

    Example: donebook users erase ada@example.com --yes
    """
    from donebook.accounts.operations import erase_user
    from donebook.migrations.tables import METADATA

    async def find(database: Database, _: Settings) -> str:
        return await _find(database, who)

    async def work(database: Database, _: Settings) -> None:
        await erase_user(database, METADATA, user_id, datetime.now(UTC))

    user_id = run_with_database(find)
    confirm(f"Delete {user_id} and all their tasks, for good?", yes=yes)
    run_with_database(work)
    print("Erased")


@users.command("set-password")
def set_password(who: Who) -> None:
    """Give a local account another password, read from standard input, and end its tokens.

    Example: echo "$NEW_PASSWORD" | donebook users set-password ada@example.com
    """
    from donebook.accounts.hashing import PasswordHashing
    from donebook.accounts.operations import set_password as change
    from donebook.accounts.passwords import find_weakness
    from donebook.errors import UserUnknown

    if sys.stdin.isatty():
        password = typer.prompt("New password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    weakness = find_weakness(password)
    if weakness is not None:
        typer.echo(weakness[1], err=True)
        raise typer.Exit(2)

    async def work(database: Database, settings: Settings) -> str:
        user_id = await _find(database, who)
        hashing = PasswordHashing(settings.password_scheme)
        try:
            await change(database, hashing, user_id, password, datetime.now(UTC))
        except UserUnknown:
            typer.echo(f"{who} has no password here: their tokens are another issuer's", err=True)
            raise typer.Exit(1) from None
        finally:
            hashing.close()
        return user_id

    print(f"{run_with_database(work)} has a new password; their tokens have ended")


async def _find(database: Database, who: str) -> str:
    """The id of the one user that ``who`` names; ends with status 1 if there is none or more."""
    from donebook.accounts.operations import find_users

    found = await find_users(database, who)
    if who in found:
        return who
    if not found:
        raise _unknown(who)
    if len(found) > 1:
        typer.echo(f"{len(found)} users have this e-mail; name one by id: {', '.join(found)}", err=True)
        raise typer.Exit(1)
    return found[0]


def _unknown(who: str) -> typer.Exit:
    typer.echo(f"No user has the id or e-mail {who}", err=True)
    return typer.Exit(1)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
