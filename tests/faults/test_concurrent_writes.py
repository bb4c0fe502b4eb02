"""Cases 17 to 19: two servers on one database are asked at once to write the same task."""

import random
from collections import Counter
from typing import Any

import pytest

from tests.faults.durability import assert_sound_ledger
from tests.faults.endpoints import assert_in_shape
from tests.faults.programme import Tries
from tests.faults.replicas import CONTRACTS, Client, Replicas, Request, Task
from tests.faults.wire import Answer

EACH_AND_ALL = [pytest.param([name], id=name) for name in CONTRACTS]
EACH_AND_ALL += [pytest.param(list(CONTRACTS), id="all")]


def rounds(few: int, many: int) -> pytest.MarkDecorator:
    """How often a test does what it does: some times always, many times in the long programme."""
    return pytest.mark.parametrize("rounds", [few, pytest.param(many, marks=pytest.mark.slow_faults)])


def statuses(answers: list[Answer]) -> list[int]:
    return sorted(answer.status for answer in answers)


def share_of(winners: Counter[int]) -> str:
    """How often the server won that was asked first, and the other one."""
    return f"the server that was asked first won {winners[0]} times, the other {winners[1]} times"


async def require_history(client: Client, since: int) -> None:
    """The user's history tells of each revision since then, in order."""
    changes = (await client.ask("GET", f"/api/v2/changes?since={since}&limit=200")).json()["items"]
    assert list(range(since + 1, await client.revision() + 1)) == [each["revision"] for each in changes]


@rounds(2, 40)
@pytest.mark.parametrize("contracts", EACH_AND_ALL)
async def test_of_twenty_updates_with_one_if_match_one_is_done(
    replicas: Replicas, contracts: list[str], rounds: int, tries: Tries
) -> None:
    ann = replicas.client()
    winners: Counter[int] = Counter()
    for _ in range(rounds):
        task = await ann.create()
        condition = {"If-Match": f'"{task.revision}"'}
        requests = [
            ann.change(contracts[number % len(contracts)], task, {"title": f"By {number}"}, **condition)
            for number in range(20)
        ]

        answers = await ann.at_once(requests)

        assert [200] + [412] * 19 == statuses(answers)
        [winner] = [number for number, answer in enumerate(answers) if answer.status == 200]
        for shown in await ann.everywhere(ann.task("v2", task)):
            assert f"By {winner}" == shown.json()["title"]
            assert answers[winner].headers["etag"] == shown.headers["etag"] == f'"{task.revision + 1}"'
        for request, answer in zip(requests, answers, strict=True):
            if answer.status == 412:
                assert_in_shape(request.path, answer)
        winners[winner % 2] += 1

    assert 2 * rounds == await ann.taken()
    await assert_sound_ledger(replicas.database_url)
    tries(rounds * 20, "updates with one condition on two servers", share_of(winners))


@rounds(2, 40)
@pytest.mark.parametrize("contract", ["versioned", "flat", "scoped", "enveloped"])
async def test_of_twenty_creations_on_one_state_of_the_list_one_is_done(
    replicas: Replicas, contract: str, rounds: int, tries: Tries
) -> None:
    ann = replicas.client()
    for number in range(rounds):
        [tag] = {shown.headers["etag"] for shown in await ann.everywhere(ann.tasks(contract))}
        request = Request("POST", ann.tasks(contract), {"title": "Tea"}, {"If-Match": tag})

        answers = await ann.at_once([request] * 20)

        assert [201] + [412] * 19 == statuses(answers)
        assert number + 1 == await ann.taken()

    await assert_sound_ledger(replicas.database_url)
    tries(rounds * 20, "creations with one condition on two servers")


FIELDS: dict[str, Any] = {
    "title": "Coffee",
    "description": "Black",
    "priority": "high",
    "due": {"date": "2026-12-01"},
    "tags": ["kitchen"],
    "completed": True,
}


def by_every_contract(client: Client, task: Task) -> list[Request]:
    """A change of each field, by one contract or another."""
    fields = {name: {name: value} for name, value in FIELDS.items()}
    return [
        client.change("flat", task, fields["title"] | {"description": None}),
        client.change("scoped", task, fields["description"]),
        client.change("versioned", task, fields["priority"]),
        client.change("v2", task, fields["due"]),
        client.change("v2", task, fields["tags"]),
        client.change("enveloped", task, {"is_completed": True}),
    ]


