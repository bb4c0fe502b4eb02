"""An origin that is not allowed is told to the operator, whose browser says nothing of the cause."""

import logging
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp

from donebook.http.cors import ExactCors

SERVER = "https://api.example"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app: ASGIApp = ExactCors(Starlette(), allow_origins=["https://app.example"], allow_methods=["PUT"])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=SERVER) as client:
        yield client


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]


async def test_a_refused_origin_is_logged_once_with_the_setting(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        origin = {"Origin": "https://other.example"}
        await client.get("/", headers=origin)
        await client.options("/", headers=origin | {"Access-Control-Request-Method": "PUT"})
    assert [
        "the origin https://other.example is not allowed; if it is your front end, add it to CORS_ORIGINS"
    ] == told(caplog)


@pytest.mark.parametrize("origin", [None, "https://app.example", SERVER])
async def test_what_is_allowed_or_needs_no_permission_is_not_logged(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, origin: str | None
) -> None:
    await client.get("/", headers={} if origin is None else {"Origin": origin})
    assert [] == told(caplog)


async def test_whoever_sends_new_origins_without_end_fills_neither_the_log_nor_memory(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(300):
        await client.get("/", headers={"Origin": f"https://{number}.example/{'x' * 5000}"})
    assert 100 == len(told(caplog))
    assert max(map(len, told(caplog))) < 400
