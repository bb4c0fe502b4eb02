"""``donebook users``: who there is, whom to let in, and whom to keep out."""

import secrets
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from donebook.cli.access import run_with_database
from donebook.cli.confirmation import Yes, confirm
from donebook.cli.listing import AsJson, print_json
from donebook.settings import Settings
from donebook.storage.database import Database

if TYPE_CHECKING:
    from donebook.accounts.operations import UserFacts

users = typer.Typer(help="List, show, create, invite, disable, enable and erase users.", no_args_is_help=True)

_COLUMNS = ("ID", "E-MAIL", "SINCE", "STATE")

Who = Annotated[
    str, typer.Argument(help="The user's id, or their e-mail as it is stored, if no other user has it.")
]
ById = Annotated[bool, typer.Option("--id", help="Take WHO for an id, even if it is also an e-mail.")]


@users.command("list")
def list_all(as_json: AsJson = False) -> None:
    """List all users: id, e-mail, since when, and whether they are disabled.

    Example: donebook users list --json
    """
    from donebook.accounts.events import printable
    from donebook.accounts.operations import list_users

    async def work(database: Database, _: Settings) -> None:
        if as_json:
            print_json([_facts(user) async for user in list_users(database)])
            return
        print("\t".join(_COLUMNS))
        async for user in list_users(database):
            state = "disabled" if user.disabled_at else "local" if user.local else "-"
            email = printable(user.email or "-")
            print(f"{printable(user.user_id)}\t{email}\t{_moment(user.created_at)}\t{state}")

    run_with_database(work)


@users.command()
def show(who: Who, by_id: ById = False, as_json: AsJson = False) -> None:
    """Show what is known of a user.

    Example: donebook users show ada@example.com
    """
    from donebook.accounts.events import printable
    from donebook.accounts.operations import get_user

    async def work(database: Database, _: Settings) -> None:
        user = await get_user(database, await _find(database, who, by_id=by_id))
        if as_json:
            print_json(_facts(user))
            return
        for name, value in (
            ("id", user.user_id),
            ("e-mail", user.email),
            ("name", user.name),
            ("avatar", user.avatar_url),
            ("since", _moment(user.created_at)),
            ("signs in", "here, by password" if user.local else "by a token; no password here"),
            ("admin", _moment(user.admin_since) if user.admin_since else "no"),
            ("disabled", _moment(user.disabled_at) if user.disabled_at else "no"),
        ):
            print(f"{name:<9} {printable(value) if value else '-'}")

    run_with_database(work)


