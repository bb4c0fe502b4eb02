"""``donebook doctor``: is this installation in order, and if not, what mends it."""

import asyncio
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Annotated

import typer

from donebook.cli.configuration import secrets_or_exit, settings_or_exit
from donebook.settings import Settings

_CLOCK_TOLERANCE = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: whether it passed, what was found, and the mend where it did not."""

    good: bool
    name: str
    found: str
    mend: str = ""


def doctor(
    token: Annotated[
        str | None, typer.Option(help="Explain what is made of this token; - reads it from standard input.")
    ] = None,
    isolation: Annotated[
        bool, typer.Option("--isolation", help="Try, as two throw-away users, to reach what is the other's.")
    ] = False,
    url: Annotated[
        str | None, typer.Option(help="The running server to try; default: HOST and PORT.")
    ] = None,
) -> None:
    """Check settings, database, secret, clock and contracts; exits with 1 if one is not in order."""
    settings = settings_or_exit()
    findings: Iterable[Finding] = _attempts(settings, url) if isolation else _findings(settings)
    says: tuple[str, ...] = ()
    if token is not None:
        finding, says = asyncio.run(_check_token(settings, sys.stdin.read() if token == "-" else token))  # noqa: S105 - a dash
        findings = chain(findings, [finding])
    all_good = True
    for each in findings:
        all_good &= each.good
        mark = "ok  " if each.good else "FAIL"
        print(f"{mark}  {each.name}: {each.found}" + (f" - {each.mend}" if each.mend else ""))
    for line in says:
        print(f"      {line}")
    if not all_good:
        raise typer.Exit(1)


def _attempts(settings: Settings, url: str | None) -> Iterator[Finding]:
    from donebook.cli.isolation import probe_isolation

    secrets = secrets_or_exit(settings)
    if secrets is None:
        yield Finding(
            False, "isolation", "only the issuer can make tokens for the two users", "set JWT_SECRET"
        )
        return
    for each in probe_isolation(settings, secrets, url or f"http://{settings.host}:{settings.port}"):
        yield Finding(each.good, each.tried, each.found)


def _findings(settings: Settings) -> Iterator[Finding]:
    yield Finding(True, "settings", f"{settings.environment}, no mistakes")
    yield from asyncio.run(_check_database(settings))
    yield _check_secret(settings)
    yield _check_mounts(settings)


async def _check_database(settings: Settings) -> list[Finding]:
    from donebook.errors import DatabaseUnavailable
    from donebook.storage.connect import database_for
    from donebook.storage.readiness import database_time, schema_problem

    shown = settings.shown_database_url
    database = database_for(settings)
    await database.open()
    try:
        their_time = await database_time(database)
        ours = time.time()
    except DatabaseUnavailable as failure:
        return [
            Finding(
                False,
                "database",
                f"{shown} cannot be reached ({failure})",
                "check DATABASE_URL and that it runs",
            )
        ]
    else:
        findings = [Finding(True, "database", f"{shown} answers")]
        problem = await schema_problem(database)
        findings.append(Finding(problem is None, "schema", problem or "migrated"))
        skew = abs(their_time - ours)
        good = skew <= _CLOCK_TOLERANCE
        mend = "" if good else "synchronise the clocks (NTP): tokens and limits depend on them"
        findings.append(Finding(good, "clock", f"{skew:.1f} s from the database's", mend))
        return findings
    finally:
        await database.close()


def _check_secret(settings: Settings) -> Finding:
    from donebook.settings.secrets import SHORTEST_SECRET

    if settings.jwt_secret is None:
        if settings.keys_url and not settings.has_accounts:
            return Finding(True, "tokens", f"verified by the keys at {settings.keys_url}")
        also = f", or by the keys at {settings.keys_url}" if settings.keys_url else ""
        return Finding(True, "tokens", f"signed with a secret made here and kept beside the database{also}")
    length = len(settings.jwt_secret.get_secret_value())
    if length < SHORTEST_SECRET:
        return Finding(
            False,
            "tokens",
            f"JWT_SECRET has {length} characters; {SHORTEST_SECRET} are needed in production",
            "make one with: openssl rand -base64 48",
        )
    also = f", and the keys at {settings.keys_url}" if settings.keys_url else ""
    return Finding(True, "tokens", f"verified by JWT_SECRET ({length} characters){also}")


async def _check_token(settings: Settings, token: str) -> tuple[Finding, tuple[str, ...]]:
    from donebook.cli.explain import explain_token
    from donebook.storage.connect import database_for

    database = database_for(settings)
    await database.open()
    try:
        explained = await explain_token(token.strip(), settings, secrets_or_exit(settings), database)
    finally:
        await database.close()
    return Finding(explained.accepted, "token", explained.found, explained.mend), explained.says


def _check_mounts(settings: Settings) -> Finding:
    shown = ", ".join(f"{mount.name} at /{'/'.join(mount.claim)}" for mount in settings.contracts)
    return Finding(True, "contracts", shown)
