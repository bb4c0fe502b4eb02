"""A genuine Better Auth as a child process, for tests that need its tokens.

Needs Node 20 and npm; tests that use it carry the marker ``node``.
"""

import json
import os
import selectors
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx

from tests.node_packages import install_packages

HERE = Path(__file__).parent
SECRET = "a-secret-that-only-the-tests-share-with-better-auth"
PASSWORD = "Correct-horse-7-battery"
START_TIMEOUT = 60.0

CookieCache = Literal["secret", "jwks"]


@dataclass(frozen=True)
class Session:
    """A signed-up user's session at the issuer."""

    user_id: str
    email: str
    name: str
    token: str
    cookies: dict[str, str]


class BetterAuth:
    """One issuer: its address and keys stay the same from ``stop`` to ``start``."""

    def __init__(self, algorithm: str, cookie_cache: CookieCache | None, directory: Path) -> None:
        self.algorithm = algorithm
        self.port = 0
        self._cookie_cache = cookie_cache
        self._state = directory / "database"
        self._process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        """What ``BETTER_AUTH_URL`` is to be."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def jwks_url(self) -> str:
        return f"{self.url}/api/auth/jwks"

    def start(self) -> None:
        """Start, or start again after ``stop``; returns when the issuer accepts connections."""
        options = {
            "algorithm": self.algorithm,
            "port": self.port,
            "secret": SECRET,
            "state": str(self._state),
            "cookieCache": self._cookie_cache,
        }
        self._process = subprocess.Popen(
            ["node", "issuer.mjs", json.dumps(options)],
            cwd=installed_packages(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=node_environment(),
        )
        try:
            self.port = announced_port(self._process)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop as an operator would; users, sessions and keys are kept for the next ``start``."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    def sign_up(self, email: str, name: str = "Ada Example") -> Session:
        """A new user with a session."""
        body = {"email": email, "password": PASSWORD, "name": name}
        answer = httpx.post(f"{self.url}/api/auth/sign-up/email", json=body).raise_for_status()
        created = answer.json()
        return Session(created["user"]["id"], email, name, created["token"], dict(answer.cookies))

    def token(self, session: Session) -> str:
        """A fresh token for the session's user, as a front end gets it."""
        headers = {"authorization": f"Bearer {session.token}"}
        answer = httpx.get(f"{self.url}/api/auth/token", headers=headers).raise_for_status()
        return str(answer.json()["token"])

    def jwks(self) -> dict[str, Any]:
        """The published keys."""
        keys: dict[str, Any] = httpx.get(self.jwks_url).raise_for_status().json()
        return keys

    def rotate_keys(self) -> None:
        """Make a new key that signs from now on; the old ones stay published."""
        httpx.post(f"{self.url}/test/rotate").raise_for_status()

    def withdraw_old_keys(self) -> None:
        """Publish the newest key alone."""
        httpx.post(f"{self.url}/test/withdraw").raise_for_status()

    def verification_token(self, session: Session) -> str:
        """The token in the e-mail that asks the session's user to verify their address."""
        headers = {"authorization": f"Bearer {session.token}"}
        body = {"email": session.email}
        httpx.post(
            f"{self.url}/api/auth/send-verification-email", json=body, headers=headers
        ).raise_for_status()
        return str(httpx.get(f"{self.url}/test/verification-token").raise_for_status().json())


@contextmanager
def better_auth_server(
    algorithm: str = "EdDSA", *, cookie_cache: CookieCache | None = None
) -> Iterator[BetterAuth]:
    """A running issuer whose keys are of ``algorithm``.

    ``cookie_cache`` has it keep sessions in cookies that are tokens too, signed with the shared secret or
    with the published keys.
    """
    with tempfile.TemporaryDirectory(prefix="better-auth-") as directory:
        issuer = BetterAuth(algorithm, cookie_cache, Path(directory))
        issuer.start()
        try:
            yield issuer
        finally:
            issuer.stop()


def node_environment(**more: str) -> dict[str, str]:
    """This process's environment and more, without colours."""
    return {**os.environ, "NO_COLOR": "1", **more}


def installed_packages() -> Path:
    """A directory with the issuer and its packages, installed on first use."""
    programs = sorted(each.name for each in HERE.glob("*.mjs"))
    return install_packages("better-auth", HERE, programs, compiled=["better-sqlite3"])


def announced_port(process: subprocess.Popen[str]) -> int:
    """The port that the process listens on, once it says so."""
    assert process.stdout is not None
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        announced = process.stdout.readline() if selector.select(START_TIMEOUT) else ""
    if not announced.startswith("listening "):
        raise RuntimeError("Better Auth did not start; its own messages are on stderr")
    return int(announced.split()[1])
