import json
import re
from typing import Any

import httpx
import pytest

from donebook.http.access import AccessLog, level_of
from donebook.principal import Principal
from tests.servers.ports import free_port
from tests.service import Service, bearer, run_service

TRACE = "0af7651916cd43dd8448eb211c80319c"
HOSTILE = 'eve"}\n{"forged":"line"}\r\x1b[31m\x9b31m\x7f\u2028\u202e\\'


class Log:
    """What the service has written since the last look."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture

    def lines(self) -> list[str]:
        from donebook.http.lines import LINES

        LINES.flush()
        return self._capture.readouterr().err.splitlines()

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines()]


@pytest.fixture
def log(capsys: pytest.CaptureFixture[str]) -> Log:
    return Log(capsys)


async def create(service: Service, user: str = "ada", **options: Any) -> httpx.Response:
    async with service.client(user) as client:
        return await client.post("/api/v1/tasks", json={"title": "Buy milk"}, **options)


async def test_a_request_is_one_json_line(sqlite_url: str, log: Log) -> None:
    async with run_service(sqlite_url, log_format="json") as service:
        response = await create(service)
        [event] = log.events()

    assert 201 == response.status_code
    times = {name: event.pop(name) for name in ("duration_ms", "database_ms")}
    assert 0 < times["database_ms"] < times["duration_ms"]
    assert event.pop("time").endswith("Z")
    assert event == {
        "level": "info",
        "logger": "donebook.requests",
        "event": "request",
        "request_id": response.headers["x-request-id"],
        "user": "ada",
        "contract": "versioned",
        "route": "/api/v1/tasks",
        "method": "POST",
        "status": 201,
    }


async def test_the_database_is_timed_where_nobody_is_signed_in_too(database_url: str, log: Log) -> None:
    async with run_service(database_url, log_format="json") as service, service.client(None) as client:
        account = {"email": "ada@example.com", "password": "Correct-horse-7"}
        response = await client.post("/api/auth/signup", json=account)
        [event] = [each for each in log.events() if each["event"] == "request"]

    assert 201 == response.status_code
    assert 0 < event["database_ms"] < event["duration_ms"]


async def test_a_request_is_one_readable_line_in_development(sqlite_url: str, log: Log) -> None:
    async with run_service(sqlite_url) as service:
        response = await create(service)
        [line] = log.lines()

    assert " INFO     POST /api/v1/tasks 201 " in line
    assert line.endswith(f'versioned user="ada" request_id={response.headers["x-request-id"]}')


async def test_json_is_the_format_of_production(sqlite_url: str, log: Log) -> None:
    async with run_service(sqlite_url, environment="production") as service:
        await create(service)
        [event] = log.events()

    assert event["event"] == "request"


async def test_the_route_is_its_template_and_nothing_a_client_wrote_is_repeated(
    sqlite_url: str, log: Log
) -> None:
    async with run_service(sqlite_url, log_format="json") as service:
        async with service.client("ada") as client:
            await client.get("/api/ada/tasks/4711?search=canary")
            await client.post("/api/ada/tasks", json={"title": "", "description": "canary"})
            await client.get("/canary/canary?token=canary")
            await client.put("/api/v1/tasks/canary", content=b"canary")
        lines = log.lines()

    routes = [json.loads(line).get("route") for line in lines]
    assert [
        "/api/{user_id}/tasks/{task_id}",
        "/api/{user_id}/tasks",
        None,
        "/api/v1/tasks/{task_id}",
    ] == routes
    token = bearer("ada")["Authorization"].removeprefix("Bearer ").split(".")[0]
    assert [] == [line for line in lines if "canary" in line or "4711" in line or token in line]


async def test_pages_and_preflights_have_a_line_too(sqlite_url: str, log: Log) -> None:
    preflight = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}
    async with run_service(sqlite_url, log_format="json") as service:
        async with service.client(None) as client:
            await client.get("/health/live")
            await client.options("/api/v1/tasks", headers=preflight)
        events = log.events()

    assert [("GET", "/health/live", 200), ("OPTIONS", None, 200)] == [
        (event["method"], event.get("route"), event["status"]) for event in events
    ]


async def test_a_refused_user_is_named_once_the_token_is_known(sqlite_url: str, log: Log) -> None:
    async with run_service(sqlite_url, log_format="json") as service:
        async with service.client("ada") as client:
            await client.get("/api/bob/tasks")
            await client.get("/api/bob/tasks", headers={"Authorization": "Bearer forged"})
        events = log.events()

    assert [(403, "ada"), (401, None)] == [(event["status"], event.get("user")) for event in events]


@pytest.mark.parametrize("log_format", ["json", "console"])
async def test_a_failure_is_named(sqlite_url: str, log: Log, log_format: str) -> None:
    async with run_service(sqlite_url, log_format=log_format) as service, service.client("ada") as client:
        await client.post("/api/v1/tasks", json={"title": "Buy milk"})
        await client.put("/api/v1/tasks/1", json={"title": "Buy tea"}, headers={"If-Match": '"999"'})
        await client.get("/api/v1/tasks/9")
        lines = log.lines()

    shape = (
        r'"status":(\d+)(?:,"failure":"(\w+)")?,'
        if log_format == "json"
        else r" (\d{3})(?: ([A-Z]\w+))? [\d.]+ ms"
    )
    assert [("201", ""), ("412", "PreconditionFailed"), ("404", "TaskNotFound")] == [
        re.findall(shape, line)[0] for line in lines
    ]


@pytest.mark.parametrize("json_lines", [True, False])
def test_a_hostile_user_id_stays_within_its_line(json_lines: bool) -> None:
    lines: list[str] = []
    scope = {"method": "GET", "request_id": "1", "principal": Principal(HOSTILE)}

    AccessLog(json=json_lines, gather=lines.append).record(scope, 200, 0.001)

    [line] = lines
    assert line.endswith("\n")
    assert line[:-1].isascii()
    assert line[:-1].isprintable()
    if json_lines:
        assert HOSTILE == json.loads(line)["user"]


async def test_a_method_of_the_clients_invention_is_not_repeated(sqlite_url: str, log: Log) -> None:
    async with run_service(sqlite_url, log_format="json") as service:
        async with service.client(None) as client:
            await client.request("FORGED-INFO", "/health")
        [event] = log.events()

    assert "other" == event["method"]


@pytest.mark.parametrize(
    ("traceparent", "expected"),
    [
        (f"00-{TRACE}-b7ad6b7169203331-01", TRACE),
        (f"cc-{TRACE}-b7ad6b7169203331-01-later", TRACE),
        (f"00-{TRACE}-b7ad6b7169203331-01-later", None),
        (f"ff-{TRACE}-b7ad6b7169203331-01", None),
        (f"00-{'0' * 32}-b7ad6b7169203331-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-b7ad6b7169203331-01", None),
        ('"}{"forged":"', None),
    ],
)
async def test_the_clients_trace_is_named_if_it_is_one(
    sqlite_url: str, log: Log, traceparent: str, expected: str | None
) -> None:
    async with run_service(sqlite_url, log_format="json") as service:
        await create(service, headers={"traceparent": traceparent})
        [event] = log.events()

    assert expected == event.get("trace_id")


@pytest.mark.parametrize(
    ("given", "kept"), [("order-17", True), ("a" * 65, False), ("a\tb", False), ('"}', False), ("", False)]
)
async def test_a_short_plain_request_id_of_the_client_is_kept(
    sqlite_url: str, given: str, kept: bool
) -> None:
    async with run_service(sqlite_url, log_requests=False) as service:
        response = await create(service, headers={"X-Request-ID": given})

    assert kept == (given == response.headers["x-request-id"])
    assert len(response.headers["x-request-id"]) >= 8


async def test_requests_are_not_logged_when_that_is_switched_off(sqlite_url: str, log: Log) -> None:
    async with run_service(sqlite_url, log_requests=False) as service:
        await create(service)
        assert [] == log.lines()


async def test_the_log_level_holds_for_requests(sqlite_url: str, log: Log) -> None:
    async with run_service(sqlite_url, log_format="json", log_level="warning") as service:
        await create(service)
        assert [] == log.events()
    nowhere = f"postgresql://nobody@127.0.0.1:{free_port()}/nothing"
    async with run_service(nowhere, log_format="json", log_level="warning") as service:
        response = await create(service)
        assert [(503, "warning")] == [(event["status"], event["level"]) for event in log.events()]

    assert 503 == response.status_code


def test_a_fault_of_ours_is_an_error_and_an_inability_a_warning() -> None:
    assert ["info", "info", "error", "warning"] == [level_of(status) for status in (200, 422, 500, 503)]


async def test_a_fault_is_answered_without_details_and_logged_with_them_under_one_id(
    sqlite_url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError("the canary sang")

    monkeypatch.setattr("donebook.contracts.dialect.list_tasks", fail)
    async with run_service(sqlite_url, log_requests=False) as service, service.client("ada") as client:
        response = await client.get("/api/v1/tasks")

    [record] = [each for each in caplog.records if each.levelname == "ERROR"]
    assert 500 == response.status_code
    assert "canary" not in response.text
    assert record.exc_info is not None
    assert "the canary sang" == str(record.exc_info[1])
    facts = {name: getattr(record, name) for name in ("request_id", "contract", "route")}
    assert facts == {
        "request_id": response.headers["x-request-id"],
        "contract": "versioned",
        "route": "/api/v1/tasks",
    }


async def test_a_fault_outside_the_contracts_is_answered_and_logged_too(
    sqlite_url: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bool:
        raise RuntimeError("the canary sang")

    monkeypatch.setattr("donebook.http.documentation.pages.wants_html", fail)
    async with run_service(sqlite_url, log_requests=False) as service, service.client(None) as client:
        response = await client.get("/", headers={"Origin": "http://localhost:3000"})

    assert 500 == response.status_code
    assert {"detail": "Internal Server Error"} == response.json()
    assert "http://localhost:3000" == response.headers["access-control-allow-origin"]
    assert [response.headers["x-request-id"]] == [
        record.request_id  # type: ignore[attr-defined]  # from the record's extra facts
        for record in caplog.records
        if record.levelname == "ERROR"
    ]
