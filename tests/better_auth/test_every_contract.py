"""A front end with a genuine Better Auth against the whole service: ``BETTER_AUTH_URL`` is all it is told."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from typing import Any
from uuid import uuid4

import httpx
import jwt
import pytest

from tests.better_auth.server import BetterAuth, better_auth_server
from tests.service import Service, run_service

pytestmark = pytest.mark.node

TASKS = ("/api/v2/tasks", "/api/v1/tasks", "/api/tasks", "/api/{user}/tasks", "/enveloped/api/{user}/tasks")
_PATIENCE = 100


@pytest.fixture(scope="module", params=["EdDSA", "ES256", "RS256"])
def issuer(request: pytest.FixtureRequest) -> Iterator[BetterAuth]:
    with better_auth_server(request.param) as running:
        yield running


@pytest.fixture(scope="module")
def any_issuer() -> Iterator[BetterAuth]:
    """One with its default keys, for what does not depend on them."""
    with better_auth_server("EdDSA") as running:
        yield running


def serve(database_url: str, issuer: BetterAuth) -> AbstractAsyncContextManager[Service]:
    """The service of somebody who has set one variable."""
    return run_service(database_url, better_auth_url=issuer.url, jwt_secret=None)


def signed_in(service: Service, token: str) -> httpx.AsyncClient:
    client = service.client(None)
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def subject_of(token: str) -> str:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return str(claims["sub"])


async def statuses(client: httpx.AsyncClient, path: str) -> tuple[int, ...]:
    """Create, get, list, complete and delete a task."""
    created = await client.post(path, json={"title": "Buy groceries"})
    task = f"{path}/{created.json()['id']}"
    complete = "POST" if path.startswith("/api/v2") else "PATCH"
    answers = [
        created,
        await client.get(task),
        await client.get(path),
        await client.request(complete, f"{task}/complete"),
        await client.delete(task),
    ]
    return tuple(answer.status_code for answer in answers)


@pytest.mark.parametrize("template", TASKS)
async def test_its_token_drives_each_contract(issuer: BetterAuth, database_url: str, template: str) -> None:
    token = issuer.token(issuer.sign_up(f"{uuid4().hex}@example.com", "Ada"))
    path = template.format(user=subject_of(token))

    async with serve(database_url, issuer) as service, signed_in(service, token) as client:
        assert (201, 200, 200, 200, 204) == await statuses(client, path)


async def test_a_token_of_nobodys_is_refused(any_issuer: BetterAuth, sqlite_url: str) -> None:
    forged = jwt.encode({"sub": "mallory", "exp": 2**40}, "any secret of thirty-two characters")

    async with serve(sqlite_url, any_issuer) as service, signed_in(service, forged) as client:
        assert 401 == (await client.get("/api/v1/tasks")).status_code


async def answered(client: httpx.AsyncClient) -> int:
    """The status once keys have been fetched, which is tried every ten seconds at the most."""
    for _ in range(_PATIENCE):
        status = (await client.get("/api/v1/tasks")).status_code
        if status == 200:
            break
        await asyncio.sleep(0.25)
    return status


async def test_a_rotated_key_is_picked_up(any_issuer: BetterAuth, sqlite_url: str) -> None:
    session = any_issuer.sign_up("rotated@example.com", "Ada")
    before = any_issuer.token(session)
    async with serve(sqlite_url, any_issuer) as service:
        async with signed_in(service, before) as client:
            assert 200 == (await client.get("/api/v1/tasks")).status_code

        any_issuer.rotate_keys()

        async with signed_in(service, any_issuer.token(session)) as client:
            assert 200 == await answered(client)


async def test_known_keys_serve_while_the_issuer_is_down(any_issuer: BetterAuth, sqlite_url: str) -> None:
    session = any_issuer.sign_up("outage@example.com", "Ada")
    known, unseen = any_issuer.token(session), any_issuer.token(session)
    async with serve(sqlite_url, any_issuer) as service:
        async with signed_in(service, known) as client:
            assert 200 == (await client.get("/api/v1/tasks")).status_code
        any_issuer.stop()
        try:
            async with signed_in(service, unseen) as client:
                assert 200 == (await client.get("/api/v1/tasks")).status_code
        finally:
            any_issuer.start()


async def test_the_service_starts_while_the_issuer_is_down(any_issuer: BetterAuth, sqlite_url: str) -> None:
    token = any_issuer.token(any_issuer.sign_up("early@example.com", "Ada"))
    any_issuer.stop()
    async with AsyncExitStack() as stack:
        try:
            service = await stack.enter_async_context(serve(sqlite_url, any_issuer))
            client = await stack.enter_async_context(signed_in(service, token))
            waiting = await client.get("/api/v1/tasks")
            assert (503, True) == (waiting.status_code, "retry-after" in waiting.headers)
        finally:
            any_issuer.start()

        assert 200 == await answered(client)
