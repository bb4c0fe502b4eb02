"""``donebook token``."""

import time
from typing import Annotated

import typer

from donebook.cli.configuration import secrets_or_exit, settings_or_exit


def token(
    user: Annotated[str, typer.Option(help="The user's id: the token's subject.")],
    email: Annotated[str | None, typer.Option(help="The user's e-mail.")] = None,
    name: Annotated[str | None, typer.Option(help="The user's name.")] = None,
    hours: Annotated[float, typer.Option(min=0.001, max=24 * 366, help="How long it is good for.")] = 24,
) -> None:
    """Print a bearer token for a user, signed with JWT_SECRET or with the secret kept by the service.

    Example: TOKEN=$(donebook token --user demo --email demo@example.com)
    """
    from donebook.tokens.issue import issue_token

    settings = settings_or_exit()
    secrets = secrets_or_exit(settings, make=False)
    if secrets is None:
        typer.echo(
            "Tokens are verified by the keys of BETTER_AUTH_URL or JWKS_URL; only their issuer can make them;"
            " set JWT_SECRET to allow tokens of our own too.",
            err=True,
        )
        raise typer.Exit(1)
    if not 1 <= len(user) <= 255:
        typer.echo("--user: give 1 to 255 characters", err=True)
        raise typer.Exit(2)
    issued = issue_token(
        secrets, user_id=user, email=email, name=name, now=time.time(), lifetime=round(hours * 3600)
    )
    print(issued.token)
