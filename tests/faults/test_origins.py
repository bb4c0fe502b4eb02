"""Case 47: what real servers let pages of other origins read, and pages of a good one."""

from uuid import UUID

import pytest

from tests.contracts.test_service import ORIGIN, OTHERS
from tests.faults.programme import Tries
from tests.faults.replicas import CONTRACTS, Replicas
from tests.faults.wire import Answer

ASKED = {
    "Access-Control-Request-Method": "PUT",
    "Access-Control-Request-Headers": "authorization, content-type, if-match, idempotency-key",
}


async def ask_from(origin: str, replicas: Replicas, contract: str) -> list[Answer]:
    """A preflight, a list, a task that is missing and the same without a token, in turn by each server."""
    ann = replicas.client()
    tasks = ann.tasks(contract)
    missing = f"{tasks}/{UUID(int=4 << 76 | 2 << 62) if contract in {'v2', 'enveloped'} else 2**62}"
    here, there = replicas.servers
    page = {"Origin": origin}
    return [
        await here.ask("OPTIONS", missing, headers=page | ASKED),
        await ann.ask("GET", tasks, **page),
        await ann.ask("GET", missing, **page),
        await there.ask("GET", missing, headers=page),
    ]


def allowances(answer: Answer) -> set[str]:
    return {name for name in answer.headers if name.startswith("access-control-")}


@pytest.mark.parametrize("contract", CONTRACTS)
async def test_pages_of_other_origins_are_allowed_nothing(
    replicas: Replicas, contract: str, tries: Tries
) -> None:
    for origin in OTHERS:
        answers = await ask_from(origin, replicas, contract)

        assert [400, 200, 404, 401] == [answer.status for answer in answers], origin
        assert [set()] * 4 == [allowances(answer) for answer in answers], origin
        assert all("Origin" in answer.headers["vary"] for answer in answers), origin
    tries(4 * len(OTHERS), "requests from other origins")


@pytest.mark.parametrize("contract", CONTRACTS)
async def test_a_page_of_a_good_origin_may_read_refusals_too(replicas: Replicas, contract: str) -> None:
    answers = await ask_from(ORIGIN, replicas, contract)

    assert [200, 200, 404, 401] == [answer.status for answer in answers]
    for answer in answers:
        assert ORIGIN == answer.headers["access-control-allow-origin"]
        assert "true" == answer.headers["access-control-allow-credentials"]
