"""The contract ``auth``: sign-up, log-in and log-out of local accounts."""

import base64
import json
from collections.abc import AsyncIterator
from datetime import datetime
from itertools import count
from typing import Any

import httpx
import pytest

from donebook.settings import Rate, Settings
from donebook.settings.mounts import parse_mounts
from tests.service import Service, bearer, run_service

PASSWORD = "Correct-horse-7"
ADA = {"email": "ada@example.com", "password": PASSWORD, "name": "Ada"}
LOG_IN = {"email": "ada@example.com", "password": PASSWORD}

BASES = ["", "/enveloped"]


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    """Every contract where it is by default, and room for the attempts of a test."""
    async with run_service(database_url, rate_limit_auth=Rate(1000, 60)) as service:
        yield service


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """Nobody yet."""
    async with service.client(None) as client:
        yield client


@pytest.fixture
async def session(client: httpx.AsyncClient) -> dict[str, Any]:
    """Ada's session: she has signed up."""
    answer = await client.post("/api/auth/signup", json=ADA)
    assert 201 == answer.status_code
    opened: dict[str, Any] = answer.json()
    return opened


def token_of(session: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {session['token']}"}


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims


def refusal(answer: httpx.Response) -> Any:
    """What a refusal says, in whichever of the two voices."""
    body = answer.json()
    return body["error"]["message"] if "error" in body else body["detail"]


# POST /api/auth/signup and /register → 201 session


@pytest.mark.parametrize("path", ["/api/auth/signup", "/api/auth/register", "/enveloped/api/auth/register"])
async def test_signing_up_answers_201_with_a_session(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path, json=ADA)
    session = answer.json()
    user_id, token = session["user_id"], session["token"]
    assert 201 == answer.status_code
    assert {
        "user_id": user_id,
        "email": "ada@example.com",
        "token": token,
        "access_token": token,
        "token_type": "bearer",
        "expires_in": 86400,
        "user": {
            "id": user_id,
            "email": "ada@example.com",
            "name": "Ada",
            "created_at": session["user"]["created_at"],
        },
    } == session
    assert session["user"]["created_at"].endswith("Z")


async def test_the_token_carries_who_and_until_when(session: dict[str, Any]) -> None:
    claims = claims_of(session["token"])
    assert {
        "sub": session["user_id"],
        "user_id": session["user_id"],
        "email": "ada@example.com",
        "name": "Ada",
        "iat": claims["exp"] - 86400,
        "exp": claims["exp"],
        "jti": claims["jti"],
        "iss": "donebook",
    } == claims
    assert len(claims["jti"]) >= 32


async def test_the_token_works_in_every_contract(client: httpx.AsyncClient, session: dict[str, Any]) -> None:
    me = session["user_id"]
    for path in ("tasks", "v1/tasks", "v2/tasks", f"{me}/tasks"):
        assert 200 == (await client.get(f"/api/{path}", headers=token_of(session))).status_code, path
    enveloped = await client.get(f"/enveloped/api/{me}/tasks", headers=token_of(session))
    assert 200 == enveloped.status_code


async def test_a_name_is_optional(client: httpx.AsyncClient) -> None:
    names: list[dict[str, Any]] = [{}, {"name": None}, {"name": "  "}]
    for number, name in enumerate(names):
        body = LOG_IN | {"email": f"ada{number}@example.com"} | name
        answer = await client.post("/api/auth/signup", json=body)
        assert (201, None) == (answer.status_code, answer.json()["user"]["name"])


@pytest.mark.usefixtures("session")
async def test_a_taken_email_is_409_in_every_case(client: httpx.AsyncClient) -> None:
    for email in ("ada@example.com", "Ada@Example.COM", " ADA@EXAMPLE.COM "):
        for base in BASES:
            answer = await client.post(f"{base}/api/auth/signup", json=ADA | {"email": email})
            assert (409, "Email already registered") == (answer.status_code, refusal(answer))


BAD_ACCOUNTS: list[tuple[dict[str, Any], str]] = [
    ({"password": PASSWORD}, "email"),
    ({"email": "ada@example.com"}, "password"),
    ({"email": None, "password": PASSWORD}, "email"),
    ({"email": 7, "password": PASSWORD}, "email"),
    ({"email": "", "password": PASSWORD}, "email"),
    ({"email": "ada", "password": PASSWORD}, "email"),
    ({"email": "ada@", "password": PASSWORD}, "email"),
    ({"email": "@example.com", "password": PASSWORD}, "email"),
    ({"email": "ada@example", "password": PASSWORD}, "email"),
    ({"email": "ada@@example.com", "password": PASSWORD}, "email"),
    ({"email": "a da@example.com", "password": PASSWORD}, "email"),
    ({"email": "ada\0@example.com", "password": PASSWORD}, "email"),
    ({"email": "ada\r\n@example.com", "password": PASSWORD}, "email"),
    ({"email": "ada\x1b[31m@example.com", "password": PASSWORD}, "email"),
    ({"email": "a" * 250 + "@example.com", "password": PASSWORD}, "email"),
    ({"email": "ada@example.com", "password": "Abcde1"}, "password"),
    ({"email": "ada@example.com", "password": "abcdefg1"}, "password"),
    ({"email": "ada@example.com", "password": "ABCDEFG1"}, "password"),
    ({"email": "ada@example.com", "password": "Abcdefgh"}, "password"),
    ({"email": "ada@example.com", "password": "Password1"}, "password"),
    ({"email": "ada@example.com", "password": "Aa1" + "x" * 126}, "password"),
    ({"email": "ada@example.com", "password": "Abcdefg1\0"}, "password"),
    ({"email": "ada@example.com", "password": 12345678}, "password"),
    ({"email": "ada@example.com", "password": PASSWORD, "name": "x" * 201}, "name"),
    ({"email": "ada@example.com", "password": PASSWORD, "name": "A\0da"}, "name"),
    ({"email": "ada@example.com", "password": PASSWORD, "name": "A\nda"}, "name"),
]


async def test_what_cannot_be_signed_up_with_is_422_and_is_not_repeated(client: httpx.AsyncClient) -> None:
    for base in BASES:
        for body, place in BAD_ACCOUNTS:
            answer = await client.post(f"{base}/api/auth/signup", json=body)
            assert 422 == answer.status_code, body
            problems = answer.json()["error"]["details"] if base else answer.json()["detail"]
            assert [["body", place]] == [problem["loc"] for problem in problems], body
            assert all({"type", "loc", "msg"} == set(problem) for problem in problems)
            for value in body.values():
                assert not (isinstance(value, str) and len(value) > 7 and value in answer.text), body


async def test_a_body_that_is_no_such_object_is_422(client: httpx.AsyncClient) -> None:
    for body in (
        b"",
        b"{",
        b"[]",
        b'"x"',
        b'{"email":"ada@example.com","password":"Abcdefg1\\ud800"}',
        b'{"email":"ada\\ud800@example.com","password":"Abcdefg1"}',
        b'{"email":"ada@example.com","password":"Abcdefg1","\\ud800":1}',
        b'{"email":"ada@example.com","password":"Abcdefg1\xff"}',
        b'{"email":NaN,"password":"Abcdefg1"}',
    ):
        for path in ("signup", "login"):
            headers = {"Content-Type": "application/json"}
            answer = await client.post(f"/api/auth/{path}", content=body, headers=headers)
            assert 422 == answer.status_code, body


async def test_unknown_fields_take_no_effect(client: httpx.AsyncClient) -> None:
    extra = {"id": "chosen", "user_id": "chosen", "is_admin": True, "created_at": "2000-01-01T00:00:00Z"}
    answer = await client.post("/api/auth/signup", json=ADA | extra)
    assert 201 == answer.status_code
    assert "chosen" not in answer.text


# POST /api/auth/login → 200 session


@pytest.mark.parametrize("base", BASES)
async def test_logging_in_answers_200_with_a_session_of_its_own(
    client: httpx.AsyncClient, session: dict[str, Any], base: str
) -> None:
    answer = await client.post(f"{base}/api/auth/login", json=LOG_IN)
    opened = answer.json()
    assert 200 == answer.status_code
    token = opened["token"]
    assert session | {"token": token, "access_token": token} == opened
    assert session["token"] != token


async def test_the_email_is_known_in_every_case(client: httpx.AsyncClient, session: dict[str, Any]) -> None:
    answer = await client.post("/api/auth/login", json=LOG_IN | {"email": " ADA@Example.com"})
    assert (200, session["user_id"]) == (answer.status_code, answer.json()["user_id"])


@pytest.mark.usefixtures("session")
async def test_an_unknown_email_and_a_wrong_password_are_401_alike(client: httpx.AsyncClient) -> None:
    wrong = await client.post("/api/auth/login", json=LOG_IN | {"password": "Wrong-horse-7"})
    unknown = await client.post("/api/auth/login", json=LOG_IN | {"email": "bob@example.com"})
    for answer in (wrong, unknown):
        assert 401 == answer.status_code
        assert {"detail": "Invalid credentials"} == answer.json()
        assert "Bearer" == answer.headers["www-authenticate"]
    assert wrong.content == unknown.content
    ignored = {"x-request-id", "ratelimit"}
    assert [pair for pair in wrong.headers.items() if pair[0] not in ignored] == [
        pair for pair in unknown.headers.items() if pair[0] not in ignored
    ]


async def test_under_enveloped_a_refused_log_in_is_an_envelope(client: httpx.AsyncClient) -> None:
    answer = await client.post("/enveloped/api/auth/login", json=LOG_IN)
    error = answer.json()["error"]
    assert 401 == answer.status_code
    assert {
        "code": "UNAUTHORIZED",
        "message": "Invalid credentials",
        "details": None,
        "timestamp": error["timestamp"],
        "request_id": answer.headers["x-request-id"],
    } == error


async def test_what_cannot_be_credentials_is_422(client: httpx.AsyncClient) -> None:
    bodies: list[dict[str, Any]] = [
        {"email": "ada@example.com"},
        {"password": PASSWORD},
        {"email": "ada@example.com", "password": ""},
        {"email": "ada@example.com", "password": None},
        {"email": "ada@example.com", "password": "x" * 129},
        {"email": "ada@example.com", "password": "Abcdefg1\0"},
        {"email": "nonsense", "password": PASSWORD},
    ]
    for body in bodies:
        assert 422 == (await client.post("/api/auth/login", json=body)).status_code, body


@pytest.mark.parametrize("length", [72, 73, 128])
async def test_passwords_that_begin_alike_are_distinct(client: httpx.AsyncClient, length: int) -> None:
    password = "Aa1" + "x" * (length - 3)
    await client.post("/api/auth/signup", json=ADA | {"password": password})
    others = {password[:-1] + "y", password[:-1], password[:72] + "y"} - {password}
    for other in others:
        answer = await client.post("/api/auth/login", json=LOG_IN | {"password": other})
        assert 401 == answer.status_code
    assert 200 == (await client.post("/api/auth/login", json=LOG_IN | {"password": password})).status_code


# POST /api/auth/logout → 200


@pytest.mark.parametrize("base", BASES)
async def test_logging_out_ends_the_token_at_once_everywhere(
    client: httpx.AsyncClient, session: dict[str, Any], base: str
) -> None:
    headers = token_of(session)
    assert 200 == (await client.get("/api/tasks", headers=headers)).status_code

    answer = await client.post(f"{base}/api/auth/logout", headers=headers)

    assert (200, {"message": "Logged out successfully"}) == (answer.status_code, answer.json())
    for path in ("/api/tasks", "/api/v1/tasks", "/api/auth/me", "/enveloped/api/auth/me"):
        refused = await client.get(path, headers=headers)
        assert 401 == refused.status_code, path
        assert 'Bearer error="invalid_token"' == refused.headers["www-authenticate"]
    assert 401 == (await client.post(f"{base}/api/auth/logout", headers=headers)).status_code
    versioned = (await client.get("/api/v1/tasks", headers=headers)).json()
    assert "AUTH_REQUIRED" == versioned["code"]


async def test_logging_out_leaves_the_users_other_sessions(
    client: httpx.AsyncClient, session: dict[str, Any]
) -> None:
    other = (await client.post("/api/auth/login", json=LOG_IN)).json()
    await client.post("/api/auth/logout", headers=token_of(session))
    assert 200 == (await client.get("/api/tasks", headers=token_of(other))).status_code


async def test_a_token_of_another_issuer_can_be_logged_out_too(client: httpx.AsyncClient) -> None:
    for claims in ({}, {"jti": "a-token-of-theirs"}):
        headers = bearer("somebody", email="them@example.com", **claims)
        assert 200 == (await client.post("/api/auth/logout", headers=headers)).status_code
        assert 401 == (await client.get("/api/tasks", headers=headers)).status_code


# GET /api/auth/me → 200


@pytest.mark.parametrize("base", BASES)
async def test_me_is_the_signed_in_user(
    client: httpx.AsyncClient, session: dict[str, Any], base: str
) -> None:
    answer = await client.get(f"{base}/api/auth/me", headers=token_of(session))
    me = answer.json()
    assert 200 == answer.status_code
    assert {
        "id": session["user_id"],
        "user_id": session["user_id"],
        "email": "ada@example.com",
        "name": "Ada",
        "avatar_url": None,
        "created_at": me["created_at"],
    } == me
    assert me["created_at"].endswith("Z")
    assert (
        0 <= claims_of(session["token"])["iat"] - datetime.fromisoformat(me["created_at"]).timestamp() + 1 < 2
    )


async def test_me_knows_users_of_another_issuer_too(client: httpx.AsyncClient) -> None:
    headers = bearer("bob", name="Bob", picture="https://example.com/bob.png")
    me = (await client.get("/api/auth/me", headers=headers)).json()
    assert ("bob", None, "Bob", "https://example.com/bob.png") == (
        me["user_id"],
        me["email"],
        me["name"],
        me["avatar_url"],
    )


async def test_without_a_good_token_it_is_401(client: httpx.AsyncClient) -> None:
    for headers, detail, challenge in (
        ({}, "Missing authorization token", "Bearer"),
        ({"Authorization": "Basic YTpi"}, "Invalid or malformed token", "Bearer"),
        ({"Authorization": "Bearer x.y.z"}, "Invalid or malformed token", 'Bearer error="invalid_token"'),
    ):
        for method, path in (("POST", "logout"), ("GET", "me")):
            for base in BASES:
                answer = await client.request(method, f"{base}/api/auth/{path}", headers=headers)
                assert (401, detail) == (answer.status_code, refusal(answer))
                assert challenge == answer.headers["www-authenticate"]


# 5 attempts per minute and client address over sign-up and log-in together, whatever the outcome


async def test_the_sixth_attempt_within_a_minute_is_429(database_url: str) -> None:
    async with run_service(database_url) as service, service.client(None) as client:
        answers = [
            await client.post("/api/auth/signup", json=ADA),
            await client.post("/api/auth/login", json=LOG_IN),
            await client.post("/api/auth/login", json=LOG_IN | {"password": "Wrong-horse-7"}),
            await client.post("/enveloped/api/auth/register", json=ADA),
            await client.post("/api/auth/login", content=b"{"),
            await client.post("/api/auth/login", json=LOG_IN),
            await client.post("/enveloped/api/auth/signup", json=ADA | {"email": "bob@example.com"}),
        ]
        assert [201, 200, 401, 409, 422, 429, 429] == [each.status_code for each in answers]
        assert all('"auth";q=5;w=60' == each.headers["ratelimit-policy"] for each in answers)
        assert [4, 3, 2, 1, 0, 0, 0] == [
            int(each.headers["ratelimit"].removeprefix('"auth";r=').split(";")[0]) for each in answers
        ]
        for refused in answers[5:]:
            assert 1 <= int(refused.headers["retry-after"]) <= 60
            assert refused.headers["ratelimit"].endswith(f";t={refused.headers['retry-after']}")
        assert {"detail": "Too many requests. Please try again later"} == answers[5].json()
        assert "RATE_LIMITED" == answers[6].json()["error"]["code"]

        headers = token_of(answers[0].json())
        assert 200 == (await client.get("/api/auth/me", headers=headers)).status_code
        assert 200 == (await client.post("/api/auth/logout", headers=headers)).status_code


async def test_a_limit_is_for_one_address(database_url: str) -> None:
    async with (
        run_service(database_url) as service,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(service.app, client=("2001:db8:1:2::1", 1)),
            base_url="http://service",
        ) as one,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(service.app, client=("2001:db8:1:2:ffff::", 2)),
            base_url="http://service",
        ) as same_network,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(service.app, client=("2001:db8:1:3::1", 3)),
            base_url="http://service",
        ) as other,
    ):
        # Each at an account of its own: beside this limit accounts have delays of their own.
        people = ({"email": f"ada-{each}@example.com", "password": "Wrong-horse-7"} for each in count())
        for _ in range(5):
            assert 401 == (await one.post("/api/auth/login", json=next(people))).status_code
        forged = {"X-Forwarded-For": "198.51.100.1"}
        assert 429 == (await one.post("/api/auth/login", json=next(people), headers=forged)).status_code
        assert 429 == (await same_network.post("/api/auth/login", json=next(people))).status_code
        assert 401 == (await other.post("/api/auth/login", json=next(people))).status_code


