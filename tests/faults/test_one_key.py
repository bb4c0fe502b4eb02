"""Case 20: one ``Idempotency-Key`` comes to two servers on one database many times at once."""

import asyncio
import random

import pytest

from tests.faults.durability import assert_sound_ledger
from tests.faults.programme import Tries
from tests.faults.replicas import CONTRACTS, Client, Replicas, Request
from tests.faults.wire import Answer

KEY = {"Idempotency-Key": "only-once"}
_OF_EACH_ANSWER = {"date", "x-request-id", "idempotent-replayed"}


def require_one_effect(answers: list[Answer], status: int) -> None:
    """One was done and the rest are told what came of it, in the same words."""
    assert {status} == {answer.status for answer in answers}
    assert 1 == len({answer.body for answer in answers})
    headers = [
        {name: value for name, value in answer.headers.items() if name not in _OF_EACH_ANSWER}
        for answer in answers
    ]
    assert [headers[0]] * len(headers) == headers
    assert len(answers) - 1 == sum("idempotent-replayed" in answer.headers for answer in answers)


def creation(client: Client, contract: str, title: str) -> Request:
    return Request("POST", client.tasks(contract), {"title": title}, KEY)


async def titles(client: Client) -> list[str]:
    [shown] = {answer.body for answer in await client.everywhere(client.tasks("v2"))}
    return [task["title"] for task in Answer(200, {}, shown, b"").json()["items"]]


@pytest.mark.parametrize("rounds", [1, pytest.param(20, marks=pytest.mark.slow_faults)])
@pytest.mark.parametrize("contract", CONTRACTS)
async def test_one_key_twenty_times_at_once_has_one_effect_for_each_user(
    replicas: Replicas, contract: str, rounds: int, tries: Tries
) -> None:
    for _ in range(rounds):
        ann, bob = replicas.client(), replicas.client()

        mine, theirs = await asyncio.gather(
            ann.at_once([creation(ann, contract, "Tea")] * 20),
            bob.at_once([creation(bob, contract, "Milk")] * 20),
        )

        require_one_effect(mine, 201)
        require_one_effect(theirs, 201)
        assert (["Tea"], ["Milk"]) == (await titles(ann), await titles(bob))
        assert (1, 1) == (await ann.taken(), await bob.taken())

    await assert_sound_ledger(replicas.database_url)
    tries(rounds * 40, "requests with one key on two servers")


@pytest.mark.parametrize("rounds", [2, pytest.param(40, marks=pytest.mark.slow_faults)])
async def test_of_two_requests_with_one_key_at_once_one_is_done_and_the_other_refused(
    replicas: Replicas, rounds: int, rng: random.Random, tries: Tries
) -> None:
    for _ in range(rounds):
        ann = replicas.client()
        requests = [creation(ann, "v2", title) for title in ("Tea", "Milk")] * 10
        rng.shuffle(requests)

        answers = await ann.at_once(requests)

        [title] = await titles(ann)
        for request, answer in zip(requests, answers, strict=True):
            assert (201 if request.body == {"title": title} else 422) == answer.status
        require_one_effect([answer for answer in answers if answer.status == 201], 201)
        assert 1 == await ann.taken()

    await assert_sound_ledger(replicas.database_url)
    tries(rounds * 20, "requests with one key on two servers")


@pytest.mark.parametrize("rounds", [2, pytest.param(40, marks=pytest.mark.slow_faults)])
async def test_a_toggle_that_is_sent_again_while_it_is_done_does_not_toggle_back(
    replicas: Replicas, rounds: int, tries: Tries
) -> None:
    for _ in range(rounds):
        ann = replicas.client()
        task = await ann.create()

        answers = await ann.at_once([Request("PATCH", f"{ann.task('flat', task)}/complete", None, KEY)] * 20)

        require_one_effect(answers, 200)
        assert [True, True] == [
            shown.json()["completed"] for shown in await ann.everywhere(ann.task("v2", task))
        ]
        assert task.revision + 1 == await ann.revision()

    await assert_sound_ledger(replicas.database_url)
    tries(rounds * 20, "requests with one key on two servers")
