"""The command line: one module for each group of commands."""

from typing import Annotated

import typer

from donebook import __version__
from donebook.cli import (
    auth_events,
    backup,
    copy,
    database,
    doctor,
    maintain,
    openapi,
    renew_revisions,
    restore,
    serve,
    token,
    usage,
    users,
)

app = typer.Typer(
    name="donebook",
    help="A multi-user task back end. Begin with donebook serve; donebook doctor looks for what is wrong.\n\n"
    "Settings come from the environment and .env; see .env.example.",
    no_args_is_help=True,
    rich_markup_mode="markdown",  # joins the lines of a paragraph
    pretty_exceptions_show_locals=False,  # locals may hold secrets
)

app.command()(serve.serve)
app.command()(database.migrate)
app.command()(maintain.maintain)
app.command()(backup.backup)
app.command()(restore.restore)
app.command()(renew_revisions.renew_revisions)
app.command()(copy.copy)
app.command()(token.token)
app.command()(usage.usage)
app.add_typer(users.users, name="users")
app.command("auth-events")(auth_events.auth_events)
app.command()(openapi.openapi)
app.command()(doctor.doctor)


@app.command()
def version() -> None:
    """Print the version; so do --version and -V.

    Example: donebook version
    """
    print(__version__)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(__version__)
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", "-V", help="Print the version.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    pass


def main() -> None:
    """The entry point of the ``donebook`` command."""
    app()