@users.command()
def create(
    email: Annotated[str, typer.Argument(help="Their e-mail.")],
    name: Annotated[str | None, typer.Option(help="Their name.")] = None,
    admin: Annotated[
        bool,
        typer.Option(
            "--admin",
            help="Mark them as an administrator. For now this is a mark alone: it is shown by users show, and"
            " gives no rights.",
        ),
    ] = False,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Make a user with a password, whoever else may sign up.

    On a terminal the password is asked for; without one, or where it is left empty, one is made and shown
    once.

    Example: donebook users create --admin ada@example.com
    """
    from donebook.accounts.addresses import is_email
    from donebook.accounts.hashing import PasswordHashing
    from donebook.accounts.operations import create_user
    from donebook.errors import EmailTaken

    email = email.strip()
    if not is_email(email):
        typer.echo(f"{email} is no e-mail address", err=True)
        raise typer.Exit(2)
    password = ""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif sys.stdin.isatty():
        password = typer.prompt(
            "Password (empty to have one made)",
            default="",
            show_default=False,
            hide_input=True,
            confirmation_prompt=True,
        )
    made = not password and not password_stdin
    password = _make_password() if made else password
    _refuse_weak(password)

    async def work(database: Database, settings: Settings) -> str:
        hashing = PasswordHashing(settings.password_scheme)
        try:
            return await create_user(
                database, hashing, email=email, password=password, name=name, admin=admin, now=_now()
            )
        except EmailTaken:
            typer.echo(f"An account with the e-mail {email} is there already", err=True)
            raise typer.Exit(1) from None
        finally:
            hashing.close()

    print(f"{run_with_database(work)} is created")
    if made:
        print(f"Their password, which is not shown again: {password}")


@users.command()
def invite(
    days: Annotated[int, typer.Option(min=1, max=365, help="For how many days it is good.")] = 7,
) -> None:
    """Print a code with which one person can sign up where SIGNUP=invite.

    It goes into the field "invitation" of a sign-up, and is good once.

    Example: donebook users invite --days 2
    """
    from donebook.accounts.operations import invite as make

    async def work(database: Database, _: Settings) -> str:
        return await make(database, _now(), timedelta(days=days))

    print(run_with_database(work))


@users.command()
def disable(who: Who, by_id: ById = False) -> None:
    """Accept no token and no password of a user, within a second, and end their sessions.

    Example: donebook users disable ada@example.com
    """
    from donebook.accounts.operations import disable_user

    async def work(database: Database, _: Settings) -> str:
        user_id = await _find(database, who, by_id=by_id)
        await disable_user(database, user_id, _now())
        return user_id

    print(f"{run_with_database(work)} is disabled")


@users.command()
def enable(who: Who, by_id: ById = False) -> None:
    """Accept a disabled user again, or let an erased one (named by id) come back.

    Example: donebook users enable ada@example.com
    """
    from donebook.accounts.operations import enable_user, find_users
    from donebook.errors import UserUnknown

    async def work(database: Database, _: Settings) -> str:
        # An erased user is in no list any more, so that only the id they had can name them.
        known = not by_id and await find_users(database, who)
        user_id = await _find(database, who, by_id=by_id) if known else who
        try:
            await enable_user(database, user_id, _now())
        except UserUnknown:
            raise _unknown(who) from None
        return user_id

    print(f"{run_with_database(work)} is enabled")


@users.command()
def erase(who: Who, by_id: ById = False, yes: Yes = False) -> None:
    """Delete a user and everything of theirs, for good; their tokens end within a second.

    Example: donebook users erase ada@example.com
    """
    from donebook.accounts.operations import erase_user
    from donebook.migrations.tables import METADATA

    async def find(database: Database, _: Settings) -> str:
        return await _find(database, who, by_id=by_id)

    async def work(database: Database, _: Settings) -> None:
        await erase_user(database, METADATA, user_id, _now())

    user_id = run_with_database(find)
    confirm(f"Delete {user_id} and all their tasks, for good?", yes=yes)
    run_with_database(work)
    print("Erased")


@users.command("set-password")
def set_password(who: Who, by_id: ById = False) -> None:
    """Give a local account another password, and end its tokens and sessions.

    On a terminal the password is asked for; otherwise it is read from standard input.

    Example: donebook users set-password ada@example.com < password.txt
    """
    from donebook.accounts.hashing import PasswordHashing
    from donebook.accounts.operations import set_password as change
    from donebook.errors import UserUnknown

    if sys.stdin.isatty():
        password = typer.prompt("New password", hide_input=True, confirmation_prompt=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    _refuse_weak(password)

    async def work(database: Database, settings: Settings) -> str:
        user_id = await _find(database, who, by_id=by_id)
        hashing = PasswordHashing(settings.password_scheme)
        try:
            await change(database, hashing, user_id, password, _now)
        except UserUnknown:
            typer.echo(f"{who} has no password here: their tokens are another issuer's", err=True)
            raise typer.Exit(1) from None
        finally:
            hashing.close()
        return user_id

    print(f"{run_with_database(work)} has a new password; their tokens have ended")


async def _find(database: Database, who: str, *, by_id: bool) -> str:
    """The id of the one user that ``who`` names; ends with status 1 if there is none, more, or a doubt."""
    from donebook.accounts.events import printable
    from donebook.accounts.operations import find_users

    found = [each for each in await find_users(database, who) if not by_id or each.user_id == who]
    if not found:
        raise _unknown(who)
    if len(found) == 1 and found[0].exact:
        return found[0].user_id
    ids = ", ".join(printable(each.user_id) for each in found)
    if len(found) == 1:
        typer.echo(f"One user has this e-mail, spelled in another way; name them by id: {ids}", err=True)
    else:
        typer.echo(f"{len(found)} users have this e-mail; name one by id: {ids}", err=True)
    for each in found:
        typer.echo(f"  {printable(each.user_id)}\t{printable(each.email or '-')}", err=True)
    if any(each.user_id == who for each in found):
        typer.echo(f"With --id, {printable(who)} is taken for an id", err=True)
    raise typer.Exit(1)


def _unknown(who: str) -> typer.Exit:
    typer.echo(f"No user has the id or e-mail {who}", err=True)
    return typer.Exit(1)


def _refuse_weak(password: str) -> None:
    from donebook.accounts.passwords import find_weakness

    weakness = find_weakness(password)
    if weakness is not None:
        typer.echo(weakness[1], err=True)
        raise typer.Exit(2)


def _make_password() -> str:
    from donebook.accounts.passwords import find_weakness

    while find_weakness(password := secrets.token_urlsafe(15)) is not None:
        pass
    return password


def _facts(user: "UserFacts") -> dict[str, Any]:
    return {
        "id": user.user_id,
        "email": user.email,
        "name": user.name,
        "avatar_url": user.avatar_url,
        "created_at": _moment(user.created_at),
        "disabled_at": _moment(user.disabled_at) if user.disabled_at else None,
        "admin_since": _moment(user.admin_since) if user.admin_since else None,
        "local": user.local,
    }


def _now() -> datetime:
    return datetime.now(UTC)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
