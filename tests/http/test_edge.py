from typing import Any

import httpx
import pytest
from httptools import HttpParserUpgrade, HttpRequestParser
from hypothesis import given
from hypothesis import strategies as st

from donebook.http.answer import json_answer
from donebook.http.edge import REFUSED, Edge, HeadTooLarge, HeadTooSlow, NotHttp, Refused
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
@pytest.mark.parametrize(("refused", "status"), [(NotHttp, 400), (HeadTooSlow, 408), (HeadTooLarge, 431)])
async def test_what_the_server_refuses_is_marked_like_every_answer(
    sqlite_url: str, environment: str, refused: type[Refused], status: int
) -> None:
    sent: list[Any] = []

    async def keep(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        raise AssertionError("there is no body")

    refusal = {
        "type": "http",
        "http_version": "1.1",
        "method": "",
        "path": "",
        "raw_path": b"",
        "query_string": b"",
        "headers": [],
        REFUSED: refused,
    }
    async with run_service(sqlite_url, log_requests=False, environment=environment) as service:
        marks = (await ask(service, "bad host")).headers
        await service.app(refusal, receive, keep)

    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    assert status == sent[0]["status"]
    assert set(marks) == set(headers)
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
    status = await ask_edge([("Host", host) for host in hosts], version)

    assert (200 if served else 400) == status


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "Content-Type",
        "Content-Length",
        "Content-Encoding",
        "Idempotency-Key",
        "Origin",
        "Access-Control-Request-Method",
        "Last-Event-ID",
    ],
)
@pytest.mark.parametrize("second", ["a", "b", ""])
async def test_a_field_with_one_value_is_given_once(name: str, second: str) -> None:
    assert 200 == await ask_edge([("Host", "a"), (name, "a")])
    assert 400 == await ask_edge([("Host", "a"), (name, "a"), ("Accept", "*/*"), (name.upper(), second)])


@pytest.mark.parametrize(
    "name", ["If-Match", "If-None-Match", "Accept", "X-Forwarded-For", "Cookie", "X-Anything"]
)
async def test_a_list_may_be_spread_over_fields(name: str) -> None:
    assert 200 == await ask_edge([("Host", "a"), (name, "a"), (name, "b")])


@pytest.mark.parametrize(
    ("headers", "served"),
    [
        ([("Connection", "Upgrade"), ("Upgrade", "h2c")], False),
        ([("Upgrade", "websocket"), ("Connection", "keep-alive, uPGRADE")], False),
        ([("Connection", "upgrade"), ("Connection", "close"), ("Upgrade", "a"), ("Upgrade", "")], False),
        # A proxy may ask for it whatever its client asks for.
        ([("Connection", "upgrade")], True),
        ([("Connection", "upgrade"), ("Upgrade", "")], True),
        ([("Connection", "keep-alive"), ("Upgrade", "h2c")], True),
    ],
)
@pytest.mark.parametrize("version", ["1.0", "1.1"])
async def test_another_protocol_is_refused_where_the_server_leaves_the_wish_in(
    headers: list[tuple[str, str]], served: bool, version: str
) -> None:
    assert (200 if served else 400) == await ask_edge([("Host", "a"), *headers], version)


@given(
    st.lists(
        st.sampled_from(["upgrade", "Upgrade", "close", "keep-alive", "x", ",", " ", "\t", ";", "="]),
        max_size=6,
    )
)
async def test_what_the_parser_takes_for_such_a_wish_the_edge_does_too(parts: list[str]) -> None:
    value = "".join(parts)

    class Callbacks:
        """The parser needs none."""

    parser = HttpRequestParser(Callbacks())
    try:
        parser.feed_data(f"GET / HTTP/1.1\r\nHost: a\r\nConnection: {value}\r\nUpgrade: a\r\n\r\n".encode())
    except HttpParserUpgrade:
        assert 400 == await ask_edge([("Host", "a"), ("Connection", value), ("Upgrade", "a")])


async def ask_edge(headers: list[tuple[str, str]], version: str = "1.1") -> int:
    """The status with which the edge before an application that always answers 200 answers."""
    sent: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await json_answer(200, {})(scope, receive, send)

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
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers],
    }

    await Edge(app)(scope, receive, keep)

    start = sent[0]
    assert (start["status"] == 400) == ((b"connection", b"close") in start["headers"])
    return int(start["status"])
