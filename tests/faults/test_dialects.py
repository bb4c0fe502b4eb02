"""Cases 68 to 70: what no dialect may lose of a due date, conditions on writes, and HEAD, on real servers."""

from typing import Any
from uuid import uuid4

from tests.faults.conftest import Servers
from tests.faults.endpoints import Visitor, assert_in_shape
from tests.faults.programme import Tries

TASKS = "/api/v2/tasks"
DUES = {
    "2026-12-01T00:00:00Z": {"date": "2026-12-01"},
    "2026-12-01T01:00:00+01:00": {"date": "2026-12-01"},
    "2026-12-01T08:30:00Z": {"at": "2026-12-01T08:30:00Z", "time_zone": "Europe/Berlin"},
    "2026-12-01T09:30:00.000+01:00": {"at": "2026-12-01T08:30:00Z", "time_zone": "Europe/Berlin"},
}
LOCAL_TIMES = {
    ("2026-12-01T09:30:00", "Europe/Berlin"): "2026-12-01T08:30:00Z",
    ("2026-07-01T09:30", "Europe/Berlin"): "2026-07-01T07:30:00Z",
    ("2026-10-25T02:30:00", "Europe/Berlin"): "2026-10-25T00:30:00Z",
    ("2026-03-29T02:30:00", "Europe/Berlin"): None,
    ("2026-03-08T02:30:00", "America/New_York"): None,
}
READS = (
    *("/", "/docs", "/openapi.json", "/health", "/health/ready", "/api/auth/me", "/nothing"),
    *("/api/v2/tasks", "/api/v2/trash", "/api/v2/sync", "/api/v2/changes", "/api/v1/tasks", "/api/tasks"),
    *("/api/v2/nothing", "/api/v1/nothing", "/enveloped/nothing"),
)


async def made(visitor: Visitor, **fields: Any) -> dict[str, Any]:
    answer = await visitor.ask("POST", TASKS, body={"title": "x", **fields})
    assert 201 == answer.status
    return dict(answer.json())


async def test_a_due_date_that_comes_back_as_its_instant_is_unchanged(servers: Servers, tries: Tries) -> None:
    sent = 0
    for server in servers.values():
        visitor = await Visitor.arrive(server)
        for tasks in ("/api/v1/tasks", f"/api/{visitor.name}/tasks"):
            for instant, due in DUES.items():
                task = await made(visitor, due=due)
                body = {"title": "changed", "due_date": instant}
                answer = await visitor.ask("PUT", f"{tasks}/{task['number']}", body=body)
                assert 200 == answer.status
                assert due == (await visitor.ask("GET", f"{TASKS}/{task['id']}")).json()["due"]
                sent += 1

    tries(sent, "due dates sent back as instants")


async def test_a_time_without_an_offset_is_local_to_the_zone_beside_it(
    servers: Servers, tries: Tries
) -> None:
    sent = 0
    for server in servers.values():
        visitor = await Visitor.arrive(server)
        for (at, zone), instant in LOCAL_TIMES.items():
            answer = await visitor.ask(
                "POST", TASKS, body={"title": "x", "due": {"at": at, "time_zone": zone}}
            )
            assert (201 if instant else 422) == answer.status
            assert instant is None or answer.json()["due"] == {"at": instant, "time_zone": zone}
            sent += 1

    tries(sent, "local times")


def writes(visitor: Visitor) -> list[tuple[str, str, Any]]:
    """All that can be written to the visitor's task."""
    mine = f"/api/{visitor.name}/tasks"
    by_number = [f"{tasks}/{visitor.number}" for tasks in ("/api/v1/tasks", "/api/tasks", mine)]
    task = f"{TASKS}/{visitor.uuid}"
    found: list[tuple[str, str, Any]] = []
    for address in (*by_number, f"/enveloped{mine}/{visitor.uuid}"):
        found += [
            ("PUT", address, {"title": "y"}),
            ("PATCH", f"{address}/complete", None),
            ("DELETE", address, None),
        ]
    found += [("POST", f"{task}/{turn}", None) for turn in ("complete", "reopen", "restore")]
    found += [("PATCH", task, {"title": "y"}), ("PATCH", f"{task}?base=1", {"title": "y"})]
    found += [("POST", f"{task}/move", {"to": "first"}), ("DELETE", task, None)]
    return [*found, ("POST", TASKS, {"id": visitor.uuid, "title": "y"})]


async def test_a_write_to_what_must_not_be_there_is_refused(servers: Servers, tries: Tries) -> None:
    sent = 0
    for server in servers.values():
        visitor = await Visitor.arrive(server)
        before = await visitor.everything()
        for method, path, body in writes(visitor):
            answer = await visitor.ask(method, path, body=body, headers={"If-None-Match": "*"})
            assert 412 == answer.status, (method, path)
            assert_in_shape(path, answer)
            sent += 1
        assert before == await visitor.everything()
        new = {"id": str(uuid4()), "title": "new"}
        assert 201 == (await visitor.ask("POST", TASKS, body=new, headers={"If-None-Match": "*"})).status

    tries(sent, "writes to what must not be there")


def lasting_part(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in {"date", "x-request-id"}}


async def test_head_is_answered_as_get_without_a_body(servers: Servers, tries: Tries) -> None:
    sent = 0
    for server in servers.values():
        visitor = await Visitor.arrive(server)
        mine = f"/api/{visitor.name}/tasks"
        tasks = (
            mine,
            f"{mine}/{visitor.number}",
            f"/enveloped{mine}/{visitor.uuid}",
            f"{TASKS}/{visitor.uuid}",
        )
        for path in (*READS, *tasks):
            # One connection for both: a body after a head would be taken for the next answer.
            head = await visitor.ask("HEAD", path)
            got = await visitor.ask("GET", path)
            assert (got.status, lasting_part(got.headers)) == (head.status, lasting_part(head.headers)), path
            assert "content-length" in head.headers
            sent += 1
        stream = await visitor.ask("HEAD", "/api/v2/events")
        assert (200, "text/event-stream") == (stream.status, stream.headers["content-type"])
        assert 200 == (await visitor.ask("GET", TASKS)).status

    tries(sent, "heads")
