"""Case 54: one user sends tiny requests that write much, again and again."""

import pytest

from donebook.ledger.upkeep.usage import Usage, largest_spaces, recount
from tests.databases import DIALECTS, open_database
from tests.faults.conftest import Serve
from tests.faults.programme import Tries
from tests.faults.server import Server, token_for

KIB = 1024
HISTORY, ANSWERS = 1024 * KIB, 200 * KIB
ONE_WRITE = 50 * 8_300
"""The bytes of history that a revision of all tasks adds."""
ROUNDS = 15


async def usage_of(url: str, user: str) -> Usage:
    """What the user holds, by the space's counters, which say what is there."""
    async with open_database(url) as database:
        assert not await recount(database, user)
        return next(each for each in await largest_spaces(database, 10) if each.space == user)


async def write_much(server: Server, token: str) -> list[int]:
    """Make fifty long tasks, complete all at once, undo that, undo the undo, each under a new key."""
    create = [{"op": "create", "task": {"title": "long", "description": "x" * 8_000}}] * 50
    made = await server.ask("POST", "/api/v2/batch", token=token, body={"operations": create})
    assert 200 == made.status, made.body
    tasks = [each["id"] for each in made.json()["results"]]
    complete = [{"op": "complete", "id": each} for each in tasks]
    done = await server.ask("POST", "/api/v2/batch", token=token, body={"operations": complete})
    revision = done.json()["revision"]
    statuses = []
    for number in range(ROUNDS):
        key = {"Idempotency-Key": f"key-{number}"}
        url = f"/api/v2/changes/{revision}/undo"
        reply = await server.ask("POST", url, token=token, headers=key)
        if reply.status == 403:
            assert ("quota_exceeded", "answers") == (reply.json()["code"], reply.json()["limit"])
            reply = await server.ask("POST", url, token=token)
        statuses.append(reply.status)
        revision = reply.json()["revision"]
    return statuses


@pytest.mark.parametrize("dialect", DIALECTS)
async def test_tiny_requests_that_write_much_fill_no_more_than_the_quotas(
    dialect: str, request: pytest.FixtureRequest, serve: Serve, tries: Tries
) -> None:
    url = request.getfixturevalue(f"{dialect}_url")
    with serve(url, QUOTA_TASKS=50, QUOTA_HISTORY=HISTORY, QUOTA_ANSWERS=ANSWERS) as server:
        await server.ready()
        ann, bob = token_for("ann"), token_for("bob")

        statuses = await write_much(server, ann)

        assert [200] * ROUNDS == statuses
        title = {"title": "one more"}
        assert 403 == (await server.ask("POST", "/api/v2/tasks", token=ann, body=title)).status
        assert 201 == (await server.ask("POST", "/api/v2/tasks", token=bob, body=title)).status
        listed = await server.ask("GET", "/api/v2/tasks?limit=1", token=ann)
        gone = listed.json()["items"][0]["id"]
        assert 204 == (await server.ask("DELETE", f"/api/v2/tasks/{gone}", token=ann)).status

    found = await usage_of(url, "ann")
    assert 50 == found.tasks
    assert found.history_bytes < HISTORY + ONE_WRITE
    assert found.answer_bytes < 2 * ANSWERS + ONE_WRITE
    tries(ROUNDS, "undos of undos")
