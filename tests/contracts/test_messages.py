"""What a 422 says: in the contract's words, without those that Pydantic puts before our own."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from donebook.app import openapi_document
from donebook.settings.mounts import DEFAULT_CONTRACTS, parse_mounts
from tests.contracts.client import Service, User, serve

DOCUMENT = openapi_document(parse_mounts(DEFAULT_CONTRACTS))
TEXTS = [
    "",
    " ",
    "x",
    "x" * 20_000,
    "a b c d e f g h i j k",
    "2026-13-01",
    "9999-12-31T23:59:59.999999Z",
    "\0",
]
SKIPPED_HOUR = {"at": "2026-03-29T02:30:00", "time_zone": "Europe/Berlin"}
VALUES: list[Any] = [
    *TEXTS,
    None,
    True,
    -1,
    1_800_000_000,
    1.5,
    [],
    [None],
    ["", 7],
    ["x"] * 200,
    {},
    {"at": "x"},
    {"at": 7},
    {"at": "9999-12-31T23:59:59.999999Z"},
    {"at": "0001-01-01T00:00:00", "time_zone": "Europe/Berlin"},
    {"at": "2026-12-01", "time_zone": "x"},
    {"at": "2026-12-01", "time_zone": 7},
    SKIPPED_HOUR,
    {"date": "x"},
    {"date": 7},
    {"date": "0001-01-01"},
    {"due": SKIPPED_HOUR},
    [{"op": "create", "task": {"title": "x", "due": SKIPPED_HOUR}}],
    [{"op": "update", "id": "x", "task": {"tags": ["x"] * 50}}],
]
OPERATIONS = [
    (method, path, operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
    if operation.get("requestBody") or any(each["in"] == "query" for each in operation.get("parameters", []))
]


def properties_of(operation: dict[str, Any]) -> Iterator[str]:
    """The names of the fields that the body may have."""
    [content] = operation.get("requestBody", {"content": {"": {"schema": {}}}})["content"].values()
    schemas = [content["schema"]]
    while schemas:
        schema = schemas.pop()
        if "$ref" in schema:
            schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        schemas += schema.get("oneOf", []) + schema.get("anyOf", [])
        yield from schema.get("properties", {})


@pytest.fixture
def unlimited(sqlite_url: str) -> Iterator[Service]:
    """A service of the test's own: several together use up even the highest limit of attempts."""
    with serve(sqlite_url, rate_limit_auth="1000/second") as service:
        yield service


def messages(body: Any) -> Iterator[str]:
    """Every text that an answer has under the names that messages have."""
    if isinstance(body, dict):
        for name, value in body.items():
            if isinstance(value, str) and name in {"msg", "message", "detail", "title"}:
                yield value
            yield from messages(value)
    elif isinstance(body, list):
        for each in body:
            yield from messages(each)


@pytest.mark.parametrize(
    ("method", "path", "operation"), OPERATIONS, ids=[f"{method} {path}" for method, path, _ in OPERATIONS]
)
def test_no_message_begins_as_pydantic_has_it(
    unlimited: Service, method: str, path: str, operation: dict[str, Any]
) -> None:
    user = User(unlimited)
    target = path.format(user_id=user.path, task_id="1", revision="1")
    if "string" in str([each for each in operation.get("parameters", []) if each["name"] == "task_id"]):
        target = path.format(user_id=user.path, task_id="0193b5e7-6f1c-7a35-9d0c-4e2f8a61b7c3")
    bodies = [
        VALUES,
        *([{"title": "x", name: value} for value in VALUES] for name in properties_of(operation)),
    ]
    queries = [
        f"{each['name']}={text}"
        for each in operation.get("parameters", [])
        if each["in"] == "query"
        for text in (
            "",
            "x",
            "2026-13-01",
            "9999-12-31T23:59:59.999999Z",
            "a+b+c+d+e+f+g+h+i+j+k",
            "%00",
            "-1",
        )
    ]
    replies = [
        user(method.upper(), target, body=json.dumps(body).encode()) for group in bodies for body in group
    ]
    replies += [user(method.upper(), f"{target}?{query}", body=b"{}") for query in queries]
    told = [message for reply in replies if reply.status == 422 for message in messages(reply.json())]

    assert told or "complete" in path
    assert [] == [each for each in told if "Value error" in each or "Assertion failed" in each]
