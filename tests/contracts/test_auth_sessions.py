"""Sessions of ``auth``: going on by a cookie, another password, ending all of them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from donebook import app
from donebook.settings import Rate
from tests.service import Service, run_service

PASSWORD = "Correct-horse-7"
BETTER = "Better-horse-8"
ADA = {"email": "ada@example.com", "password": PASSWORD, "name": "Ada"}
LOG_IN = {"email": "ada@example.com", "password": PASSWORD}
BASES = ["", "/enveloped"]


class Clock:
    """The real time, and what a test adds to it."""

    def __init__(self) -> None:
        self.added = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.added

    def advance(self, seconds: float) -> None:
        self.added += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(app, "_now", clock)
    return clock


@pytest.fixture
async def service(database_url: str, clock: Clock) -> AsyncIterator[Service]:
    async with run_service(database_url, rate_limit_auth=Rate(1000, 60)) as service:
        yield service


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client(None) as client:
        yield client


def token_of(answer: httpx.Response) -> dict[str, str]:
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def cookie_of(answer: httpx.Response) -> str:
    """The cookie that the answer sets, as a browser sends it."""
    (line,) = answer.headers.get_list("set-cookie")
    return line.partition(";")[0]


async def sign_up(client: httpx.AsyncClient, **more: Any) -> httpx.Response:
    answer = await client.post("/api/auth/signup", json=ADA | more)
    client.cookies.clear()
    assert 201 == answer.status_code
    return answer


async def log_in(client: httpx.AsyncClient, **more: Any) -> httpx.Response:
    answer = await client.post("/api/auth/login", json=LOG_IN | more)
    client.cookies.clear()
    assert 200 == answer.status_code
    return answer


async def refresh(client: httpx.AsyncClient, cookie: str, base: str = "", **headers: str) -> httpx.Response:
    answer = await client.post(f"{base}/api/auth/refresh", headers={"Cookie": cookie, **headers})
    client.cookies.clear()
    return answer


async def statuses(client: httpx.AsyncClient, *tokens: dict[str, str]) -> list[int]:
    """What each token gets."""
    return [(await client.get("/api/tasks", headers=each)).status_code for each in tokens]


# POST /api/auth/refresh → 200 session


@pytest.mark.parametrize("base", BASES)
async def test_only_a_log_in_that_asks_for_it_sets_a_cookie(client: httpx.AsyncClient, base: str) -> None:
    plain = await client.post(f"{base}/api/auth/signup", json=ADA)
    asked = await client.post(f"{base}/api/auth/login", json=LOG_IN | {"cookie": True})
    refused = await client.post(f"{base}/api/auth/login", json=LOG_IN | {"cookie": "yes"})
    assert [201, 200, 422] == [each.status_code for each in (plain, asked, refused)]
    assert "set-cookie" not in plain.headers
    pair, *attributes = asked.headers["set-cookie"].split("; ")
    assert pair.startswith("donebook-session=")
    assert [f"Path={base}/api/auth", "Max-Age=2592000", "HttpOnly", "SameSite=Strict"] == attributes
    assert pair.partition(".")[2] not in asked.text


async def test_in_production_the_cookie_goes_by_tls_alone(database_url: str) -> None:
    async with run_service(database_url, environment="production") as service, service.client(None) as client:
        answer = await client.post("/api/v1/auth/signup", json=ADA | {"cookie": True})
        name, _, value = cookie_of(answer).partition("=")
        assert "__Secure-donebook-session" == name
        attributes = answer.headers["set-cookie"].split("; ")[1:]
        assert ["Path=/api/v1/auth", "Max-Age=2592000", "HttpOnly", "SameSite=Strict", "Secure"] == attributes
        assert 200 == (await refresh(client, f"{name}={value}")).status_code
        assert 401 == (await refresh(client, f"donebook-session={value}")).status_code


@pytest.mark.parametrize("base", BASES)
async def test_a_refresh_answers_200_with_a_session_and_the_next_cookie(
    client: httpx.AsyncClient, base: str
) -> None:
    opened = await sign_up(client, cookie=True)
    answer = await refresh(client, cookie_of(opened), base)
    token = answer.json()["token"]
    assert 200 == answer.status_code
    assert opened.json() | {"token": token, "access_token": token} == answer.json()
    assert opened.json()["token"] != token
    assert "no-store" == answer.headers["cache-control"]
    assert cookie_of(opened) != cookie_of(answer)
    assert [200, 200] == await statuses(client, token_of(opened), token_of(answer))
    assert 200 == (await refresh(client, cookie_of(answer), base)).status_code


async def test_tabs_that_refresh_with_one_cookie_get_the_same_next_one(
    client: httpx.AsyncClient, clock: Clock
) -> None:
    cookie = cookie_of(await sign_up(client, cookie=True))
    first = await refresh(client, cookie)
    clock.advance(25)
    second = await refresh(client, cookie)
    assert [200, 200] == [first.status_code, second.status_code]
    assert cookie_of(first) == cookie_of(second)
    assert 200 == (await refresh(client, cookie_of(second))).status_code


async def test_an_old_cookie_that_comes_later_ends_the_session_and_its_tokens(
    client: httpx.AsyncClient, clock: Clock
) -> None:
    opened = await sign_up(client, cookie=True)
    other = await log_in(client, cookie=True)
    thief = await refresh(client, cookie_of(opened))
    clock.advance(31)
    refused = await refresh(client, cookie_of(opened))
    assert (401, {"detail": "Session has ended"}) == (refused.status_code, refused.json())
    assert "Bearer" == refused.headers["www-authenticate"]
    assert 401 == (await refresh(client, cookie_of(thief))).status_code
    assert 200 == (await refresh(client, cookie_of(other))).status_code


async def test_a_cookie_older_than_the_one_before_ends_the_session_at_once(
    client: httpx.AsyncClient,
) -> None:
    first = await sign_up(client, cookie=True)
    second = await refresh(client, cookie_of(first))
    third = await refresh(client, cookie_of(second))
    assert [401, 401] == [(await refresh(client, cookie_of(each))).status_code for each in (first, third)]


async def test_without_a_good_cookie_it_is_401(client: httpx.AsyncClient) -> None:
    cookie = cookie_of(await sign_up(client, cookie=True))
    name, _, value = cookie.partition("=")
    for bad in (
        "",
        f"{name}=",
        f"{name}=nonsense",
        f"{name}={'0' * 32}.{'0' * 64}",
        f"{name}=\xff.\xfe",
        f"another={value}",
        # Two of one name: one was planted, and which one cannot be told.
        f"{cookie}; {cookie}",
    ):
        answer = await client.post("/api/auth/refresh", headers=[(b"Cookie", bad.encode("latin-1"))])
        assert (401, {"detail": "Session has ended"}) == (answer.status_code, answer.json()), bad
    enveloped = await client.post("/enveloped/api/auth/refresh")
    assert "UNAUTHORIZED" == enveloped.json()["error"]["code"]
    assert 200 == (await refresh(client, f"a=b; {cookie}; c=d")).status_code


async def test_a_session_that_nobody_goes_on_with_is_over_after_30_days(
    client: httpx.AsyncClient, clock: Clock
) -> None:
    cookie = cookie_of(await sign_up(client, cookie=True))
    clock.advance(29 * 86400)
    cookie = cookie_of(await refresh(client, cookie))
    clock.advance(31 * 86400)
    assert 401 == (await refresh(client, cookie)).status_code


@pytest.mark.parametrize(
    "origin", ["http://localhost:3000", "https://evil.example", "http://service.evil.example", "null", ""]
)
async def test_a_page_that_is_not_of_the_host_cannot_refresh(client: httpx.AsyncClient, origin: str) -> None:
    cookie = cookie_of(await sign_up(client, cookie=True))
    answer = await refresh(client, cookie, Origin=origin)
    assert (403, "Requests from this origin are not allowed") == (answer.status_code, answer.json()["detail"])
    # Allowed or not, it gets no cookie either.
    asked = await client.post("/api/auth/login", json=LOG_IN | {"cookie": True}, headers={"Origin": origin})
    assert 403 == asked.status_code
    assert "set-cookie" not in asked.headers


@pytest.mark.parametrize("origin", ["http://service", "https://service", "https://SERVICE:443"])
async def test_a_page_of_the_host_can_behind_tls_too(client: httpx.AsyncClient, origin: str) -> None:
    cookie = cookie_of(await sign_up(client, cookie=True))
    assert 200 == (await refresh(client, cookie, Origin=origin)).status_code


@pytest.mark.parametrize("base", BASES)
async def test_logging_out_ends_the_session_and_its_tokens_and_takes_the_cookie_back(
    client: httpx.AsyncClient, base: str
) -> None:
    opened = await sign_up(client, cookie=True)
    later = await refresh(client, cookie_of(opened))
    answer = await client.post(f"{base}/api/auth/logout", headers=token_of(later))
    assert 200 == answer.status_code
    assert answer.headers["set-cookie"].startswith(f"donebook-session=; Path={base}/api/auth; Max-Age=0;")
    assert 401 == (await refresh(client, cookie_of(later))).status_code
    assert 401 == (await statuses(client, token_of(later)))[0]


# POST /api/auth/password → 204


@pytest.mark.parametrize("base", BASES)
async def test_another_password_ends_every_other_session_and_this_one_goes_on(
    client: httpx.AsyncClient, clock: Clock, base: str
) -> None:
    mine, plain, other = (
        await sign_up(client, cookie=True),
        await log_in(client),
        await log_in(client, cookie=True),
    )
    answer = await client.post(
        f"{base}/api/auth/password",
        json={"current_password": PASSWORD, "new_password": BETTER},
        headers=token_of(mine),
    )
    assert (204, b"") == (answer.status_code, answer.content)
    assert [200, 401, 401] == await statuses(client, *map(token_of, (mine, plain, other)))
    assert [200, 401] == [(await refresh(client, cookie_of(each))).status_code for each in (mine, other)]
    assert 401 == (await client.post("/api/auth/login", json=LOG_IN)).status_code
    again = await log_in(client, password=BETTER)
    assert [200, 200] == await statuses(client, token_of(again), token_of(mine))


async def test_a_token_without_a_session_goes_on_too(client: httpx.AsyncClient) -> None:
    mine, other = await sign_up(client), await log_in(client)
    body = {"current_password": PASSWORD, "new_password": BETTER}
    assert 204 == (await client.post("/api/auth/password", json=body, headers=token_of(mine))).status_code
    assert [200, 401] == await statuses(client, token_of(mine), token_of(other))
    body = {"current_password": BETTER, "new_password": PASSWORD}
    assert 204 == (await client.post("/api/auth/password", json=body, headers=token_of(mine))).status_code
    assert [200] == await statuses(client, token_of(mine))


@pytest.mark.parametrize("base", BASES)
async def test_the_present_password_has_to_be_known(client: httpx.AsyncClient, base: str) -> None:
    mine = await sign_up(client)
    body = {"current_password": "Wrong-horse-7", "new_password": BETTER}
    answer = await client.post(f"{base}/api/auth/password", json=body, headers=token_of(mine))
    assert 401 == answer.status_code
    assert "Invalid credentials" in answer.text
    assert 401 == (await client.post(f"{base}/api/auth/password", json=body)).status_code
    assert [200] == await statuses(client, token_of(await log_in(client)))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"current_password": PASSWORD},
        {"current_password": PASSWORD, "new_password": "weak"},
        {"current_password": PASSWORD, "new_password": "Password1"},
        {"current_password": "", "new_password": BETTER},
    ],
)
async def test_a_weak_or_missing_password_is_422(client: httpx.AsyncClient, body: dict[str, str]) -> None:
    mine = await sign_up(client)
    answer = await client.post("/api/auth/password", json=body, headers=token_of(mine))
    assert 422 == answer.status_code
    assert [200] == await statuses(client, token_of(await log_in(client)))


async def test_changing_the_password_counts_as_an_attempt(database_url: str) -> None:
    async with run_service(database_url) as service, service.client(None) as client:
        headers = token_of(await sign_up(client))
        body = {"current_password": "Wrong-horse-7", "new_password": BETTER}
        answers = [await client.post("/api/auth/password", json=body, headers=headers) for _ in range(5)]
    assert [401] * 4 + [429] == [each.status_code for each in answers]
    assert "retry-after" in answers[-1].headers


async def test_a_user_of_another_issuer_has_no_password_to_change(service: Service) -> None:
    async with service.client("bob") as client:
        body = {"current_password": PASSWORD, "new_password": BETTER}
        assert 401 == (await client.post("/api/auth/password", json=body)).status_code


# POST /api/auth/logout-all → 204


@pytest.mark.parametrize("base", BASES)
async def test_logging_out_everywhere_ends_all_tokens_and_sessions(
    client: httpx.AsyncClient, base: str
) -> None:
    mine, plain, other = (
        await sign_up(client, cookie=True),
        await log_in(client),
        await log_in(client, cookie=True),
    )
    answer = await client.post(f"{base}/api/auth/logout-all", headers=token_of(mine))
    assert (204, b"") == (answer.status_code, answer.content)
    assert [401, 401, 401] == await statuses(client, *map(token_of, (mine, plain, other)))
    assert [401, 401] == [(await refresh(client, cookie_of(each))).status_code for each in (mine, other)]
    again = await log_in(client)
    assert [200] == await statuses(client, token_of(again))


async def test_logging_out_everywhere_needs_a_token(client: httpx.AsyncClient) -> None:
    assert 401 == (await client.post("/api/auth/logout-all")).status_code
