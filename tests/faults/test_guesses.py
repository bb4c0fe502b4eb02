"""Cases 59 and 60: who guesses passwords, and who makes browsers do so, against real servers."""

import asyncio
from contextlib import ExitStack

import pytest

from tests.faults.conftest import Serve
from tests.faults.programme import Tries
from tests.faults.server import Server
from tests.faults.wire import Answer

ADA = {"email": "ada@example.com", "password": "Correct-horse-7"}
WRONG = "Wrong-horse-7"
GUESSES = 400
HOME = "198.51.100.1"


async def log_in(server: Server, address: str, **body: str) -> Answer:
    answer: Answer = await server.ask(
        "POST", "/api/auth/login", body=ADA | body, headers={"X-Forwarded-For": address}
    )
    return answer


async def has_strangers_wait(server: Server) -> bool:
    """Whether guesses have to wait; the first may come just when a wait is over, and begins a longer one."""
    return 429 in [(await log_in(server, f"192.0.2.{each}", password=WRONG)).status for each in range(1, 4)]


async def guess_from_everywhere(servers: list[Server], email: str) -> list[int]:
    """The statuses of 400 guesses at one account from 400 addresses, many at once."""
    turns = asyncio.Semaphore(32)

    async def guess(number: int) -> int:
        async with turns:
            address = f"203.0.{number // 250}.{number % 250 + 1}"
            answer = await log_in(servers[number % 2], address, email=email, password=WRONG)
        if answer.status == 429:
            assert 1 <= int(answer.headers["retry-after"]) <= 900
        return answer.status

    return await asyncio.gather(*map(guess, range(GUESSES)))


async def test_guesses_at_one_account_from_many_addresses_wait_and_its_owner_does_not(
    database_url: str, serve: Serve, tries: Tries
) -> None:
    with ExitStack() as running:
        servers = [running.enter_context(serve(database_url, TRUSTED_PROXIES="127.0.0.1")) for _ in range(2)]
        for server in servers:
            await server.ready()
        made = await servers[0].ask("POST", "/api/auth/signup", body=ADA, headers={"X-Forwarded-For": HOME})
        assert 201 == made.status

        known = await guess_from_everywhere(servers, ADA["email"])
        unknown = await guess_from_everywhere(servers, "nobody@example.com")

        for statuses in (known, unknown):
            assert {401, 429} == set(statuses)
            # Five at once, and with each that follows the wait doubles.
            assert 5 <= statuses.count(401) <= 12
        for server in servers:
            assert 200 == (await log_in(server, HOME)).status
            assert await has_strangers_wait(server)

        servers[0].kill()
        servers[0].start()
        await servers[0].ready()
        assert await has_strangers_wait(servers[0])
        assert 200 == (await log_in(servers[0], HOME)).status
    tries(2 * GUESSES, "guesses from as many addresses")


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
async def test_what_another_site_posts_counts_for_nobody(
    database_url: str, serve: Serve, kind: str | None, tries: Tries
) -> None:
    with serve(database_url) as server:
        await server.ready()
        assert 201 == (await server.ask("POST", "/api/auth/signup", body=ADA)).status
        page = {"Origin": "https://evil.example"} | ({"Content-Type": kind} if kind else {})
        for path in ("/api/auth/login", "/api/v1/auth/signup", "/enveloped/api/auth/sign-in"):
            for _ in range(10):
                refused = await server.ask("POST", path, body=ADA, headers=page)
                assert 403 == refused.status
                assert "ratelimit" not in refused.headers
        # Nor what says that it is a form, wherever it comes from.
        if kind is not None:
            refused = await server.ask("POST", "/api/auth/login", body=ADA, headers={"Content-Type": kind})
            assert (415, False) == (refused.status, "ratelimit" in refused.headers)

        left = [(await server.ask("POST", "/api/auth/login", body=ADA)).status for _ in range(5)]
        assert [200] * 4 + [429] == left
    tries(30, "posts from another site")
