"""Each contract's OpenAPI document is the one in ``docs/contracts``, so that a change to it is seen."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from donebook.app import openapi_document
from donebook.contracts.registry import CONTRACTS
from donebook.settings import Mount
from tests.contracts.spoken import TASK_CONTRACTS

SNAPSHOTS = Path(__file__).parents[2] / "docs" / "contracts"
FROZEN = [spoken.name for spoken in TASK_CONTRACTS]


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


def schemas_of(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, schema in document["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            yield f"{name}.{field}", described


def says_what_it_looks_like(schema: dict[str, Any]) -> bool:
    """Whether a reader can tell a value: from an example, or because there are few."""
    plain = {"boolean", "null"}
    kinds = [each for each in schema.get("anyOf", [schema]) if each.get("type") not in plain]
    return "examples" in schema or all(
        "examples" in each
        or "$ref" in each
        or "enum" in each
        or "const" in each
        or "$ref" in each.get("items", {})
        for each in kinds
    )


@pytest.mark.parametrize("name", FROZEN)
def test_every_field_has_an_example(name: str) -> None:
    document = openapi_document((Mount(name),))
    without = {place for place, schema in schemas_of(document) if not says_what_it_looks_like(schema)}
    assert {"Health.timestamp", "Health.service", "Health.version", "Readiness.reason"} >= without


@pytest.mark.parametrize("name", FROZEN)
def test_every_refusal_has_an_example_that_its_schema_allows(name: str) -> None:
    document = openapi_document((Mount(name),))
    for path, operations in document["paths"].items():
        if not path.startswith("/api"):
            continue
        for method, operation in operations.items():
            for status, response in operation["responses"].items():
                if status < "400":
                    continue
                [content] = response["content"].values()
                validator = jsonschema_rs.Draft202012Validator(
                    {**content["schema"], "components": document["components"]}, validate_formats=True
                )
                values = [example["value"] for example in content["examples"].values()]
                assert values, f"{method} {path} {status}"
                assert all(validator.is_valid(json.loads(json.dumps(value))) for value in values)


@pytest.mark.parametrize("name", FROZEN)
def test_what_has_a_tag_says_which_conditions_it_takes(name: str) -> None:
    document = openapi_document((Mount(name),))
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if "/tasks" not in path:
                continue
            headers = {each["name"] for each in operation.get("parameters", []) if each["in"] == "header"}
            assert (method == "get") == ("If-None-Match" in headers) == ("304" in operation["responses"])
            assert (method != "get") == ("If-Match" in headers) == ("412" in operation["responses"])
            answers = {status for status in operation["responses"] if status in {"200", "201", "304"}}
            assert all("ETag" in operation["responses"][status]["headers"] for status in answers)
            required = {each["name"] for each in operation.get("parameters", []) if each["required"]}
            assert required.isdisjoint(headers)