def by_merging(client: Client, task: Task) -> list[Request]:
    """A change of each field, each of the version in which the task was made."""
    address = f"{client.task('v2', task)}?base={task.revision}"
    return [Request("PATCH", address, {name: value}) for name, value in FIELDS.items()]


@rounds(3, 60)
@pytest.mark.parametrize("changes", [by_every_contract, by_merging], ids=lambda changes: changes.__name__)
async def test_updates_of_different_fields_all_survive(
    replicas: Replicas, changes: Any, rounds: int, rng: random.Random, tries: Tries
) -> None:
    ann = replicas.client()
    for _ in range(rounds):
        tasks = [await ann.create() for _ in range(3)]
        requests = [request for task in tasks for request in changes(ann, task)]
        rng.shuffle(requests)

        answers = await ann.at_once(requests)

        assert [200] * len(requests) == statuses(answers)
        for task in tasks:
            for shown in await ann.everywhere(ann.task("v2", task)):
                assert FIELDS == {name: shown.json()[name] for name in FIELDS}
        assert tasks[-1].revision + len(requests) == await ann.revision()
        await require_history(ann, tasks[-1].revision)

    await assert_sound_ledger(replicas.database_url)
    tries(rounds * 18, "partial updates on two servers")


@rounds(4, 100)
async def test_what_is_deleted_while_it_is_updated_does_not_come_back(
    replicas: Replicas, rounds: int, rng: random.Random, tries: Tries
) -> None:
    ann = replicas.client()
    earlier = 0
    for number in range(rounds):
        task = await ann.create()
        requests = [ann.change(each, task, {"title": f"By {each}"}) for each in CONTRACTS]
        requests += [Request("PATCH", f"{ann.task('flat', task)}/complete") for _ in range(3)]
        requests += [Request("DELETE", ann.task(rng.choice(list(CONTRACTS)), task)) for _ in range(2)]
        rng.shuffle(requests)

        answers = await ann.at_once(requests)

        deletions = [
            answer for request, answer in zip(requests, answers, strict=True) if request.method == "DELETE"
        ]
        updates = [answer for answer in answers if answer not in deletions]
        assert [204, 404] == statuses(deletions)
        assert {200, 404} >= set(statuses(updates))
        done = statuses(updates).count(200)
        # Each update that was done has a revision before the deletion's, and nothing has one after it.
        taken = sorted(int(each.headers["etag"].strip('"')) for each in updates if each.status == 200)
        assert list(range(task.revision + 1, task.revision + 1 + done)) == taken
        assert task.revision + done + 1 == await ann.revision()
        for contract in CONTRACTS:
            assert [404, 404] == statuses(await ann.everywhere(ann.task(contract, task)))
        assert [] == (await ann.ask("GET", ann.tasks("v2"))).json()["items"]
        assert number + 1 == len((await ann.ask("GET", "/api/v2/trash?limit=200")).json()["items"])
        await require_history(ann, task.revision - 1)
        earlier += done

    await assert_sound_ledger(replicas.database_url)
    tries(rounds, "tasks deleted amid updates on two servers", f"{earlier} updates came before a deletion")


@rounds(2, 40)
async def test_of_twenty_deletions_one_finds_the_task(
    replicas: Replicas, rounds: int, rng: random.Random, tries: Tries
) -> None:
    ann = replicas.client()
    winners: Counter[int] = Counter()
    for _ in range(rounds):
        task = await ann.create()
        requests = [Request("DELETE", ann.task(each, task)) for each in CONTRACTS] * 4
        rng.shuffle(requests)

        answers = await ann.at_once(requests)

        assert [204] + [404] * 19 == statuses(answers)
        assert task.revision + 1 == await ann.revision()
        winners[[answer.status for answer in answers].index(204) % 2] += 1

    await assert_sound_ledger(replicas.database_url)
    tries(rounds * 20, "deletions of one task on two servers", share_of(winners))
