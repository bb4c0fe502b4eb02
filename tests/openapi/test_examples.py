"""What the documentation pages prefill can be sent as it stands, and what they show fits its status."""

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from donebook.app import openapi_document
from donebook.contracts.registry import CONTRACTS
from donebook.settings import Mount, Settings
from tests.contracts.client import Reply, Service, User, serve

JSON = "application/json"
USER = "demo"
CREDENTIALS = {"email": "ada@example.com", "password": "Correct-horse-7"}
STATUSES = {
    "UNAUTHORIZED": {401},
    "FORBIDDEN": {403},
    "NOT_FOUND": {404},
    "CONFLICT": {409, 412},
    "VALIDATION_ERROR": {408, 413, 415, 422},
    "RATE_LIMITED": {429},
    "INTERNAL_ERROR": {500},
    "UNAVAILABLE": {503},
}
"""What the codes of ``enveloped`` stand for."""


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield method.upper(), path, operation


def mounts_of(contract: str) -> tuple[Mount, ...]:
    return tuple(mount for mount in Settings().contracts if mount.name == contract)


EVERY_OPERATION = [
    pytest.param(method, path, operation, id=f"{method} {path}")
    for method, path, operation in operations(openapi_document(Settings().contracts))
    if "text/event-stream" not in operation["responses"].get("200", {}).get("content", {})
]


@pytest.fixture
def service(sqlite_url: str) -> Iterator[Service]:
    with serve(sqlite_url) as service:
        yield service


@pytest.mark.parametrize(("method", "path", "operation"), EVERY_OPERATION)
def test_every_operation_succeeds_as_it_is_prefilled(
    service: Service, method: str, path: str, operation: dict[str, Any]
) -> None:
    reply = execute(service, method, path, operation)
    assert reply.status < 300, reply.body
    assert str(reply.status) in operation["responses"]


def execute(service: Service, method: str, path: str, operation: dict[str, Any]) -> Reply:
    """Send what a page has in its form, with the ids of what was made for it."""
    user = User(service, USER)
    token = signed_up(service) if path.endswith(("/logout", "/me", "/login")) else user.token
    filled = {
        parameter["name"]: parameter["example"]
        for parameter in operation.get("parameters", ())
        if "example" in parameter
    }
    assert set() == {name for name in filled if name != "user_id"}, "a page would send these"
    names = {**filled, **ids_for(user, path)}
    target = re.sub(r"\{(\w+)\}", lambda hole: quote(str(names[hole[1]])), path)
    options: dict[str, Any] = {}
    if "requestBody" in operation:
        options["json"] = operation["requestBody"]["content"][JSON]["example"]
    return service.request(method, target, token=token, **options)


def signed_up(service: Service) -> str:
    reply = service.request("POST", "/api/auth/signup", json=CREDENTIALS)
    assert 201 == reply.status
    token: str = reply.json()["token"]
    return token


def ids_for(user: User, path: str) -> dict[str, Any]:
    """The ids that the path names, of things made for it."""
    task = user.post("/api/v2/tasks", {"title": "One"}).json()
    if "/trash/" in path:
        assert 204 == user.delete(f"/api/v2/tasks/{task['id']}").status
    by_uuid = "/v2/" in path or path.startswith("/enveloped")
    return {"task_id": task["id"] if by_uuid else task["number"], "revision": task["revision"]}


@pytest.mark.parametrize("contract", CONTRACTS)
def test_every_answer_has_an_example_that_shows_its_status(contract: str) -> None:
    for method, path, operation in operations(openapi_document(mounts_of(contract))):
        for status, response in operation["responses"].items():
            for media_type, content in response.get("content", {}).items():
                if media_type == "text/event-stream":
                    continue
                examples = [example["value"] for example in content.get("examples", {}).values()]
                examples += [content["example"]] if "example" in content else []
                assert examples, f"{method} {path} {status}"
                assert all(int(status) in statuses_in(example, {int(status)}) for example in examples)


def statuses_in(example: Any, otherwise: set[int]) -> set[int]:
    """The statuses that an example of a refusal tells of itself, if it tells any."""
    if not isinstance(example, dict):
        return otherwise
    if isinstance(example.get("status"), int):
        return {example["status"]}
    error = example.get("error")
    return STATUSES[error["code"]] if isinstance(error, dict) else otherwise


@pytest.mark.parametrize("contract", CONTRACTS)
def test_no_example_is_made_up_for_want_of_a_better_one(contract: str) -> None:
    for method, path, operation in operations(openapi_document(mounts_of(contract))):
        shown = [operation.get("requestBody", {}), *operation["responses"].values()]
        texts = [
            text for each in shown for text in texts_in(each.get("content", {}).get(JSON, {}).get("example"))
        ]
        assert "string" not in texts, f"{method} {path}"


def texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts_in(each)


def test_the_groups_are_in_the_order_of_the_contracts_with_health_last() -> None:
    document = openapi_document(Settings().contracts)
    names = [group["name"] for group in document["tags"]]
    assert ["v2", "versioned", "flat", "scoped"] == names[:4]
    assert "health" == names[-1]
    assert all(group["description"] for group in document["tags"])
    assert {tag for _, _, operation in operations(document) for tag in operation["tags"]} == set(names)


def test_each_contract_has_a_document_of_its_own(service: Service) -> None:
    everything = service.get("/openapi.json").json()
    paths: set[str] = set()
    for contract in CONTRACTS:
        document = service.get(f"/openapi/{contract}.json").json()
        ours = {path for path in document["paths"] if not path.startswith("/health")}
        assert ours
        assert not ours & paths
        paths |= ours
    assert paths == {path for path in everything["paths"] if not path.startswith("/health")}
