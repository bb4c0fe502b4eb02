"""What keeps strangers out of ``auth``: other sites, guesses, closed doors; and what lets people in."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from donebook.accounts.events import list_events
from donebook.accounts.hashing import PasswordHashing
from donebook.accounts.operations import create_user, invite
from donebook.settings import Rate
from tests.accounts.rows import rows_of
from tests.databases import open_database
from tests.service import Service, run_service

PASSWORD = "Correct-horse-7"
ADA = {"email": "ada@example.com", "password": PASSWORD, "name": "Ada"}
LOG_IN = {"email": "ada@example.com", "password": PASSWORD}
WRONG = LOG_IN | {"password": "Wrong-horse-7"}
WIDE = "".join(chr(ord(character) + 0xFEE0) for character in ADA["email"])
"""The same address in full-width characters."""


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    async with run_service(database_url, rate_limit_auth=Rate(1000, 60)) as service:
        yield service


def from_address(service: Service, address: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(service.app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://service")


@asynccontextmanager
async def everywhere(service: Service, count: int) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Clients at addresses of their own."""
    clients = [from_address(service, f"203.0.113.{number}") for number in range(count)]
    yield clients
    for client in clients:
        await client.aclose()


# A request whose Origin is foreign is refused with 403, one that is no JSON with 415, before it is counted


@pytest.mark.parametrize("path", ["/api/auth/login", "/api/auth/signup", "/enveloped/api/v1/auth/register"])
async def test_what_another_site_sends_is_refused_and_not_counted(database_url: str, path: str) -> None:
    async with run_service(database_url) as service, service.client(None) as client:
        for origin in (
            "https://evil.example",
            "null",
            "http://service:81",
            "http://localhost:30000.evil.example",
        ):
            answer = await client.post(path, json=LOG_IN, headers={"Origin": origin})
            assert 403 == answer.status_code, origin
            assert "Requests from this origin are not allowed" in answer.text
            assert "ratelimit" not in answer.headers
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            answer = await client.post(path, content=b"{}", headers={"Content-Type": kind})
            assert (415, False) == (answer.status_code, "ratelimit" in answer.headers), kind
        counted = [await client.post("/api/auth/login", json=LOG_IN) for _ in range(6)]
    assert [401] * 5 + [429] == [each.status_code for each in counted]


@pytest.mark.parametrize("origin", ["http://service", "https://service:443", "http://localhost:3000"])
async def test_pages_of_the_host_and_of_allowed_origins_may(service: Service, origin: str) -> None:
    async with service.client(None) as client:
        assert (
            201 == (await client.post("/api/auth/signup", json=ADA, headers={"Origin": origin})).status_code
        )


async def test_that_another_site_tried_is_on_record(database_url: str) -> None:
    async with run_service(database_url) as service, service.client(None) as client:
        await client.post("/api/auth/login", json=LOG_IN, headers={"Origin": "https://evil.example"})
    async with open_database(database_url) as database:
        (event,) = await list_events(database, since=datetime(2000, 1, 1, tzinfo=UTC), failures_only=True)
    assert ("origin_refused", "from https://evil.example") == (event.kind, event.reason)


# A growing delay per account after failures; addresses from which that account logged in before are exempt


async def test_guesses_at_one_account_from_many_addresses_have_to_wait(service: Service) -> None:
    async with service.client(None) as home, everywhere(service, 40) as strangers:
        assert 201 == (await home.post("/api/auth/signup", json=ADA)).status_code

        answers = [await each.post("/api/auth/login", json=WRONG) for each in strangers]

        assert [401] * 5 == [each.status_code for each in answers[:5]]
        assert sum(each.status_code == 401 for each in answers) < 12
        delayed = [each for each in answers if each.status_code == 429]
        assert all(1 <= int(each.headers["retry-after"]) <= 900 for each in delayed)
        assert int(delayed[-1].headers["retry-after"]) >= int(delayed[0].headers["retry-after"])
        assert {"detail": "Too many requests. Please try again later"} == delayed[0].json()
        # The right password does not help where one has to wait: else the wait would tell of it.
        assert 429 == (await strangers[0].post("/api/auth/login", json=LOG_IN)).status_code

        assert 200 == (await home.post("/api/auth/login", json=LOG_IN)).status_code
        for _ in range(8):
            assert 401 == (await home.post("/api/auth/login", json=WRONG)).status_code
        assert 200 == (await home.post("/api/auth/login", json=LOG_IN)).status_code


