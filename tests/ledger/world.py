"""Users and their synchronising clients, and what must be true of them after every step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import uuid4

from tests.contracts.client import Reply, Service, User

V2 = "/api/v2"
Task = dict[str, Any]

CONTENT = ("title", "description", "completed_at", "priority", "due", "tags", "position", "deleted_at")
"""What history tells of, as v2 shows it."""

_keys = count(1)


class Client:
    """A client of ``docs/sync.md``: it keeps tasks by id, and the revision it has come to."""

    def __init__(self, user: User, page: int) -> None:
        self.user = user
        self.page = page
        self.online = True
        self.forget()

    def forget(self) -> None:
        """Begin anew, as a client does after ``resync_required``."""
        self.tasks: dict[str, Task] = {}
        self.revision: int | None = None
        self.began = 0

    def sync_page(self) -> bool:
        """Fetch a page and apply it; whether there is more."""
        since = "" if self.revision is None else f"&since={self.revision}"
        reply = self.user.get(f"{V2}/sync?limit={self.page}&began={self.began}{since}")
        if reply.status == 410:
            assert "resync_required" == reply.json()["code"]
            self.forget()
            return True
        assert 200 == reply.status, reply.body
        delta = reply.json()
        for task in delta["tasks"]:
            assert task["deleted_at"] is None
            self.tasks[task["id"]] = task
        for gone in delta["deleted"]:
            self.tasks.pop(gone["id"], None)
        assert (self.revision or 0) <= delta["revision"]
        self.revision = delta["revision"]
        self.began = self.began or delta["newest"]
        more: bool = delta["more"]
        return more

    def sync(self) -> None:
        """Fetch all that is new."""
        while self.sync_page():
            pass


@dataclass
class Truth:
    """What the server says is so of one user, and what it said at each revision."""

    user: User
    revision: int = 0
    tasks: dict[str, Task] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    past: dict[int, dict[str, Task]] = field(default_factory=lambda: {0: {}})

    @property
    def live(self) -> dict[str, Task]:
        return {key: task for key, task in self.tasks.items() if task["deleted_at"] is None}

    @property
    def trash(self) -> dict[str, Task]:
        return {key: task for key, task in self.tasks.items() if task["deleted_at"] is not None}

    def read(self) -> None:
        """Ask the server for everything, by its lists."""
        live, revision = self._pages(f"{V2}/tasks?limit=7")
        trash, again = self._pages(f"{V2}/trash?limit=7")
        assert revision == again
        self.order = [task["id"] for task in live]
        self.tasks = {task["id"]: task for task in [*live, *trash]}
        assert len(self.tasks) == len(live) + len(trash)
        assert all(task["revision"] <= revision for task in self.tasks.values())
        self.revision = revision
        self.past[revision] = self.tasks

    def _pages(self, target: str) -> tuple[list[Task], int]:
        tasks: list[Task] = []
        cursor = ""
        while True:
            page = self.user.get(target + cursor).json()
            tasks += page["items"]
            if page["next_cursor"] is None:
                return tasks, page["revision"]
            cursor = f"&cursor={page['next_cursor']}"


@dataclass
class Request:
    """A write that may be sent more than once."""

    user: User
    method: str
    target: str
    body: Any
    key: str = field(default_factory=lambda: f"key-{next(_keys)}")

    def send(self, *, keyed: bool = True) -> Reply:
        headers = {"Idempotency-Key": self.key} if keyed else {}
        if self.body is None:
            return self.user(self.method, self.target, headers=headers)
        return self.user(self.method, self.target, json=self.body, headers=headers)


class World:
    """Two clients of one user, one of another, and the service between them."""

    def __init__(self, service: Service) -> None:
        self.ann, self.bob = User(service), User(service)
        self.clients = [Client(self.ann, 3), Client(self.ann, 50), Client(self.bob, 4)]
        self.truths = {user.id: Truth(user) for user in (self.ann, self.bob)}
        self.pending: list[tuple[Request, Reply]] = []

    def truth(self, client: Client) -> Truth:
        return self.truths[client.user.id]

    def write(self, client: Client, way: str, method: str, target: str, body: Any = None) -> Reply:
        """Send a write in one of several ways, of which each must have its effect once.

        ``plain``; ``keyed``: with a key; ``lost``: its answer was lost and it is sent again;
        ``late``: likewise, but only later.
        """
        request = Request(client.user, method, target, body)
        reply = request.send(keyed=way != "plain")
        self.check_walls(client.user, reply)
        if way == "lost":
            again = request.send()
            assert_repeated(reply, again)
        elif way == "late" and reply.status < 300:
            self.pending.append((request, reply))
        return reply

    def retry(self, index: int) -> None:
        """Send a request again whose answer was lost, whatever happened since."""
        request, first = self.pending.pop(index % len(self.pending))
        assert_repeated(first, request.send())

    def misuse(self, index: int) -> None:
        """Use a key for another request."""
        request, _ = self.pending[index % len(self.pending)]
        other = Request(request.user, "POST", f"{V2}/tasks", {"title": "other"}, request.key)
        assert 422 == other.send().status

    def settle(self, client: Client, changed: Sequence[str] | None = None) -> Truth:
        """Read the truth after a write; all but the ``changed`` tasks are as they were.

        Of a write that changed nothing ``changed`` is empty. ``None`` if it can be any of them.
        """
        truth = self.truth(client)
        before, revision = truth.tasks, truth.revision
        truth.read()
        assert truth.revision in {revision, revision + 1}
        if truth.revision == revision:
            assert before == truth.tasks
        if changed is not None:
            untouched = {key for key in before | truth.tasks if key not in changed}
            for key in untouched:
                assert before.get(key) == truth.tasks.get(key)
        return truth

    def check(self) -> None:
        """Every client that is online has what the server has, by whatever contract it is asked."""
        for client in self.clients:
            if not client.online:
                continue
            client.sync()
            truth = self.truth(client)
            assert truth.revision == client.revision
            assert truth.live == client.tasks
        for user in (self.ann, self.bob):
            self.check_contracts(user)

    def check_contracts(self, user: User) -> None:
        """The frozen contracts see the same tasks."""
        live = self.truths[user.id].live
        reply = user.get("/api/v1/tasks")
        self.check_walls(user, reply)
        seen = {task["id"]: (task["title"], task["completed"], task["priority"]) for task in reply.json()}
        assert {
            task["number"]: (task["title"], task["completed"], task["priority"]) for task in live.values()
        } == seen
        reply = user.get(f"/enveloped/api/{user.path}/tasks")
        self.check_walls(user, reply)
        assert live.keys() == {task["id"] for task in reply.json()["data"]}

    def check_walls(self, user: User, reply: Reply) -> None:
        """No answer carries another user's text."""
        other = self.bob if user is self.ann else self.ann
        assert other.text.encode() not in reply.body
        assert all(other.text not in f"{name}{value}" for name, value in reply.headers.items())


def assert_repeated(first: Reply, again: Reply) -> None:
    """A request that was sent again has had its effect once."""
    assert first.status == again.status
    if first.status < 300:
        assert first.body == again.body
        assert "true" == again.headers["idempotent-replayed"]
        assert first.headers.get("etag") == again.headers.get("etag")


def content(task: Mapping[str, Any]) -> dict[str, Any]:
    """What history tells of, of a task."""
    return {name: task[name] for name in CONTENT}


def new_id() -> str:
    return str(uuid4())
