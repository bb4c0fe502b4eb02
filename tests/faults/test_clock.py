"""Case 50: the clock of the server's machine is set an hour forward and back while it runs."""

import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.external_tools import find_faketime
from tests.faults.nursery import FreshProcesses
from tests.faults.programme import Tries
from tests.faults.server import Server, token_for
from tests.faults.wire import Answer

pytestmark = [pytest.mark.faketime, pytest.mark.slow_faults]
HOUR = 3600


class Clock:
    """The clock that a server sees: the real one and an offset in seconds."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.set(0)

    def set(self, offset: int) -> None:
        # In one write: libfaketime reads it whenever the server asks for the time.
        self.file.write_text(f"{offset:+d}\n")

    @property
    def environment(self) -> dict[str, str]:
        library = find_faketime()
        assert library is not None
        return {
            "LD_PRELOAD": library,
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            # What jumps is the time of day; a machine's uptime does not.
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    return Clock(tmp_path / "clock")


@pytest.fixture
def serve_by(tmp_path: Path, clock: Clock) -> Callable[..., Server]:
    """Make a server that sees the clock."""

    def make(url: str, *, broken: str | None = None) -> Server:
        return Server(FreshProcesses(), url, tmp_path, settings=clock.environment, broken=broken)

    return make


async def use_through_jumps(server: Server, clock: Clock) -> None:
    token = token_for("ada", exp=datetime.now(UTC) + timedelta(minutes=30))
    lasting = token_for("ada")

    async def ask(method: str, path: str, body: Any = None, *, by: str = lasting) -> Answer:
        answer: Answer = await server.ask(method, path, token=by, body=body)
        return answer

    assert 200 == (await ask("GET", "/api/v1/tasks", by=token)).status
    made = [(await ask("POST", "/api/v1/tasks", {"title": "Now"})).json()]
    path = f"/api/v1/tasks/{made[0]['id']}"
    stamps = [made[0]["updated_at"]]
    for jump in (HOUR, -HOUR, 0, HOUR, -HOUR, 0):
        clock.set(jump)
        assert (401 if jump == HOUR else 200) == (await ask("GET", "/api/v1/tasks", by=token)).status, jump
        made.append((await ask("POST", "/api/v1/tasks", {"title": f"At {jump}"})).json())
        changed = await ask("PATCH", f"{path}/complete")
        assert 200 == changed.status
        stamps.append(changed.json()["updated_at"])
        assert 200 == (await ask("GET", "/health/ready")).status

    assert sorted(set(stamps)) == stamps, "a change was stamped before the one it followed"
    listed = (await ask("GET", "/api/v1/tasks")).json()
    assert [each["id"] for each in made] == [each["id"] for each in listed]


async def test_jumps_of_the_clock_leave_tokens_order_and_stamps_as_documented(
    database_url: str, serve_by: Callable[..., Server], clock: Clock, tries: Tries
) -> None:
    with serve_by(database_url) as server:
        await use_through_jumps(await server.ready(), clock)

    tries(6, "jumps of an hour")


async def test_a_jump_of_the_clock_begins_the_count_of_attempts_anew_and_lifts_no_limit(
    database_url: str, serve_by: Callable[..., Server], clock: Clock, tries: Tries
) -> None:
    numbers = itertools.count()

    async def attempt(server: Server) -> int:
        # Each at an account of its own, which have delays of their own.
        body = {"email": f"ada-{next(numbers)}@example.com", "password": "Wrong-horse-7"}
        answer: Answer = await server.ask("POST", "/api/auth/login", body=body)
        if answer.status == 429:
            assert 1 <= int(answer.headers["retry-after"]) <= 60
        return answer.status

    jumps = (0, HOUR, -HOUR)
    with serve_by(database_url) as server:
        await server.ready()
        for jump in jumps:
            clock.set(jump)
            # In one go, so that none of them is a minute old.
            assert [401] * 5 + [429] * 5 == sorted([await attempt(server) for _ in range(10)]), jump

    tries(10 * len(jumps), "attempts to log in")


async def test_a_token_from_an_hour_ahead_is_refused_until_its_time_has_come(
    sqlite_url: str, serve_by: Callable[..., Server], clock: Clock
) -> None:
    with serve_by(sqlite_url) as server:
        await server.ready()
        clock.set(-HOUR)
        issued_now = token_for("ada", iat=int(time.time()))

        early = await server.ask("GET", "/api/v1/tasks", token=issued_now)
        clock.set(0)
        in_time = await server.ask("GET", "/api/v1/tasks", token=issued_now)

    assert [401, 200] == [early.status, in_time.status]


@pytest.mark.parametrize("mistake", ["ignore_the_end_of_tokens", "let_time_run_backwards"])
async def test_a_server_that_trusts_its_clock_too_much_is_caught(
    database_url: str, serve_by: Callable[..., Server], clock: Clock, mistake: str
) -> None:
    with serve_by(database_url, broken=mistake) as server:
        await server.ready()
        with pytest.raises(AssertionError):
            await use_through_jumps(server, clock)
