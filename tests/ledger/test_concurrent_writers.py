"""Many writers at once: revisions, conditions and synchronisation hold."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Any

import httpx
import pytest

from tests.service import Service, run_service

V2 = "/api/v2"


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    async with run_service(database_url, sqlite_synchronous="NORMAL", log_requests=False) as running:
        yield running


@pytest.fixture
async def ann(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client("ann") as client:
        yield client


async def _create(client: httpx.AsyncClient, title: str = "Tea") -> dict[str, Any]:
    answer = await client.post(f"{V2}/tasks", json={"title": title})
    assert 201 == answer.status_code
    task: dict[str, Any] = answer.json()
    return task


async def _statuses(*requests: Awaitable[httpx.Response]) -> list[int]:
    return sorted([answer.status_code for answer in await asyncio.gather(*requests)])


async def test_fifty_writers_of_one_user_leave_no_gap_and_go_never_back(ann: httpx.AsyncClient) -> None:
    seen: list[list[int]] = []

    async def write(number: int) -> None:
        revisions = []
        task = await _create(ann, f"{number}")
        revisions.append(task["revision"])
        for title in ("a", "b"):
            changed = await ann.patch(f"{V2}/tasks/{task['id']}", json={"title": title})
            revisions.append(changed.json()["revision"])
        answer = await ann.post(
            f"{V2}/batch",
            json={
                "operations": [{"op": "complete", "id": task["id"]}, {"op": "create", "task": {"title": "c"}}]
            },
        )
        revisions.append(answer.json()["revision"])
        seen.append(revisions)

    await asyncio.gather(*(write(number) for number in range(50)))

    assert all(revisions == sorted(revisions) for revisions in seen)
    assert list(range(1, 201)) == sorted(revision for revisions in seen for revision in revisions)
    changes = (await ann.get(f"{V2}/changes?since=0&limit=200")).json()
    assert 200 == changes["revision"]
    told = [item["revision"] for item in changes["items"]]
    assert list(range(1, len(told) + 1)) == told


async def test_of_twenty_updates_with_one_if_match_one_succeeds(ann: httpx.AsyncClient) -> None:
    task = await _create(ann)
    url, condition = f"{V2}/tasks/{task['id']}", {"If-Match": '"1"'}

    statuses = await _statuses(
        *(ann.patch(url, json={"title": f"{number}"}, headers=condition) for number in range(20))
    )

    assert [200] + [412] * 19 == statuses
    assert 2 == (await ann.get(url)).json()["revision"]


async def test_concurrent_updates_of_different_fields_all_survive(ann: httpx.AsyncClient) -> None:
    task = await _create(ann)
    fields: dict[str, Any] = {
        "title": "Coffee",
        "description": "Black",
        "priority": "high",
        "due": {"date": "2026-12-01"},
        "tags": ["kitchen"],
        "completed": True,
    }

    await _statuses(
        *(ann.patch(f"{V2}/tasks/{task['id']}", json={name: value}) for name, value in fields.items()),
        ann.put(f"/api/v1/tasks/{task['number']}", json={"description": "Black"}),
    )

    stored = (await ann.get(f"{V2}/tasks/{task['id']}")).json()
    assert fields == {name: stored[name] for name in fields}
    assert 1 + len(fields) == stored["revision"]


async def test_a_deleted_task_is_not_resurrected_by_an_update(ann: httpx.AsyncClient) -> None:
    for _ in range(5):
        task = await _create(ann)
        url = f"{V2}/tasks/{task['id']}"

        statuses = await _statuses(
            ann.delete(url),
            *(ann.patch(url, json={"title": f"{number}"}) for number in range(5)),
            ann.delete(url),
        )

        assert (1, 404) == (statuses.count(204), (await ann.get(url)).status_code)
        assert {200, 204, 404} >= set(statuses)
    assert [] == (await ann.get(f"{V2}/tasks")).json()["items"]
    assert 5 == len((await ann.get(f"{V2}/trash")).json()["items"])


async def test_one_key_twenty_times_at_once_has_one_effect(service: Service, ann: httpx.AsyncClient) -> None:
    key = {"Idempotency-Key": "only-once"}

    answers = await asyncio.gather(
        *(ann.post(f"{V2}/tasks", json={"title": "Tea"}, headers=key) for _ in range(20))
    )

    assert {201} == {answer.status_code for answer in answers}
    assert 1 == len({answer.content for answer in answers})
    assert 19 == sum("idempotent-replayed" in answer.headers for answer in answers)
    assert 422 == (await ann.post(f"{V2}/tasks", json={"title": "Milk"}, headers=key)).status_code
    async with service.client("bob") as bob:
        theirs = await bob.post(f"{V2}/tasks", json={"title": "Milk"}, headers=key)
    assert (201, "Milk") == (theirs.status_code, theirs.json()["title"])
    assert 1 == (await ann.get(f"{V2}/sync")).json()["revision"]


async def test_one_chosen_id_twenty_times_at_once_makes_one_task(ann: httpx.AsyncClient) -> None:
    body = {"id": "0190b3a5-3f6b-7c1d-9a53-1e6f0c2d4b7e", "title": "Tea"}

    answers = await asyncio.gather(*(ann.post(f"{V2}/tasks", json=body) for _ in range(20)))

    assert [200] * 19 + [201] == sorted(answer.status_code for answer in answers)
    assert 1 == len({answer.content for answer in answers})


async def test_a_client_never_sees_half_of_a_batch(ann: httpx.AsyncClient) -> None:
    pair = [(await _create(ann))["id"] for _ in range(2)]
    stop = asyncio.Event()

    async def write(writer: int) -> None:
        for number in range(15):
            title = f"{writer}-{number}"
            operations: list[dict[str, Any]] = [
                {"op": "update", "id": task, "task": {"title": title}} for task in pair
            ]
            operations.append({"op": "create", "task": {"title": title}})
            await ann.post(f"{V2}/batch", json={"operations": operations})

    async def follow(limit: int) -> tuple[dict[str, Any], int]:
        tasks: dict[str, Any] = {}
        revision, whole = 0, 0
        while True:
            # Without a network between them a client of SQLite would never let the writers in.
            await asyncio.sleep(0)
            stopped = stop.is_set()
            delta = (await ann.get(f"{V2}/sync?since={revision}&limit={limit}")).json()
            tasks |= {task["id"]: task for task in delta["tasks"]}
            assert revision <= delta["revision"]
            revision = delta["revision"]
            if not delta["more"]:
                whole += 1
                assert 1 == len({tasks[task]["title"] for task in pair})
                if stopped:
                    return tasks, whole

    followers = [asyncio.create_task(follow(limit)) for limit in (1, 2, 1000)]
    await asyncio.gather(*(write(writer) for writer in range(4)))
    stop.set()

    everything = (await ann.get(f"{V2}/sync")).json()["tasks"]
    for tasks, whole in await asyncio.gather(*followers):
        assert {task["id"]: task for task in everything} == tasks
        assert whole > 0
