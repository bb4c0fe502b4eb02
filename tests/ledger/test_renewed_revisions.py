"""After a renewal a revision below the floor is trusted only where it names exactly what is there."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from donebook.spaces.revisions import renew_revisions
from tests.databases import open_database
from tests.service import run_service

V2 = "/api/v2"


@pytest.fixture
async def ann(database_url: str) -> AsyncIterator[httpx.AsyncClient]:
    async with run_service(database_url) as service, service.client("ann") as client:
        yield client


async def renew(url: str) -> None:
    async with open_database(url) as database:
        await renew_revisions(database, datetime.now(UTC))


async def create(ann: httpx.AsyncClient, title: str) -> dict[str, Any]:
    made: dict[str, Any] = (await ann.post(f"{V2}/tasks", json={"title": title})).json()
    return made


async def patch(ann: httpx.AsyncClient, task: dict[str, Any], base: int, **fields: Any) -> httpx.Response:
    return await ann.patch(f"{V2}/tasks/{task['id']}?base={base}", json=fields)


async def test_a_base_below_the_floor_counts_only_if_the_task_carries_it(
    ann: httpx.AsyncClient, database_url: str
) -> None:
    task, other = await create(ann, "Tea"), await create(ann, "Milk")
    await renew(database_url)

    # In the lost history this revision may have been one of the task's own.
    between = await patch(ann, task, other["revision"], title="Green tea", priority=None)
    exact = await patch(ann, task, task["revision"], title="Green tea")

    assert 409 == between.status_code
    [conflict] = between.json()["conflicts"]
    assert {"field": "title", "yours": "Green tea", "current": "Tea"} == conflict
    assert 200 == exact.status_code


async def test_a_version_of_before_is_a_base_by_its_own_number_alone(
    ann: httpx.AsyncClient, database_url: str
) -> None:
    task, other = await create(ann, "Tea"), await create(ann, "Milk")
    assert 200 == (await patch(ann, task, task["revision"], description="Loose")).status_code
    await renew(database_url)

    assert 409 == (await patch(ann, task, other["revision"], title="Green tea")).status_code
    assert 200 == (await patch(ann, task, task["revision"], title="Green tea")).status_code


async def test_a_base_from_after_the_renewal_is_any_revision_as_ever(
    ann: httpx.AsyncClient, database_url: str
) -> None:
    task = await create(ann, "Tea")
    await renew(database_url)
    floor = (await ann.get(f"{V2}/sync")).json()["revision"]
    other = await create(ann, "Milk")

    assert 200 == (await patch(ann, task, floor, title="Green tea")).status_code
    assert 200 == (await patch(ann, other, other["revision"], title="Oat milk")).status_code


async def test_a_change_that_is_there_already_is_no_conflict_whatever_the_base(
    ann: httpx.AsyncClient, database_url: str
) -> None:
    task, other = await create(ann, "Tea"), await create(ann, "Milk")
    await renew(database_url)

    assert 200 == (await patch(ann, task, other["revision"], title="Tea")).status_code


async def test_the_history_from_before_can_be_read_page_by_page_in_both_directions(
    ann: httpx.AsyncClient, database_url: str
) -> None:
    before = [(await create(ann, f"task {number}"))["revision"] for number in range(4)]
    await renew(database_url)
    after = [(await create(ann, f"later {number}"))["revision"] for number in range(2)]

    for start, name, expected in (
        (0, "since", before + after),
        (after[-1] + 1, "before", (before + after)[::-1]),
    ):
        found, more, place = [], True, start
        while more:
            page = (await ann.get(f"{V2}/changes?{name}={place}&limit=1")).json()
            found += [each["revision"] for each in page["items"]]
            more, place = page["more"], found[-1]
        assert expected == found


@pytest.mark.parametrize("name", ["since", "before"])
async def test_the_history_does_not_go_on_from_a_revision_that_it_has_not(
    ann: httpx.AsyncClient, database_url: str, name: str
) -> None:
    lost = (await create(ann, "Tea"))["revision"] + 1
    await renew(database_url)

    answer = await ann.get(f"{V2}/changes?{name}={lost}")

    assert (410, "resync_required") == (answer.status_code, answer.json()["code"])


async def test_what_was_done_before_can_be_undone(ann: httpx.AsyncClient, database_url: str) -> None:
    task = await create(ann, "Tea")
    await renew(database_url)

    assert 200 == (await ann.post(f"{V2}/changes/{task['revision']}/undo")).status_code
    assert [] == (await ann.get(f"{V2}/tasks")).json()["items"]


async def test_everything_can_be_read_a_page_at_a_time_after_a_renewal(
    ann: httpx.AsyncClient, database_url: str
) -> None:
    tasks = [await create(ann, f"task {number}") for number in range(5)]
    await renew(database_url)
    tasks.append(await create(ann, "later"))

    found, since, more = [], "", True
    while more:
        page = (await ann.get(f"{V2}/sync?limit=2{since}")).json()
        found += [task["id"] for task in page["tasks"]]
        since, more = f"&since={page['revision']}", page["more"]

    assert [task["id"] for task in tasks] == found


async def page_of(ann: httpx.AsyncClient, since: int | None, began: int) -> dict[str, Any]:
    query = {"limit": 2, "began": began} | ({} if since is None else {"since": since})
    page: dict[str, Any] = (await ann.get(f"{V2}/sync", params=query)).raise_for_status().json()
    assert len(page["tasks"]) + len(page["deleted"]) <= 2
    return page


async def test_no_page_is_larger_than_its_limit_for_a_client_that_says_where_it_began(
    ann: httpx.AsyncClient, database_url: str
) -> None:
    tasks = [await create(ann, f"task {number}") for number in range(7)]
    await renew(database_url)
    tasks.append(await create(ann, "later"))

    page = await page_of(ann, None, 0)
    began, found = page["newest"], page["tasks"]
    while page["more"]:
        page = await page_of(ann, page["revision"], began)
        found += page["tasks"]

    assert tasks == found
    assert tasks[-1]["revision"] == page["revision"] == began
    assert (await ann.get(f"{V2}/sync?since={page['revision']}")).json()["tasks"] == []


async def test_writes_between_the_pages_of_everything_are_not_missed(
    ann: httpx.AsyncClient, database_url: str
) -> None:
    changed, gone, erased, back, *others = [await create(ann, f"task {number}") for number in range(8)]
    unseen = await create(ann, "never seen")
    await ann.delete(f"{V2}/tasks/{back['id']}")
    await renew(database_url)

    state: dict[str, dict[str, Any]] = {}
    page = await page_of(ann, None, 0)
    began, writes = page["newest"], 0
    while True:
        state |= {task["id"]: task for task in page["tasks"]}
        for task in page["deleted"]:
            state.pop(task["id"], None)
        if not page["more"]:
            break
        page = await page_of(ann, page["revision"], began)
        writes += 1
        if writes == 1:
            await patch(ann, changed, changed["revision"], title="other")
            for each in (gone, erased, unseen, others[-1]):
                assert 204 == (await ann.delete(f"{V2}/tasks/{each['id']}")).status_code
            assert 204 == (await ann.delete(f"{V2}/trash/{erased['id']}")).status_code
            assert 200 == (await ann.post(f"{V2}/tasks/{back['id']}/restore")).status_code

    whole = (await ann.get(f"{V2}/sync")).json()
    assert {task["id"]: task for task in whole["tasks"]} == state
    assert whole["revision"] == page["revision"]
    assert "other" == state[changed["id"]]["title"]
    assert back["id"] in state


async def test_a_renewal_between_two_pages_of_everything_has_the_client_begin_anew(
    ann: httpx.AsyncClient, database_url: str
) -> None:
    for number in range(5):
        await create(ann, f"task {number}")
    await renew(database_url)
    page = await page_of(ann, None, 0)
    await renew(database_url)

    query = {"since": page["revision"], "began": page["newest"]}
    answer = await ann.get(f"{V2}/sync", params=query)
    ahead = await ann.get(f"{V2}/sync", params=query | {"began": 2**53})

    assert (410, "resync_required") == (answer.status_code, answer.json()["code"])
    assert (400, "revision_ahead") == (ahead.status_code, ahead.json()["code"])
    assert 2 == len((await page_of(ann, None, 0))["tasks"])


async def test_a_revision_below_the_floor_alone_is_refused_as_ever(
    ann: httpx.AsyncClient, database_url: str
) -> None:
    task = await create(ann, "Tea")
    await renew(database_url)

    for began in ("", "&began=0", f"&began={task['revision']}"):
        answer = await ann.get(f"{V2}/sync?since={task['revision']}{began}")
        assert (410, "resync_required") == (answer.status_code, answer.json()["code"])
