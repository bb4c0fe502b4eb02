from typing import Any

import httpx
import pytest

from donebook.http.edge import REFUSAL, Edge
from tests.service import Service, run_service

ORIGIN = "http://localhost:3000"

REQUESTS = {
    "a task": ("GET", "/api/v1/tasks", {}),
    "no token": ("GET", "/api/v1/tasks", {"Authorization": ""}),
    "nothing there": ("GET", "/no/such/page", {}),
    "wrong method": ("PATCH", "/api/v1/tasks", {}),
    "health": ("GET", "/health", {}),
    "page": ("GET", "/", {"Accept": "text/html"}),
    "documentation": ("GET", "/docs", {}),
    "preflight": ("OPTIONS", "/api/v1/tasks", {"Origin": ORIGIN, "Access-Control-Request-Method": "GET"}),
    "preflight refused": (
        "OPTIONS",
        "/api/v1/tasks",
        {"Origin": "https://evil.example", "Access-Control-Request-Method": "GET"},
    ),
    "bad host": ("GET", "/health", {"Host": "a b"}),
}


async def ask(service: Service, name: str) -> httpx.Response:
    method, path, headers = REQUESTS[name]
    async with service.client("ada") as client:
        return await client.request(method, path, headers=headers)


@pytest.mark.parametrize("name", REQUESTS)
async def test_every_answer_carries_the_headers_of_security_and_an_id(sqlite_url: str, name: str) -> None:
    async with run_service(sqlite_url, log_requests=False) as service:
        response = await ask(service, name)

    assert ["nosniff", "no-referrer"] == [
        response.headers[each] for each in ("x-content-type-options", "referrer-policy")
    ]
    assert 16 == len(response.headers["x-request-id"])
    assert "strict-transport-security" not in response.headers


@pytest.mark.parametrize("name", REQUESTS)
async def test_production_insists_on_https(sqlite_url: str, name: str) -> None:
    async with run_service(sqlite_url, log_requests=False, environment="production") as service:
        response = await ask(service, name)

    assert "max-age=31536000; includeSubDomains" == response.headers["strict-transport-security"]


@pytest.mark.parametrize("environment", ["development", "production"])
@pytest.mark.parametrize("status", [400, 408, 431])
async def test_what_the_server_refuses_is_marked_like_every_answer(
    sqlite_url: str, environment: str, status: int
) -> None:
    sent: list[Any] = []

    async def keep(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("there is no body")

    refusal = {"type": REFUSAL, "status": status, "client": None, "seconds": None, "request": None}
    async with run_service(sqlite_url, log_requests=False, environment=environment) as service:
        marks = (await ask(service, "bad host")).headers
        await service.app(refusal, receive, keep)

    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    assert status == sent[0]["status"]
    assert set(marks) - set(headers) == {"connection"}  # which the server adds itself
    own = {"x-request-id", "content-length", "connection"}
    assert {name: value for name, value in marks.items() if name not in own} == {
        name: value for name, value in headers.items() if name not in own
    }
    assert 16 == len(headers["x-request-id"])


@pytest.mark.parametrize(("name", "policed"), [("page", True), ("documentation", True), ("a task", False)])
async def test_pages_have_a_content_policy(sqlite_url: str, name: str, policed: bool) -> None:
    async with run_service(sqlite_url, log_requests=False) as service:
        response = await ask(service, name)

    assert policed == response.headers.get("content-security-policy", "").startswith("default-src 'none'; ")


@pytest.mark.parametrize(
    ("hosts", "version", "served"),
    [
        (["service"], "1.1", True),
        (["service:8000"], "1.1", True),
        (["[::1]:8000"], "1.1", True),
        ([""], "1.1", True),
        ([], "1.0", True),
        ([], "1.1", False),
        (["service", "service"], "1.1", False),
        (["service", "other"], "1.0", False),
        (["service/path"], "1.1", False),
        (["user@service"], "1.1", False),
        (["service:port"], "1.1", False),
        (["service\u00e9"], "1.1", False),
        (["[::1"], "1.1", False),
    ],
)
async def test_a_request_has_one_proper_host(hosts: list[str], version: str, served: bool) -> None:
    reached: list[Any] = []
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope)

    async def keep(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("nobody needs the body")

    scope = {
        "type": "http",
        "http_version": version,
        "method": "GET",
        "path": "/",
        "query_string": b"",
        "headers": [(b"host", host.encode("latin-1")) for host in hosts],
    }

    await Edge(app)(scope, receive, keep)

    assert served == bool(reached)
    assert [400] * (not served) == [message["status"] for message in sent if "status" in message]
