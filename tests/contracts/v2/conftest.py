from typing import Any

import pytest

from tests.contracts.client import Reply, User

TASKS = "/api/v2/tasks"


class Lister(User):
    """A user of v2; what is written is answered as JSON, and must have been done."""

    def made(self, title: str = "Tea", **fields: Any) -> dict[str, Any]:
        return _json(self.post(TASKS, {"title": title, **fields}), 201)

    def read(self, task: dict[str, Any]) -> dict[str, Any]:
        return _json(self.get(f"{TASKS}/{task['id']}"))

    def changed(self, task: dict[str, Any], **fields: Any) -> dict[str, Any]:
        return _json(self.patch(f"{TASKS}/{task['id']}", json=fields))

    def turned(self, task: dict[str, Any], turn: str, body: Any = None) -> dict[str, Any]:
        options = {} if body is None else {"json": body}
        return _json(self("POST", f"{TASKS}/{task['id']}/{turn}", **options))

    def deleted(self, task: dict[str, Any]) -> None:
        assert 204 == self.delete(f"{TASKS}/{task['id']}").status

    def titles(self, query: str = "") -> list[str]:
        return [task["title"] for task in _json(self.get(TASKS + query))["items"]]


def _json(reply: Reply, status: int = 200) -> dict[str, Any]:
    assert status == reply.status, reply.body
    found: dict[str, Any] = reply.json()
    return found


@pytest.fixture
def ada(service: Any) -> Lister:
    return Lister(service)


@pytest.fixture
def bob(service: Any) -> Lister:
    return Lister(service)