async def test_an_account_that_is_not_there_is_guarded_alike(service: Service) -> None:
    async with service.client(None) as home, everywhere(service, 7) as strangers:
        await home.post("/api/auth/signup", json=ADA)
        known, unknown = [
            [await each.post("/api/auth/login", json=WRONG | {"email": email}) for each in strangers]
            for email in ("ada@example.com", "nobody@example.com")
        ]
    assert [401] * 5 == [each.status_code for each in known[:5]]
    for one, other in zip(known[:5], unknown[:5], strict=True):
        assert (one.status_code, one.content) == (other.status_code, other.content)
    assert {known[5].status_code, unknown[5].status_code} <= {401, 429}


async def test_what_was_guessed_is_known_to_the_next_service_too(database_url: str) -> None:
    rate = Rate(1000, 60)
    statuses = []
    for turn in range(2):
        async with (
            run_service(database_url, rate_limit_auth=rate) as service,
            from_address(service, f"203.0.113.{turn}") as client,
        ):
            statuses += [(await client.post("/api/auth/login", json=WRONG)).status_code for _ in range(4)]
    assert [401] * 5 == statuses[:5]
    assert 429 in statuses[5:]


async def test_every_spelling_of_an_address_is_one_account_to_guess_at(service: Service) -> None:
    spellings = ["ada@example.com", "ADA@example.com", "ada@example.com.", WIDE] * 3
    async with everywhere(service, len(spellings)) as strangers:
        answers = [
            await each.post("/api/auth/login", json=WRONG | {"email": email})
            for each, email in zip(strangers, spellings, strict=True)
        ]
    assert 429 in {each.status_code for each in answers}


async def test_the_database_holds_neither_guessed_emails_nor_addresses(database_url: str) -> None:
    async with (
        run_service(database_url, rate_limit_auth=Rate(1000, 60)) as service,
        from_address(service, "203.0.113.77") as client,
    ):
        await client.post("/api/auth/signup", json=ADA)
        await client.post("/api/auth/login", json=WRONG | {"email": "secret@example.com"})
    async with open_database(database_url) as database:
        held = repr([await rows_of(database, table) for table in ("guess_delays", "known_networks")])
    assert "secret" not in held
    assert "203.0.113" not in held


# SIGNUP is open, invite or closed


async def test_where_sign_up_is_closed_it_is_403(database_url: str) -> None:
    async with run_service(database_url, signup="closed") as service, service.client(None) as client:
        answer = await client.post("/api/auth/signup", json=ADA)
        enveloped = await client.post("/enveloped/api/auth/register", json={})
    assert (403, {"detail": "Sign-up is closed"}) == (answer.status_code, answer.json())
    assert (403, "FORBIDDEN") == (enveloped.status_code, enveloped.json()["error"]["code"])


async def test_who_is_there_already_logs_in_where_sign_up_is_closed(database_url: str) -> None:
    hashing = PasswordHashing("argon2")
    now = datetime.now(UTC)
    async with open_database(database_url) as database:
        await create_user(database, hashing, **LOG_IN, name=None, admin=False, now=now)
    hashing.close()
    async with run_service(database_url, signup="closed") as service, service.client(None) as client:
        assert 200 == (await client.post("/api/auth/login", json=LOG_IN)).status_code


