"""Lists of any length: read a page at a time, kept out of memory, and the same byte for byte."""

import asyncio
import errno
import itertools
import re
import tempfile
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from donebook.contracts import dialect
from donebook.errors import Overloaded
from donebook.http.answer import KeptJson
from donebook.http.bounds import answers
from donebook.http.bounds.answers import AnswerRoom, KeptAnswer
from donebook.http.bounds.shares import Shares
from donebook.http.call import Services
from donebook.tasks import long_lists, usecases
from tests.faults.server import eventually
from tests.service import Service, bearer, run_service

LISTS = [
    "/api/v1/tasks",
    "/api/v1/tasks?completed=false",
    "/api/v1/tasks?priority=high",
    "/api/tasks",
    "/api/tasks?status=pending",
    "/api/ada/tasks",
    "/api/ada/tasks?search=o",
    "/api/ada/tasks?sort=priority",
    "/api/ada/tasks?sort=due_date&order=desc",
    "/api/ada/tasks?sort=title&order=desc",
    "/api/ada/tasks?sort=updated",
    "/enveloped/api/ada/tasks",
]
_MOMENT = re.compile(rb'"timestamp":"[^"]*"')


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    async with run_service(database_url) as running:
        yield running


@pytest.fixture
async def ada(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client("ada") as client:
        yield client


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than three tasks are a long list, read two at a time and then up to three."""
    monkeypatch.setattr(usecases, "LONGEST_LIST", 3)
    monkeypatch.setattr(long_lists, "_FIRST_PAGE", 2)
    monkeypatch.setattr(long_lists, "_LARGEST_PAGE", 3)


async def create(client: httpx.AsyncClient, number: int, **fields: Any) -> None:
    for start in range(0, number, 100):
        made = [
            {"op": "create", "task": {"title": f"Work {index} ü", **fields}}
            for index in range(start, min(start + 100, number))
        ]
        assert 200 == (await client.post("/api/v2/batch", json={"operations": made})).status_code


async def create_mixed(client: httpx.AsyncClient) -> None:
    """Nine tasks with equal and missing keys of every sort."""
    await create(client, 3)
    await create(client, 3, priority="high", due={"date": "2026-12-01"})
    await create(client, 3, priority="low", completed=True, description="[\\0]" * 100)


def comparable(answer: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    headers = {name: value for name, value in answer.headers.items() if name != "x-request-id"}
    return answer.status_code, headers, _MOMENT.sub(b"", answer.content)


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_read_in_pages_is_the_same_as_one_read_at_once(
    ada: httpx.AsyncClient, path: str, request: pytest.FixtureRequest
) -> None:
    await create_mixed(ada)
    at_once = await ada.get(path)
    request.getfixturevalue("short_pages")
    in_pages = await ada.get(path)
    assert comparable(at_once) == comparable(in_pages)
    assert len(in_pages.content) == int(in_pages.headers["content-length"])


async def test_a_long_list_is_revalidated_by_its_tag(ada: httpx.AsyncClient, short_pages: None) -> None:
    await create_mixed(ada)
    tag = (await ada.get("/api/v1/tasks")).headers["etag"]
    again = await ada.get("/api/v1/tasks", headers={"If-None-Match": tag})
    assert (304, b"") == (again.status_code, again.content)
    await create(ada, 1)
    assert 200 == (await ada.get("/api/v1/tasks", headers={"If-None-Match": tag})).status_code


async def test_more_than_a_thousand_tasks_are_listed_whole(ada: httpx.AsyncClient) -> None:
    await create(ada, 1050, description="Milk")
    listed = (await ada.get("/enveloped/api/ada/tasks")).json()
    assert 1050 == listed["meta"]["count"]
    assert [f"Work {index} ü" for index in reversed(range(1050))] == [
        each["title"] for each in listed["data"]
    ]


async def test_once_a_list_was_large_the_next_are_read_in_pages_until_one_is_small(
    ada: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_LARGE", 1024)
    await create_mixed(ada)
    ways: list[str] = []

    def note(module: Any, name: str) -> None:
        read = getattr(module, name)

        async def read_noted(*arguments: Any) -> Any:
            ways.append(name)
            return await read(*arguments)

        monkeypatch.setattr(module, name, read_noted)

    note(dialect, "list_tasks")
    note(dialect, "read_long_list")
    seen = [comparable(await ada.get("/api/v1/tasks")) for _ in range(2)]
    assert seen[0] == seen[1]
    assert ["list_tasks", "read_long_list"] == ways
    for _ in range(2):
        assert [] == (await ada.get("/api/ada/tasks?search=nothing")).json()
    assert ["list_tasks", "read_long_list", "read_long_list", "list_tasks"] == ways


@pytest.fixture
def files(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The temporary files that are made; every answer above a kilobyte goes there."""
    made: list[Any] = []
    make = tempfile.TemporaryFile

    def note(*arguments: Any) -> Any:
        made.append(make(*arguments))
        return made[-1]

    monkeypatch.setattr(answers, "_LARGE", 1024)
    monkeypatch.setattr(answers, "SMALL_ANSWER", 512)
    monkeypatch.setattr(tempfile, "TemporaryFile", note)
    return made


@pytest.mark.parametrize("path", ["/api/v1/tasks", "/enveloped/api/ada/tasks", "/api/v2/sync"])
async def test_what_does_not_fit_into_memory_waits_on_disk_until_it_is_sent(
    service: Service, ada: httpx.AsyncClient, path: str, request: pytest.FixtureRequest
) -> None:
    await create_mixed(ada)
    expected = await ada.get(path)
    files: list[Any] = request.getfixturevalue("files")
    from_disk = await ada.get(path)
    assert comparable(expected) == comparable(from_disk)
    request.getfixturevalue("short_pages")
    in_pages = await ada.get(path)
    assert comparable(expected) == comparable(in_pages)
    assert [True, True] == [each.closed for each in files]
    assert (0, 0) == services_of(service).answers.used


async def test_a_client_that_leaves_takes_its_file_along(
    service: Service, ada: httpx.AsyncClient, files: list[Any], short_pages: None
) -> None:
    await create_mixed(ada)

    class Left(Exception):
        """The connection is gone."""

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            raise Left

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/api/v1/tasks",
        "query_string": b"",
        "http_version": "1.1",
    }
    headers = {"host": "service"} | bearer("ada")
    scope["headers"] = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    with pytest.raises(Left):
        await service.app(scope, never, send)
    assert [True] == [each.closed for each in files]
    assert (0, 0) == services_of(service).answers.used


