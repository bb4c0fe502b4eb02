"""Each contract's OpenAPI document is the one in ``docs/contracts``, so that a change to it is seen."""

import json
from pathlib import Path

import pytest

from taskledger.app import openapi_document
from taskledger.contracts.registry import CONTRACTS
from taskledger.settings import Mount

SNAPSHOTS = Path(__file__).parents[2] / "docs" / "contracts"


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_document_is_the_snapshot(name: str) -> None:
    snapshot = json.loads((SNAPSHOTS / f"{name}.openapi.json").read_text("utf-8"))

    assert snapshot == json.loads(json.dumps(openapi_document((Mount(name),)))), "run: make contracts"


def test_there_is_a_snapshot_of_each_contract_and_of_nothing_else() -> None:
    assert {f"{name}.openapi.json" for name in CONTRACTS} == {path.name for path in SNAPSHOTS.iterdir()}


@pytest.mark.parametrize("name", CONTRACTS)
def test_the_document_is_openapi_3_1_and_says_what_every_operation_refuses(name: str) -> None:
    document = openapi_document((Mount(name),))

    assert document["openapi"].startswith("3.1")
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if not path.startswith("/health"):
                assert {"429", "500", "503"} <= operation["responses"].keys(), f"{method} {path}"
