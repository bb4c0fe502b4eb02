"""The other names of the paths of ``auth``, which real clients use."""

from collections.abc import AsyncIterator

import httpx
import pytest

from donebook.settings import Rate
from donebook.settings.mounts import parse_mounts
from tests.service import bearer, run_service

ADA = {"email": "ada@example.com", "password": "Correct-horse-7", "name": "Ada"}


@pytest.fixture
async def client(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        run_service(database_url, rate_limit_auth=Rate(1000, 60)) as service,
        service.client(None) as client,
    ):
        yield client


@pytest.mark.parametrize(
    "base", ["/api/auth", "/api/v1/auth", "/enveloped/api/auth", "/enveloped/api/v1/auth"]
)
async def test_each_path_has_its_other_names_under_each_base(client: httpx.AsyncClient, base: str) -> None:
    tokens = []
    for name in ("signup", "sign-up", "register"):
        answer = await client.post(f"{base}/{name}", json=ADA | {"email": f"{name}@example.com"})
        assert 201 == answer.status_code, name
    for name in ("login", "signin", "sign-in", "login"):
        answer = await client.post(f"{base}/{name}", json=ADA | {"email": "register@example.com"})
        assert 200 == answer.status_code, name
        tokens.append({"Authorization": f"Bearer {answer.json()['token']}"})
    for name in ("me", "verify", "me/", "verify/"):
        answer = await client.get(f"{base}/{name}", headers=tokens[0])
        assert (200, "register@example.com") == (answer.status_code, answer.json()["email"])
    for name, headers in zip(("logout", "signout", "sign-out"), tokens, strict=False):
        answer = await client.post(f"{base}/{name}", headers=headers)
        assert (200, {"message": "Logged out successfully"}) == (answer.status_code, answer.json())
        assert 401 == (await client.get(f"{base}/verify", headers=headers)).status_code
    changed = {"current_password": "Correct-horse-7", "new_password": "Better-horse-8"}
    assert 204 == (await client.post(f"{base}/password", json=changed, headers=tokens[3])).status_code
    assert 204 == (await client.post(f"{base}/logout-all", headers=tokens[3])).status_code
    assert 401 == (await client.post(f"{base}/refresh")).status_code


async def test_versioned_has_the_signed_in_user_too(client: httpx.AsyncClient) -> None:
    headers = bearer("bob", email="bob@example.com")
    mine = await client.get("/api/v1/users/me", headers=headers)
    assert 200 == mine.status_code
    assert (await client.get("/api/auth/me", headers=headers)).json() == mine.json()
    refused = await client.get("/api/v1/users/me")
    assert (401, "MISSING_TOKEN") == (refused.status_code, refused.json()["code"])


async def test_without_versioned_there_is_no_such_path(sqlite_url: str) -> None:
    async with (
        run_service(sqlite_url, contracts=parse_mounts("flat,auth")) as service,
        service.client("bob") as client,
    ):
        assert 404 == (await client.get("/api/v1/users/me")).status_code
        assert 200 == (await client.get("/api/v1/auth/verify")).status_code


async def test_the_document_shows_each_operation_once(client: httpx.AsyncClient) -> None:
    paths = (await client.get("/openapi.json")).json()["paths"]
    assert not [path for path in paths if path.startswith("/api/v1/auth")]
    assert {"200", "401", "403", "429", "500", "503"} == set(paths["/api/auth/refresh"]["post"]["responses"])
    examples = paths["/api/auth/signup"]["post"]["responses"]["403"]["content"]["application/json"][
        "examples"
    ]
    assert {
        "OriginForeign": {"value": {"detail": "Requests from this origin are not allowed"}},
        "SignUpClosed": {"value": {"detail": "Sign-up is closed"}},
        "InvitationMissing": {"value": {"detail": "Sign-up needs a valid invitation"}},
    } == examples