async def test_a_disk_without_room_is_answered_503_and_nothing_is_kept(
    service: Service,
    ada: httpx.AsyncClient,
    files: list[Any],
    short_pages: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await create_mixed(ada)

    def refuse(*_: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(answers.KeptAnswer, "_write_through", refuse)
    refused = await ada.get("/api/v1/tasks")
    assert 503 == refused.status_code
    assert "1" == refused.headers["retry-after"]
    assert {"detail", "code"} == refused.json().keys()
    assert [True] == [each.closed for each in files]
    assert (0, 0) == services_of(service).answers.used


async def test_a_user_has_half_of_the_disk(database_url: str, files: list[Any], short_pages: None) -> None:
    async with run_service(database_url, spool_size=1024 * 1024) as service, service.client("ada") as ada:
        services_of(service).answers._disk.take("ada", 512 * 1024 - 1000)
        await create_mixed(ada)
        refused = await ada.get("/api/v1/tasks")
    assert 429 == refused.status_code
    assert "1" == refused.headers["retry-after"]


async def test_a_head_tells_the_length_and_sends_no_file(files: list[Any]) -> None:
    kept = KeptAnswer(Shares(total=9999, share=9999), Shares(total=9999, share=9999), "ada")
    await kept.write(b"1" * 2000)
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await KeptJson(200, [], b"[", kept, b"]")({"method": "HEAD"}, never, send)
    head, body = sent
    assert (b"content-length", b"2002") in head["headers"]
    assert {"type": "http.response.body", "body": b""} == body
    assert [True] == [each.closed for each in files]


async def test_a_users_lists_are_made_two_at_a_time_and_others_do_not_wait_for_them() -> None:
    room = AnswerRoom(disk=1024, patience=60)
    making: list[str] = []
    done = asyncio.Event()

    async def make(user: str) -> Any:
        async def work() -> tuple[bytes, int]:
            making.append(user)
            await done.wait()
            return b"[]", 1

        return await room.make(user, work)

    mine = [asyncio.create_task(make("ada")) for _ in range(8)]
    await asyncio.sleep(0)
    theirs = asyncio.create_task(make("bob"))
    await eventually(lambda: making == ["ada", "ada", "bob"], "bob's list is made beside two of Ada's")
    done.set()
    assert [(b"[]", 1)] * 9 == await asyncio.gather(*mine, theirs)
    assert ({}, {}) == (room._mine._counts, room._all._counts)


@pytest.mark.parametrize("is_long", [False, True])
async def test_others_are_served_between_a_users_large_lists(
    monkeypatch: pytest.MonkeyPatch, is_long: bool
) -> None:
    monkeypatch.setattr(answers, "_LARGE", 10)
    room = AnswerRoom(disk=1024, patience=60, at_once=1)
    done: list[str] = []

    async def make() -> tuple[bytes, int]:
        done.append("list")
        if is_long:
            raise usecases.ListTooLong
        return b"[1,2,3,4,5,6]", 1

    async def serve_others() -> None:
        while True:
            done.append("others")
            await asyncio.sleep(0)

    others = asyncio.create_task(serve_others())
    await asyncio.gather(*(room.make("ada", make) for _ in range(8)), return_exceptions=True)
    others.cancel()
    assert 8 == done.count("list")
    assert ("list", "list") not in set(itertools.pairwise(done))


async def test_who_waits_too_long_for_a_turn_is_refused() -> None:
    room = AnswerRoom(disk=1024, patience=0.01)
    done = asyncio.Event()

    async def fill(_: Any) -> None:
        await done.wait()

    first = asyncio.create_task(room.make_long("ada", fill))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await room.make_long("ada", fill)
    done.set()
    (await first).close()


def services_of(service: Service) -> Services:
    app = service.app.middleware_stack
    while not hasattr(app, "_services"):
        app = app.app
    services: Services = app._services
    return services


async def never() -> Any:
    await asyncio.Event().wait()
