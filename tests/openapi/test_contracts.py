"""What a document allows is answered as it says, what it forbids is refused, and nobody sees another's."""

import asyncio

import pytest

from donebook.contracts.registry import CONTRACTS
from tests.openapi.campaign import PHASES, Outcome
from tests.openapi.conftest import Attack
from tests.openapi.users import rows_of

AT_ONCE = 2
NOT_APPLICABLE = {"auth": ["stateful"], "health": ["examples", "stateful"]}
"""Of those that take no examples, or where no request hands anything on to the next."""


def phases_of(outcome: Outcome) -> dict[str, str]:
    """How each phase ended."""
    return {phase: each["status"] for phase, each in outcome.summary["phases"].items()}


async def test_every_contract_keeps_to_its_document_and_users_from_each_other(
    database_url: str, attack: Attack
) -> None:
    async with attack(database_url) as attacked:
        before = await rows_of(database_url, attacked.other)
        gate = asyncio.Semaphore(AT_ONCE)

        async def try_document(contract: str) -> Outcome:
            async with gate:
                return await attacked.try_document(contract)

        # The largest first, so that the others are tried beside it.
        names = ["v2", *(name for name in CONTRACTS if name != "v2"), "health"]
        outcomes = dict(zip(names, await asyncio.gather(*map(try_document, names)), strict=True))
        after = await rows_of(database_url, attacked.other)

    for name, outcome in outcomes.items():
        assert 0 == outcome.status, outcome.report
        assert outcome.summary["operations"]["selected"] == outcome.summary["operations"]["tested"] > 0, name
        expected = dict.fromkeys(PHASES, "success") | dict.fromkeys(NOT_APPLICABLE.get(name, ()), "skip")
        assert expected == phases_of(outcome), name
    assert before == after


@pytest.mark.parametrize(
    ("mistake", "found"),
    [
        ("forget_the_owner", "Custom check failed: `nothing_of_the_other_user`"),
        ("leave_out_a_field", "Response violates schema"),
    ],
)
async def test_a_mistake_is_found(sqlite_url: str, attack: Attack, mistake: str, found: str) -> None:
    async with attack(sqlite_url, mistake) as attacked:
        outcome = await attacked.try_document("flat", phases=["examples", "fuzzing"])

    assert 1 == outcome.status
    assert found in outcome.failures, outcome.report
