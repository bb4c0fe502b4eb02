"""What is there without a token: health, the root, the documentation, and who may ask from a browser."""

from datetime import datetime

import pytest

from donebook import __version__
from tests.contracts.client import Reply, Service, User, serve
from tests.contracts.spoken import TASK_CONTRACTS, Spoken

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
ORIGIN = "http://localhost:3000"


@pytest.mark.parametrize("path", ["/health", "/health/"])
def test_health_needs_no_token(service: Service, path: str) -> None:
    reply = service.get(path)
    body = reply.json()
    assert 200 == reply.status
    assert ["status", "timestamp", "service", "version"] == list(body)
    assert ("healthy", "task-management-api", __version__) == (
        body["status"],
        body["service"],
        body["version"],
    )
    assert body["timestamp"].endswith("Z")
    assert datetime.fromisoformat(body["timestamp"]).utcoffset() is not None


@pytest.mark.parametrize("accept", [{}, {"Accept": "*/*"}, {"Accept": "application/json"}])
def test_the_root_tells_programs_what_runs_here(service: Service, accept: dict[str, str]) -> None:
    reply = service.get("/", headers=accept)
    body = reply.json()
    assert (200, "application/json") == (reply.status, reply.headers["content-type"])
    assert ["message", "name", "version", "docs"] == list(body)[:4]
    assert ("Todo API is running", "Donebook", __version__, "/docs") == (
        body["message"],
        body["name"],
        body["version"],
        body["docs"],
    )


def test_the_root_shows_browsers_a_page_that_links_the_documentation(service: Service) -> None:
    reply = service.get("/", headers=BROWSER)
    assert (200, "text/html; charset=utf-8") == (reply.status, reply.headers["content-type"])
    assert b'href="/docs"' in reply.body
    assert b'href="/redoc"' in reply.body


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_the_documentation_needs_no_token(service: Service, path: str) -> None:
    assert 200 == service.get(path, headers=BROWSER).status


def test_the_authorize_button_takes_a_token(service: Service) -> None:
    schemes = service.get("/openapi.json").json()["components"]["securitySchemes"]
    bearer = schemes["BearerToken"]
    assert ("http", "bearer") == (bearer["type"], bearer["scheme"])


def test_a_path_of_nobody_is_404(service: Service) -> None:
    reply = service.get("/nothing/here")
    assert (404, {"detail": "Not Found"}) == (reply.status, reply.json())


def preflight(service: Service, target: str, origin: str, method: str = "PUT") -> Reply:
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": method,
        "Access-Control-Request-Headers": "authorization, content-type, if-match, idempotency-key",
    }
    return service.request("OPTIONS", target, headers=headers)


def allowances(reply: Reply) -> set[str]:
    return {name for name in reply.headers if name.startswith("access-control-")}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_preflight_needs_no_token(service: Service, ada: User, spoken: Spoken, method: str) -> None:
    for target in (spoken.tasks(ada), spoken.missing(ada), f"{spoken.missing(ada)}/complete"):
        reply = preflight(service, target, ORIGIN, method)
        assert reply.status in {200, 204}
        assert ORIGIN == reply.headers["access-control-allow-origin"]
        assert "true" == reply.headers["access-control-allow-credentials"]
        assert method in reply.headers["access-control-allow-methods"].split(", ")
        allowed = {name.strip() for name in reply.headers["access-control-allow-headers"].lower().split(",")}
        assert {"authorization", "content-type", "if-match", "idempotency-key"} <= allowed
        assert "Origin" in reply.headers["vary"]