async def test_an_invitation_lets_one_person_in(database_url: str) -> None:
    now = datetime.now(UTC)
    async with open_database(database_url) as database:
        code = await invite(database, now, timedelta(days=1))
        over = await invite(database, now - timedelta(days=2), timedelta(days=1))
    async with (
        run_service(database_url, signup="invite", rate_limit_auth=Rate(100, 60)) as service,
        service.client(None) as client,
    ):
        for none in ({}, {"invitation": None}, {"invitation": "x"}, {"invitation": over}):
            answer = await client.post("/api/auth/signup", json=ADA | none)
            assert (403, "Sign-up needs a valid invitation") == (
                answer.status_code,
                answer.json()["detail"],
            )
        statuses = [
            (
                await client.post("/api/auth/signup", json=ADA | {"email": email, "invitation": code})
            ).status_code
            for email in ("ada@example.com", "bob@example.com")
        ]
        taken = await client.post("/api/auth/login", json=LOG_IN)
    assert [201, 403] == statuses
    assert 200 == taken.status_code


async def test_an_invitation_is_not_used_up_by_an_email_that_is_taken(database_url: str) -> None:
    async with open_database(database_url) as database:
        codes = [await invite(database, datetime.now(UTC), timedelta(days=1)) for _ in range(2)]
    async with (
        run_service(database_url, signup="invite") as service,
        service.client(None) as client,
    ):
        bodies = [
            ADA | {"invitation": codes[0]},
            ADA | {"invitation": codes[1]},
            ADA | {"invitation": codes[1], "email": "bob@example.com"},
        ]
        statuses = [(await client.post("/api/auth/signup", json=body)).status_code for body in bodies]
    assert [201, 409, 201] == statuses


# Passwords and e-mail addresses are normalised before they are compared or hashed

EMAILS = [
    ("ada@example.com", WIDE),
    ("ada@example.com", "ada@example.com."),
    ("ren\u00e9@example.com", "rene\u0301@example.com"),
    ("ada@b\u00fccher.example", "ada@xn--bcher-kva.example"),
    ("ada@B\u00dcCHER.example", "ada@bu\u0308cher.example"),
    ("ada@example.com", "ada@example\u3002com"),
    ("\ufb01@example.com", "FI@example.com"),
]


@pytest.mark.parametrize(("email", "twin"), EMAILS + [(twin, email) for email, twin in EMAILS])
async def test_two_spellings_of_one_address_are_one_account(service: Service, email: str, twin: str) -> None:
    async with service.client(None) as client:
        made = await client.post("/api/auth/signup", json=ADA | {"email": email})
        again = await client.post("/api/auth/signup", json=ADA | {"email": twin})
        entered = await client.post("/api/auth/login", json=LOG_IN | {"email": twin})
    assert [201, 409, 200] == [each.status_code for each in (made, again, entered)]
    assert made.json()["user_id"] == entered.json()["user_id"]
    assert email == entered.json()["email"]


PASSWORDS = [
    ("Caf\u00e9-Horse-7", "Cafe\u0301-Horse-7"),
    ("Correct horse 7", "Correct\u00a0horse\u30007"),
    ("A\u030angstr\u00f6m-77", "\u212bngstro\u0308m-77"),
    ("Aa1" + "\u00e9" * 125, "Aa1" + "e\u0301" * 125),
]


@pytest.mark.parametrize(("chosen", "typed"), PASSWORDS + [(typed, chosen) for chosen, typed in PASSWORDS])
async def test_a_password_is_one_however_the_keyboard_writes_it(
    service: Service, chosen: str, typed: str
) -> None:
    async with service.client(None) as client:
        assert 201 == (await client.post("/api/auth/signup", json=ADA | {"password": chosen})).status_code
        assert 200 == (await client.post("/api/auth/login", json=LOG_IN | {"password": typed})).status_code
        other = LOG_IN | {"password": chosen.replace("7", "8").replace("\u00e9", "e").replace("e\u0301", "e")}
        assert 401 == (await client.post("/api/auth/login", json=other)).status_code


@pytest.mark.parametrize("password", ["Abcdefg1\t", "Abcdefg1\x7f", "Abcdefg1\x85", "Abcdefg1\u0378"])
async def test_a_new_password_has_no_control_characters(service: Service, password: str) -> None:
    async with service.client(None) as client:
        answer = await client.post("/api/auth/signup", json=ADA | {"password": password})
    assert (422, "password_characters") == (answer.status_code, answer.json()["detail"][0]["type"])
