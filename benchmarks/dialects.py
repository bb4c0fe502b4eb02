"""How each contract words the same operations: what is sent, and what a right answer is.

In a template `$id` is one of the user's tasks, `$user` the user, `$etag` the entity tag of the user's list,
`$since` a revision of the user, `$n` a number never used before, and `$flag` / `$verb` say whether the task
is switched on or off.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class Operation(StrEnum):
    """What a request does, in no contract's words."""

    GET = "get"
    LIST = "list"
    REVALIDATE = "revalidate"
    CREATE = "create"
    UPDATE = "update"
    TOGGLE = "toggle"
    SYNC = "sync"


@dataclass(frozen=True)
class Template:
    """A request with holes. ``switches`` marks one that needs to know the state it leads to."""

    method: str
    path: str
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200
    switches: bool = False

    def fill(self, **values: str) -> tuple[str, str | None, dict[str, str]]:
        """Return the path, the body and the headers of one request."""
        return (
            _fill(self.path, values),
            None if self.body is None else _fill(self.body, values),
            {name: _fill(text, values) for name, text in self.headers.items()},
        )


def _fill(text: str, values: Mapping[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"${name}", value)
    return text


@dataclass(frozen=True)
class Facts:
    """What every contract says about a task."""

    title: str
    description: str | None
    completed: bool
    priority: str | None


class Dialect(Protocol):
    """One contract, for the load and for the check of its answers."""

    name: str

    def template(self, operation: Operation, tasks: int) -> Template | None:
        """Word an operation for users with this many tasks; None: the contract has no such request."""

    def facts(self, task: Mapping[str, Any]) -> Facts:
        """Read a task of an answer."""

    def items(self, body: bytes) -> list[dict[str, Any]]:
        """Read the tasks of a list's answer."""


_TITLE = "Order new curtains and measure window $n"


class Versioned:
    """`/api/v1/tasks`, as Donebook and the three PostgreSQL peers serve it."""

    name = "versioned"

    def __init__(self, *, revalidates: bool = False) -> None:
        self._revalidates = revalidates

    def template(self, operation: Operation, tasks: int) -> Template | None:
        """Word an operation; the contract's lists are always whole."""
        one = "/api/v1/tasks/$id"
        body = json.dumps({"title": _TITLE})
        return {
            Operation.GET: Template("GET", one),
            Operation.LIST: Template("GET", "/api/v1/tasks"),
            Operation.REVALIDATE: Template(
                "GET", "/api/v1/tasks", headers={"If-None-Match": "$etag"},
                status=304 if self._revalidates else 200,
            ),
            Operation.CREATE: Template("POST", "/api/v1/tasks", body, status=201),
            Operation.UPDATE: Template("PUT", one, body),
            Operation.TOGGLE: Template("PATCH", f"{one}/complete"),
        }.get(operation)  # fmt: skip

    def facts(self, task: Mapping[str, Any]) -> Facts:
        """Read a task."""
        return Facts(task["title"], task["description"], task["completed"], task["priority"])

    def items(self, body: bytes) -> list[dict[str, Any]]:
        """Read a bare array."""
        return list(json.loads(body))


class V2:
    """`/api/v2/tasks`: UUIDs, pages of at most 200, `complete` and `reopen` in place of a toggle."""

    name = "v2"
    page_limit = 200

    def template(self, operation: Operation, tasks: int) -> Template | None:
        """Word an operation; a list longer than a page is not one request, so it is left out."""
        one = "/api/v2/tasks/$id"
        page = f"/api/v2/tasks?limit={tasks}"
        body = json.dumps({"title": _TITLE})
        if operation in (Operation.LIST, Operation.REVALIDATE) and tasks > self.page_limit:
            return None
        return {
            Operation.GET: Template("GET", one),
            Operation.LIST: Template("GET", page),
            Operation.REVALIDATE: Template("GET", page, headers={"If-None-Match": "$etag"}, status=304),
            Operation.CREATE: Template("POST", "/api/v2/tasks", body, status=201),
            Operation.UPDATE: Template("PATCH", one, body),
            Operation.TOGGLE: Template("POST", f"{one}/$verb", switches=True),
            Operation.SYNC: Template("GET", "/api/v2/sync?since=$since"),
        }.get(operation)

    def facts(self, task: Mapping[str, Any]) -> Facts:
        """Read a task."""
        return Facts(task["title"], task["description"], task["completed"], task["priority"])

    def items(self, body: bytes) -> list[dict[str, Any]]:
        """Read a page, or what changed."""
        answer = json.loads(body)
        return list(answer["tasks"] if "tasks" in answer else answer["items"])


class PocketBase:
    """PocketBase's record API; an empty text stands for null, and a client sends the state it wants."""

    name = "pocketbase"

    def template(self, operation: Operation, tasks: int) -> Template | None:
        """Word an operation; `skipTotal` spares PocketBase the count that our contract does not give."""
        records = "/api/collections/tasks/records"
        one = f"{records}/$id"
        page = f"{records}?perPage={tasks}&skipTotal=1&sort=created"
        if operation in (Operation.LIST, Operation.REVALIDATE) and tasks > 1000:
            return None
        return {
            Operation.GET: Template("GET", one),
            Operation.LIST: Template("GET", page),
            Operation.REVALIDATE: Template("GET", page, headers={"If-None-Match": "$etag"}),
            Operation.CREATE: Template("POST", records, json.dumps({"title": _TITLE, "owner": "$user"})),
            Operation.UPDATE: Template("PATCH", one, json.dumps({"title": _TITLE})),
            Operation.TOGGLE: Template("PATCH", one, '{"completed": $flag}', switches=True),
        }.get(operation)

    def facts(self, task: Mapping[str, Any]) -> Facts:
        """Read a record."""
        return Facts(task["title"], task["description"] or None, task["completed"], task["priority"] or None)

    def items(self, body: bytes) -> list[dict[str, Any]]:
        """Read a page."""
        return list(json.loads(body)["items"])
