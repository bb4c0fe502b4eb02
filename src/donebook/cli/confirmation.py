"""Asking before something that cannot be taken back."""

from typing import Annotated

import typer

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
"""The option of every command that asks."""


def confirm(question: str, *, yes: bool) -> None:
    """Return if ``yes`` is given or the answer is y; otherwise end the command with status 1.

    The answer is read from standard input. Where nobody answers, as in a script, the message names
    ``--yes``.
    """
    if yes:
        return
    try:
        agreed = typer.confirm(question)
    except typer.Abort:
        typer.echo("\nNobody answered, and nothing was done; --yes does it without asking", err=True)
        raise typer.Exit(1) from None
    if not agreed:
        typer.echo("Nothing was done", err=True)
        raise typer.Exit(1)
