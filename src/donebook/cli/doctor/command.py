"""The command, and which checks it makes."""

import asyncio
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import chain
from typing import Annotated

import typer

from donebook.cli.configuration import secrets_or_exit, settings_or_exit
from donebook.cli.doctor.findings import Finding, State, doubtful, failed, judged, not_checked, ok
from donebook.cli.listing import AsJson, print_json
from donebook.settings import Settings, unknown_variables

_MARKS = {
    State.OK: "ok  ",
    State.FAILED: "FAIL",
    State.DOUBTFUL: "warn",
    State.NOT_CHECKED: "-   ",
}


def doctor(
    token: Annotated[
        str | None, typer.Option(help="Explain what is made of this token; - reads it from standard input.")
    ] = None,
    isolation: Annotated[
        bool, typer.Option("--isolation", help="Try, as two throw-away users, to reach what is the other's.")
    ] = False,
    url: Annotated[
        str | None,
        typer.Option(help="Check the server at this address too; --isolation uses HOST and PORT without it."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check settings, database, secret, clock, keys and contracts; exits with 1 if one is not in order.

    It only reads, and makes no file. A line that begins with "-" says what was not checked, and why.

    Example: donebook doctor --url http://127.0.0.1:8000
    """
    settings = settings_or_exit()
    findings: Iterable[Finding] = (
        _attempts(settings, url) if isolation else _findings(settings, url, token_given=token is not None)
    )
    says: tuple[str, ...] = ()
    if token is not None:
        finding, says = asyncio.run(_check_token(settings, sys.stdin.read() if token == "-" else token))  # noqa: S105 - a dash
        findings = chain(findings, [finding])
    made = []
    for each in findings:
        made.append(each)
        if not as_json:
            print(
                f"{_MARKS[each.state]}  {each.name}: {each.found}" + (f" - {each.mend}" if each.mend else "")
            )
    in_order = all(each.state is not State.FAILED for each in made)
    if as_json:
        told = {"in_order": in_order, "findings": [asdict(each) for each in made]}
        print_json(told | ({"token": says} if token is not None else {}))
    else:
        for line in says:
            print(f"      {line}")
    if not in_order:
        raise typer.Exit(1)


def _attempts(settings: Settings, url: str | None) -> Iterator[Finding]:
    from donebook.cli.isolation import probe_isolation

    secrets = secrets_or_exit(settings, make=False)
    if secrets is None:
        yield failed("isolation", "only the issuer can make tokens for the two users", "set JWT_SECRET")
        return
    for each in probe_isolation(settings, secrets, url or f"http://{settings.host}:{settings.port}"):
        yield judged(each.tried, good=each.good, found=each.found)


def _findings(settings: Settings, url: str | None, *, token_given: bool) -> Iterator[Finding]:
    from donebook.cli.doctor.database import check_database
    from donebook.cli.doctor.issuers import check_tokens
    from donebook.cli.doctor.server import check_server

    yield ok("settings", f"{settings.environment}, no mistakes")
    for line in unknown_variables():
        yield doubtful("settings", line)
    yield from asyncio.run(check_database(settings))
    yield from check_tokens(settings)
    yield _check_mounts(settings)
    if url is not None:
        yield from check_server(url)
    else:
        yield not_checked("server", "no address was given", "--url http://127.0.0.1:8000")
    if settings.rate_limit_storage is not None:
        yield not_checked(
            "RATE_LIMIT_STORAGE",
            "no connection to Redis was tried",
            'redis-cli -u "$RATE_LIMIT_STORAGE" ping',
        )
    if not token_given:
        yield not_checked("a token", "none was given", "--token - explains one from standard input")
    yield not_checked("isolation", "it makes two users on a running server", "--isolation")


async def _check_token(settings: Settings, token: str) -> tuple[Finding, tuple[str, ...]]:
    from donebook.cli.doctor.token import explain_token
    from donebook.storage.connect import database_for

    database = database_for(settings, read_only=True)
    await database.open()
    try:
        secrets = secrets_or_exit(settings, make=False)
        explained = await explain_token(token.strip(), settings, secrets, database)
    finally:
        await database.close()
    return judged(
        "token", good=explained.accepted, found=explained.found, mend=explained.mend
    ), explained.says


def _check_mounts(settings: Settings) -> Finding:
    return ok(
        "contracts", ", ".join(f"{mount.name} at /{'/'.join(mount.claim)}" for mount in settings.contracts)
    )