# What caches may do


@pytest.mark.parametrize("base", BASES)
async def test_no_cache_keeps_a_token_and_each_answer_says_once_what_caches_may_do(
    client: httpx.AsyncClient, base: str
) -> None:
    signed_up = await client.post(f"{base}/api/auth/signup", json=ADA)
    logged_in = await client.post(f"{base}/api/auth/login", json=LOG_IN)
    headers = token_of(logged_in.json())
    others = [
        await client.post(f"{base}/api/auth/register", json=ADA),
        await client.post(f"{base}/api/auth/login", json=LOG_IN | {"password": "Wrong-horse-7"}),
        await client.post(f"{base}/api/auth/login", json={}),
        await client.get(f"{base}/api/auth/me", headers=headers),
        await client.post(f"{base}/api/auth/logout", headers=headers),
        await client.get(f"{base}/api/auth/me", headers=headers),
    ]
    assert [201, 200] == [signed_up.status_code, logged_in.status_code]
    assert [409, 401, 422, 200, 200, 401] == [each.status_code for each in others]
    for answer in (signed_up, logged_in):
        assert ["no-store"] == answer.headers.get_list("cache-control")
    for answer in others:
        assert ["private, no-cache"] == answer.headers.get_list("cache-control")


# Where it is mounted


async def paths_of(service: Service) -> set[str]:
    async with service.client(None) as client:
        return {path for path in (await client.get("/openapi.json")).json()["paths"] if "/auth/" in path}


