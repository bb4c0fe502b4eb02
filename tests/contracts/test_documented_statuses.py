"""Each refusal that an operation documents can be had from it."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from donebook.app import openapi_document
from donebook.settings.mounts import DEFAULT_CONTRACTS, parse_mounts
from tests.contracts.client import Reply, Service, User, serve
from tests.contracts.conformance import conforms_to

DOCUMENT = openapi_document(parse_mounts(DEFAULT_CONTRACTS))
ELSEWHERE = {
    408: "tests/process/test_limits.py, which takes its time",
    409: "the tests of accounts, batches, merging and undo: there is a conflict of its own behind each",
    429: "tests/http/test_rate_limit.py",
    500: "tests/contracts/test_every_contract.py",
    503: "tests/faults/test_database_link.py",
}
MISSING = {"integer": str(2**62), "string": "0190b3a5-3f6b-7c1d-9a53-1e6f0c2d4b7e"}
BODIES: dict[str, Any] = {
    "move": {"to": "first"},
    "batch": {"operations": [{"op": "create", "task": {"title": "x"}}]},
    "login": {"email": "nobody@example.com", "password": "Correct-horse-7"},
    "signup": {"email": "new@example.com", "password": "Correct-horse-7"},
    "register": {"email": "newer@example.com", "password": "Correct-horse-7"},
}


class Operation(NamedTuple):
    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method.upper()} {self.path}"

    @property
    def document(self) -> dict[str, Any]:
        found: dict[str, Any] = DOCUMENT["paths"][self.path][self.method]
        return found

    @property
    def last(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def takes_body(self) -> bool:
        return "requestBody" in self.document

    def kind(self, name: str) -> str:
        """The type of a parameter of the path."""
        [parameter] = [each for each in self.document["parameters"] if each["name"] == name]
        kind: str = parameter["schema"]["type"]
        return kind

    def target(self, user: User, **given: str) -> str:
        """The path with a task of the user's in it, unless something else is given."""
        if "{task_id}" in self.path and "task_id" not in given:
            task = user.post("/api/v2/tasks", {"title": "x"}).json()
            if "/trash/" in self.path:
                user.delete(f"/api/v2/tasks/{task['id']}")
            given["task_id"] = task["id"] if self.kind("task_id") == "string" else str(task["number"])
        return self.path.format(**{"user_id": user.path, "revision": "1"} | given)


OPERATIONS = [
    Operation(method, path)
    for path, operations in DOCUMENT["paths"].items()
    if not path.startswith("/health")
    for method in operations
]
CASES = [
    pytest.param(operation, int(status), id=f"{operation} {status}")
    for operation in OPERATIONS
    for status in operation.document["responses"]
    if int(status) >= 300 and int(status) not in ELSEWHERE
]


class Caller:
    """Sends an operation's request, right but for what is given."""

    def __init__(self, operation: Operation, user: User) -> None:
        self.operation = operation
        self.user = user

    def __call__(self, *, path: dict[str, str] | None = None, query: str = "", **options: Any) -> Reply:
        target = self.operation.target(self.user, **path or {})
        if self.operation.takes_body and "body" not in options:
            options.setdefault("json", BODIES.get(self.operation.last, {"title": "y"}))
        return self.user(self.operation.method.upper(), f"{target}?{query}", **options)


def without_token(call: Caller) -> Iterator[Reply]:
    if "security" not in call.operation.document:
        yield call()
        return
    yield call.user.service.request(call.operation.method.upper(), call.operation.target(call.user))


def as_another_from_elsewhere_or_with_a_quota_used_up(call: Caller) -> Iterator[Reply]:
    yield call(headers={"Origin": "https://elsewhere.example"})
    yield call(path={"user_id": "somebody-else"})
    # Something that can be undone by more than a deletion, which no quota refuses.
    task = call.user.post("/api/v2/tasks", {"title": "x"}).json()
    edited = call.user.patch(f"/api/v2/tasks/{task['id']}", json={"title": "y"}).json()
    call.user.service.rows("UPDATE spaces SET answer_bytes = 1000000000000 WHERE id = ?", call.user.id)
    yield call(path={"revision": str(edited["revision"])}, headers={"Idempotency-Key": "key"})


def of_what_is_missing(call: Caller) -> Iterator[Reply]:
    for name in ("task_id", "revision"):
        if f"{{{name}}}" in call.operation.path:
            yield call(path={name: MISSING[call.operation.kind(name)]})
    yield call(json={"operations": [{"op": "delete", "id": MISSING["string"]}]})
    yield call(query=f"task={MISSING['string']}")


def with_what_the_service_did_not_make(call: Caller) -> Iterator[Reply]:
    for query in ("cursor=x", "since=999", f"base={2**62}"):
        yield call(query=query)


def of_what_is_forgotten_or_lost(call: Caller) -> Iterator[Reply]:
    call.user.post("/api/v2/tasks", {"title": "x"})
    call.user.post("/api/v2/tasks", {"title": "y"})
    call.user.service.rows("UPDATE spaces SET floor = 2 WHERE id = ?", call.user.id)
    yield call(query="since=1")
    call.user.service.rows("UPDATE spaces SET revision = 9, floor = 9 WHERE id = ?", call.user.id)
    yield call(query="since=5")


def that_breaks_a_rule(call: Caller) -> Iterator[Reply]:
    yield call(path={"task_id": "x"})
    yield call(body=b"[]")
    yield call(headers={"Idempotency-Key": "ß"})
    for query in ("limit=x", "status=x", "completed=x", "since=x"):
        yield call(query=query)


def with_the_tag(call: Caller) -> Iterator[Reply]:
    target = call.operation.target(call.user)
    tag = call.user.get(target).etag
    yield call.user.get(target, headers={"If-None-Match": tag})


RECIPES: dict[int, Callable[[Caller], Iterator[Reply]]] = {
    304: with_the_tag,
    400: with_what_the_service_did_not_make,
    401: without_token,
    403: as_another_from_elsewhere_or_with_a_quota_used_up,
    404: of_what_is_missing,
    410: of_what_is_forgotten_or_lost,
    412: lambda call: iter([call(headers={"If-Match": '"no-such-tag"'})]),
    413: lambda call: iter([call(body=b" " * 2_000_000)]),
    415: lambda call: iter([call(headers={"Content-Type": "text/plain"})]),
    422: that_breaks_a_rule,
}
"""How each status is asked for, in the ways that there are."""


@pytest.fixture(scope="module")
def unlimited(sqlite_service_url: str) -> Iterator[Service]:
    with serve(sqlite_service_url, check=conforms_to(), rate_limit_auth="1000/second") as service:
        yield service


@pytest.mark.parametrize(("operation", "status"), CASES)
def test_a_documented_refusal_is_given(unlimited: Service, operation: Operation, status: int) -> None:
    answered = []
    for reply in RECIPES[status](Caller(operation, User(unlimited))):
        answered.append(reply.status)
        if reply.status == status:
            break

    assert status in answered
