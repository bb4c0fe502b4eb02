"""``donebook doctor --token``: which check failed, and the mend."""

import asyncio
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest

from donebook.accounts.operations import disable_user
from donebook.accounts.usecases import provision_user
from donebook.principal import Principal
from tests.cli.commands import CommandLine
from tests.databases import open_database
from tests.service import SECRET
from tests.tokens.key_server import running_key_server

ELSEWHERE = "a secret that some other service signs its tokens with, as long as HS512 asks for"
OURS = f"{SECRET}, and long enough for HS512"
RECORDED = Path(__file__).parent.parent / "tokens" / "recorded" / "EdDSA.json"


@pytest.fixture
def command(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    return CommandLine(monkeypatch, DATABASE_URL=sqlite_url, JWT_SECRET=OURS)


def token(secret: str = OURS, algorithm: str = "HS256", headers: Any = None, **claims: Any) -> str:
    told = {"sub": "ada", "exp": int(time.time()) + 600} | claims
    return jwt.encode(
        {name: value for name, value in told.items() if value is not None}, secret, algorithm, headers=headers
    )


def verdict(command: CommandLine, pasted: str) -> str:
    """The line about the token; the command fails exactly when it is refused."""
    result = command.run("doctor", "--token", pasted)
    (line,) = [line for line in result.stdout.splitlines() if "token: " in line]
    assert line.startswith("FAIL") == (result.exit_code == 1)
    assert SECRET not in result.output
    assert ELSEWHERE not in result.output
    assert pasted not in result.output
    return line


def test_a_good_token_is_accepted_and_taken_apart(command: CommandLine) -> None:
    lines = command.lines("doctor", "--token", token(iss="them"))
    assert "ok    token: accepted, as the user ada" in lines
    assert "      alg HS256, kid None" in lines
    assert "      sub ada" in lines
    assert "      iss them" in lines


def test_a_token_is_read_from_standard_input_too(command: CommandLine) -> None:
    lines = command.lines("doctor", "--token", "-", typed=f"{token()}\n")
    assert "ok    token: accepted, as the user ada" in lines


@pytest.mark.parametrize(
    ("pasted", "reason", "mend"),
    [
        ("Bearer x.y.z", "malformed", "paste the token alone"),
        (token(secret=ELSEWHERE), "signature", "make JWT_SECRET (or BETTER_AUTH_SECRET) equal"),
        (token(algorithm="HS512"), "algorithm", "set JWT_ALGORITHM=HS512; HS256 is expected now"),
        (token(exp=1), "expired", "get a new one"),
        (token(exp=None), "times", "give it an exp"),
        (token(nbf=9_000_000_000, exp=9_000_000_001), "not yet valid", "synchronise the clocks"),
        (token(sub=None), "no subject", "it has neither sub nor user_id"),
        (token(sub="a\0b"), "subject", "its sub must be a text"),
        (token(aud="somebody"), "audience", "aud is somebody, none is expected: set JWT_AUDIENCE"),
        (token(headers={"jku": "https://evil.example.com"}), "header", "take the issuer's token as it is"),
        (token(headers={"typ": "logout+jwt"}), "purpose", "its typ says"),
        (token(headers={"kid": "\n"}), "key id", "its kid is no short text"),
    ],
)
def test_a_refusal_names_the_check_and_the_mend(
    command: CommandLine, pasted: str, reason: str, mend: str
) -> None:
    line = verdict(command, pasted)
    assert line.startswith(f"FAIL  token: refused: {reason} - ")
    assert mend in line


def test_an_expected_issuer_is_named(command: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JWT_ISSUER", "https://front.example.com")
    assert "iss is them, https://front.example.com is expected" in verdict(command, token(iss="them"))
    assert "it has no iss, https://front.example.com is expected" in verdict(command, token())


async def test_a_token_that_was_ended_is_told_apart(sqlite_url: str, command: CommandLine) -> None:
    now = datetime.now(UTC)
    async with open_database(sqlite_url) as database:
        await provision_user(database, Principal("ada"), now)
        await disable_user(database, "ada", now)
    line = verdict(command, token())
    assert line.startswith("FAIL  token: refused: its user is disabled - ")
    assert "donebook users enable ID" in line


@pytest.fixture
def unsigned() -> str:
    private = (
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ+DYvh6SEqVTm50DFtMDoQikTmiCqirVv9mWG9qfSnF\n"
    )
    return jwt.encode(
        {"sub": "ada"}, private + "-----END PRIVATE KEY-----", "EdDSA", headers={"kid": "theirs"}
    )


def test_without_better_auth_its_tokens_need_the_setting(command: CommandLine, unsigned: str) -> None:
    assert "set BETTER_AUTH_URL to the front end that makes such tokens" in verdict(command, unsigned)


async def test_an_unknown_key_names_where_it_was_looked_for(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, unsigned: str
) -> None:
    recorded = json.loads(RECORDED.read_text())
    async with running_key_server() as keys:
        keys.publish(json.dumps(recorded["jwks"]).encode())
        monkeypatch.setenv("BETTER_AUTH_URL", keys.url.removesuffix("/api/auth/jwks"))
        line = await asyncio.to_thread(verdict, command, unsigned)
        expired = await asyncio.to_thread(verdict, command, recorded["token"])
    assert line.startswith("FAIL  token: refused: unknown key - ")
    assert keys.url in line
    assert expired.startswith("FAIL  token: refused: expired - ")


def test_an_issuer_that_is_away_is_named(
    command: CommandLine, monkeypatch: pytest.MonkeyPatch, unsigned: str
) -> None:
    monkeypatch.setenv("BETTER_AUTH_URL", "http://127.0.0.1:9")
    line = verdict(command, unsigned)
    assert "the keys at http://127.0.0.1:9/api/auth/jwks cannot be fetched" in line