@pytest.mark.parametrize(
    ("contracts", "bases"),
    [
        ("flat", set()),
        ("flat,auth", {""}),
        ("flat,enveloped@/enveloped", set()),
        ("auth@/accounts,enveloped@/e", {"/accounts", "/e"}),
        ("auth,enveloped", {""}),
        ("auth@/e,enveloped@/e", {"/e"}),
    ],
)
async def test_it_exists_where_it_is_listed_and_there_where_enveloped_is(
    sqlite_url: str, contracts: str, bases: set[str]
) -> None:
    async with run_service(sqlite_url, contracts=parse_mounts(contracts)) as service:
        names = {"signup", "register", "login", "logout", "logout-all", "password", "refresh", "me"}
        assert {f"{base}/api/auth/{name}" for base in bases for name in names} == await paths_of(service)
        async with service.client(None) as client:
            for base in ("", "/enveloped", "/accounts", "/e"):
                expected = 422 if base in bases else 404
                assert expected == (await client.post(f"{base}/api/auth/login", json={})).status_code, base


async def test_at_one_base_with_enveloped_it_speaks_as_enveloped_does(sqlite_url: str) -> None:
    async with (
        run_service(sqlite_url, contracts=parse_mounts("auth,enveloped")) as service,
        service.client(None) as client,
    ):
        assert "UNAUTHORIZED" == (await client.get("/api/auth/me")).json()["error"]["code"]


async def test_a_service_without_accounts_and_with_public_keys_has_no_secret(sqlite_url: str) -> None:
    from donebook.app import shared_secrets

    known = {"database_url": sqlite_url, "better_auth_url": "http://localhost:3000"}
    assert shared_secrets(Settings(contracts="flat", **known)) is None  # type: ignore[arg-type]
    assert shared_secrets(Settings(contracts="flat,auth", **known)) is not None  # type: ignore[arg-type]


async def test_another_method_is_405(client: httpx.AsyncClient) -> None:
    for path in ("signup", "register", "login", "logout"):
        answer = await client.get(f"/api/auth/{path}")
        assert (405, "POST") == (answer.status_code, answer.headers["allow"])