def test_a_known_origin_may_read_every_answer(service: Service, ada: User, spoken: Spoken) -> None:
    origin = {"Origin": ORIGIN}
    task = spoken.task(ada, spoken.create(ada))
    replies = [
        ada.get(spoken.tasks(ada), headers=origin),
        ada.get(task, headers=origin | {"If-None-Match": "*"}),
        service.get(task, headers=origin),
        ada.get(spoken.missing(ada), headers=origin),
        ada("POST", task, headers=origin),
        ada.put(task, {"title": "x"}, headers=origin | {"If-Match": '"9"'}),
        ada("POST", spoken.tasks(ada), body=b"x", headers=origin | {"Content-Type": "text/plain"}),
        ada.post(spoken.tasks(ada), {}, headers=origin),
        service.get("/health", headers=origin),
        service.get("/nothing", headers=origin),
    ]
    assert [200, 304, 401, 404, 405, 412, 415, 422, 200, 404] == [reply.status for reply in replies]
    for reply in replies:
        assert ORIGIN == reply.headers["access-control-allow-origin"]
        assert "true" == reply.headers["access-control-allow-credentials"]
        exposed = reply.headers["access-control-expose-headers"].split(", ")
        assert {"ETag", "Location", "Retry-After", "X-Request-ID", "WWW-Authenticate"} <= set(exposed)
        assert "Origin" in reply.headers["vary"]


def test_a_fault_of_ours_may_be_read_too(
    service: Service, ada: User, spoken: Spoken, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("donebook.contracts.dialect.get_record", fail)
    reply = ada.get(spoken.missing(ada), headers={"Origin": ORIGIN})
    assert (500, ORIGIN) == (reply.status, reply.headers["access-control-allow-origin"])


OTHERS = [
    "https://evil.example",
    "null",
    "",
    "*",
    f"{ORIGIN}.evil.example",
    f"{ORIGIN}00000",
    f"{ORIGIN}/",
    f"{ORIGIN}@evil.example",
    "https://localhost:3000",
    "http://localhost:",
    "http://127.0.0.2:3000",
    "http://127.0.0.1.evil.example",
    "http://LOCALHOST:3000",
    "http://sub.localhost:3000",
    f"{ORIGIN}, https://evil.example",
]


def test_another_origin_is_allowed_nothing(ada: User, spoken: Spoken) -> None:
    target = spoken.missing(ada)
    for origin in OTHERS:
        replies = [
            preflight(ada.service, target, origin),
            ada.get(spoken.tasks(ada), headers={"Origin": origin}),
            ada.get(target, headers={"Origin": origin}),
            ada.service.get(target, headers={"Origin": origin}),
        ]
        assert [400, 200, 404, 401] == [reply.status for reply in replies], origin
        assert [set()] * 4 == [allowances(reply) for reply in replies], origin
        assert all("Origin" in reply.headers["vary"] for reply in replies), origin


def test_without_an_origin_nothing_is_said_about_it(ada: User, spoken: Spoken) -> None:
    reply = ada.get(spoken.tasks(ada))
    assert set() == allowances(reply)
    assert "Origin" in reply.headers["vary"]


def test_every_origin_may_ask_but_never_with_credentials(sqlite_service_url: str) -> None:
    with serve(sqlite_service_url, cors_origins="*") as service:
        user = User(service)
        for spoken in TASK_CONTRACTS:
            for reply in (
                preflight(service, spoken.tasks(user), "https://any.example"),
                user.get(spoken.tasks(user), headers={"Origin": "https://any.example"}),
            ):
                assert (200, "*") == (reply.status, reply.headers["access-control-allow-origin"])
                assert "access-control-allow-credentials" not in reply.headers


def test_the_listed_origins_are_allowed_and_no_others(sqlite_service_url: str) -> None:
    origins = '["https://one.example", "https://two.example/"]'
    with serve(sqlite_service_url, cors_origins=origins, environment="production") as service:
        for origin in ("https://one.example", "https://two.example"):
            assert origin == preflight(service, "/api/tasks", origin).headers["access-control-allow-origin"]
        assert set() == allowances(preflight(service, "/api/tasks", ORIGIN))


@pytest.mark.parametrize("environment", ["development", "production"])
@pytest.mark.parametrize(
    "origin", ["http://localhost", "http://localhost:5173", "http://127.0.0.1:30000", "http://127.0.0.1"]
)
def test_every_port_of_this_machine_is_allowed_while_developing(
    sqlite_service_url: str, environment: str, origin: str
) -> None:
    with serve(sqlite_service_url, environment=environment) as service:
        allowed = preflight(service, "/api/tasks", origin).headers.get("access-control-allow-origin")
    assert (origin if environment == "development" else None) == allowed
