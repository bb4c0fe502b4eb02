"""Clients that synchronise through anything: other writers, lost answers, retries, absences, undos."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from donebook.ledger.upkeep.maintenance import Retention, maintain
from donebook.ledger.upkeep.usage import recount
from donebook.settings import Settings
from donebook.storage.connect import database_for
from donebook.storage.database import Database
from tests.contracts.client import Service, serve
from tests.contracts.conformance import conforms_to
from tests.ledger.world import V2, Client, Truth, World, content, new_id

FOREVER = timedelta(days=36_500)

CLIENT = st.integers(0, 2)
WAY = st.sampled_from(["plain", "plain", "keyed", "lost", "late"])
INDEX = st.integers(0, 11)
TITLES = st.sampled_from(["tea", "Öl", "wood", "tea and wood"])
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "title": TITLES,
        "description": st.sampled_from([None, "much", "little"]),
        "completed": st.booleans(),
        "priority": st.sampled_from([None, "low", "high"]),
        "due": st.sampled_from(
            [None, {"date": "2026-12-01"}, {"at": "2026-12-01T08:00:00Z", "time_zone": None}]
        ),
        "tags": st.lists(st.sampled_from(["home", "work"]), max_size=2, unique=True),
    },
)
TURNS = st.sampled_from(["complete", "reopen", "delete", "restore"])
PLACE = st.sampled_from(["first", "last", "before", "after"])


class Synchronisation(RuleBasedStateMachine):
    service: ClassVar[Service]
    database: ClassVar[Database]

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.service)

    def client(self, index: int) -> Client:
        return self.world.clients[index]

    def task(self, truth: Truth, index: int) -> dict[str, Any] | None:
        """One of the user's tasks, in the trash or not."""
        tasks = sorted(truth.tasks.values(), key=lambda task: task["number"])
        return tasks[index % len(tasks)] if tasks else None

    def given(self, client: Client, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Fields in which every text is marked as the user's."""
        marked = dict(fields)
        for name in ("title", "description"):
            if marked.get(name):
                marked[name] = client.user.text + marked[name]
        return marked

    def expect(self, truth: Truth, key: str, fields: Mapping[str, Any]) -> None:
        task = truth.tasks[key]
        assert dict(fields) == {name: task[name] for name in fields}

    @rule(index=CLIENT, way=WAY, title=TITLES, fields=FIELDS, own_id=st.booleans())
    def create(self, index: int, way: str, title: str, fields: dict[str, Any], own_id: bool) -> None:
        client = self.client(index)
        body = self.given(client, {"title": title} | fields)
        reply = self.world.write(
            client, way, "POST", f"{V2}/tasks", body | ({"id": new_id()} if own_id else {})
        )
        assert 201 == reply.status
        key = reply.json()["id"]
        truth = self.world.settle(client, [key])
        assert key == truth.order[-1]
        self.expect(truth, key, body)

    @rule(index=CLIENT, way=WAY, which=INDEX)
    def create_again(self, index: int, way: str, which: int) -> None:
        client = self.client(index)
        if (task := self.task(self.world.truth(client), which)) is None:
            return
        body = {"id": task["id"], "title": f"{client.user.text}again"}
        reply = self.world.write(client, way, "POST", f"{V2}/tasks", body)
        assert (200, task) == (reply.status, reply.json())
        self.world.settle(client, [])

    @rule(index=CLIENT, way=WAY, which=INDEX, fields=FIELDS)
    def change(self, index: int, way: str, which: int, fields: dict[str, Any]) -> None:
        client = self.client(index)
        if (task := self.task(self.world.truth(client), which)) is None:
            return
        body = self.given(client, fields)
        reply = self.world.write(client, way, "PATCH", f"{V2}/tasks/{task['id']}", body)
        truth = self.world.settle(client, [task["id"]])
        assert (404 if task["deleted_at"] else 200) == reply.status
        if reply.status == 200:
            self.expect(truth, task["id"], body)

    @rule(index=CLIENT, way=WAY, which=INDEX, turn=TURNS)
    def turn(self, index: int, way: str, which: int, turn: str) -> None:
        client = self.client(index)
        if (task := self.task(self.world.truth(client), which)) is None:
            return
        method, target = ("DELETE", "") if turn == "delete" else ("POST", f"/{turn}")
        reply = self.world.write(client, way, method, f"{V2}/tasks/{task['id']}{target}")
        truth = self.world.settle(client, [task["id"]])
        if task["deleted_at"] and turn != "restore":
            assert 404 == reply.status
            return
        assert (204 if turn == "delete" else 200) == reply.status
        self.check_turned(truth, task, turn)

    def check_turned(self, truth: Truth, task: Mapping[str, Any], turn: str) -> None:
        now = truth.tasks[task["id"]]
        assert (turn == "delete") == (now["deleted_at"] is not None)
        if turn in {"complete", "reopen"}:
            assert (turn == "complete") == now["completed"]

    @rule(index=CLIENT, way=WAY, which=INDEX, place=PLACE, other=INDEX)
    def move(self, index: int, way: str, which: int, place: str, other: int) -> None:
        client = self.client(index)
        truth = self.world.truth(client)
        task, anchor = self.task(truth, which), self.task(truth, other)
        if task is None or anchor is None:
            return
        body = {"to": place} if place in {"first", "last"} else {place: anchor["id"]}
        expected = list(truth.order)
        found = not task["deleted_at"] and ("to" in body or not anchor["deleted_at"])
        if found and ("to" in body or anchor["id"] != task["id"]):
            expected = _moved(expected, task["id"], body)
        reply = self.world.write(client, way, "POST", f"{V2}/tasks/{task['id']}/move", body)
        assert (200 if found else 404) == reply.status
        assert expected == self.world.settle(client).order

    @rule(index=CLIENT, way=WAY, steps=st.lists(st.tuples(TURNS, INDEX), max_size=3), title=TITLES)
    def batch(self, index: int, way: str, steps: list[tuple[str, int]], title: str) -> None:
        client = self.client(index)
        truth = self.world.truth(client)
        tasks = [(turn, task) for turn, which in steps if (task := self.task(truth, which)) is not None]
        operations: list[dict[str, Any]] = [{"op": turn, "id": task["id"]} for turn, task in tasks]
        operations.append({"op": "create", "task": {"title": client.user.text + title}})
        reply = self.world.write(client, way, "POST", f"{V2}/batch", {"operations": operations})
        if reply.status == 404:
            assert 0 <= reply.json()["operation"] < len(tasks)
            self.world.settle(client, [])
            return
        assert 200 == reply.status
        results = reply.json()["results"]
        truth = self.world.settle(client, [task["id"] for task in results])
        assert truth.revision == reply.json()["revision"]
        assert [truth.tasks[task["id"]] for task in results] == results

    @rule(index=CLIENT, way=WAY, which=INDEX, fields=FIELDS, ago=st.integers(0, 5))
    def merge(self, index: int, way: str, which: int, fields: dict[str, Any], ago: int) -> None:
        client = self.client(index)
        truth = self.world.truth(client)
        base = max(truth.revision - ago, 0)
        task = self.task(truth, which)
        if task is None or task["deleted_at"] or base not in truth.past:
            return
        body = self.given(client, fields)
        then = truth.past[base].get(task["id"])
        conflicts = {
            name
            for name, value in body.items()
            if value != task[name] and (then is None or task[name] != then[name])
        }
        reply = self.world.write(client, way, "PATCH", f"{V2}/tasks/{task['id']}?base={base}", body)
        truth = self.world.settle(client, [] if conflicts else [task["id"]])
        if conflicts:
            assert 409 == reply.status
            assert conflicts == {each["field"] for each in reply.json()["conflicts"]}
        else:
            assert 200 == reply.status
            self.expect(truth, task["id"], body)

    @rule(index=CLIENT, way=WAY, ago=st.integers(0, 6))
    def undo(self, index: int, way: str, ago: int) -> None:
        client = self.client(index)
        truth = self.world.truth(client)
        revision = truth.revision - ago
        if revision < 1 or not {revision, revision - 1} <= truth.past.keys():
            return
        before, after, now = truth.past[revision - 1], truth.past[revision], truth.tasks
        touched = [key for key in after if before.get(key) != after[key]]
        erased = before.keys() - after.keys()
        obstructed = bool(erased) or any(
            key not in now or _changed_again(before.get(key), after[key], now[key]) for key in touched
        )
        reply = self.world.write(client, way, "POST", f"{V2}/changes/{revision}/undo")
        truth = self.world.settle(client, [] if obstructed else touched)
        assert (409 if obstructed else 200) == reply.status
        if not obstructed:
            for key in touched:
                _check_undone(before.get(key), after[key], now[key], truth.tasks[key])

    @rule(index=CLIENT, way=WAY, which=INDEX)
    def erase(self, index: int, way: str, which: int) -> None:
        client = self.client(index)
        task = self.task(self.world.truth(client), which)
        if task is None:
            return
        reply = self.world.write(client, way, "DELETE", f"{V2}/trash/{task['id']}")
        assert (204 if task["deleted_at"] else 404) == reply.status
        truth = self.world.settle(client, [task["id"]] if task["deleted_at"] else [])
        assert bool(task["deleted_at"]) == (task["id"] not in truth.tasks)

    @rule(index=CLIENT, way=WAY, title=TITLES, contract=st.integers(0, 3))
    def create_through_a_frozen_contract(self, index: int, way: str, title: str, contract: int) -> None:
        client = self.client(index)
        target = (
            f"/api/{client.user.path}/tasks",
            "/api/v1/tasks",
            "/api/tasks",
            f"/enveloped/api/{client.user.path}/tasks",
        )[contract]
        reply = self.world.write(client, way, "POST", target, {"title": client.user.text + title})
        assert 201 == reply.status
        truth = self.world.settle(client)
        assert client.user.text + title == truth.tasks[truth.order[-1]]["title"]

    @rule(index=CLIENT, way=WAY, which=INDEX, contract=st.integers(0, 3), title=st.none() | TITLES)
    def change_through_a_frozen_contract(
        self, index: int, way: str, which: int, contract: int, title: str | None
    ) -> None:
        client = self.client(index)
        task = self.task(self.world.truth(client), which)
        if task is None:
            return
        target = (
            f"/api/{client.user.path}/tasks/{task['number']}",
            f"/api/v1/tasks/{task['number']}",
            f"/api/tasks/{task['number']}",
            f"/enveloped/api/{client.user.path}/tasks/{task['id']}",
        )[contract]
        body = {"title": client.user.text + (title or "")}
        if title is not None:
            reply = self.world.write(client, way, "PUT", target, body)
        else:
            reply = self.world.write(client, way, "PATCH", f"{target}/complete")
        assert (404 if task["deleted_at"] else 200) == reply.status
        truth = self.world.settle(client, [task["id"]])
        if reply.status == 200 and title is not None:
            self.expect(truth, task["id"], body)
        elif reply.status == 200:
            assert (contract == 3 or not task["completed"]) == truth.tasks[task["id"]]["completed"]

    @precondition(lambda self: self.world.pending)
    @rule(which=INDEX)
    def retry(self, which: int) -> None:
        self.world.retry(which)

    @precondition(lambda self: self.world.pending)
    @rule(which=INDEX)
    def use_a_key_again(self, which: int) -> None:
        self.world.misuse(which)

    @rule(index=CLIENT)
    def lose_touch(self, index: int) -> None:
        self.client(index).online = False

    @rule(index=CLIENT, anew=st.booleans())
    def come_back(self, index: int, anew: bool) -> None:
        client = self.client(index)
        client.online = True
        if anew:
            client.forget()

    @rule(index=CLIENT)
    def fetch_one_page(self, index: int) -> None:
        client = self.client(index)
        client.online = False
        client.sync_page()

    @rule(trash=st.booleans(), tombstones=st.booleans())
    def tidy_up(self, trash: bool, tombstones: bool) -> None:
        now = datetime.now(UTC) + timedelta(seconds=1)
        retention = Retention(
            trash=timedelta(0) if trash else FOREVER,
            tombstones=timedelta(0) if tombstones else FOREVER,
            history=FOREVER,
        )
        self.service.run(maintain(self.database, retention, now))
        for truth in self.world.truths.values():
            live = truth.live
            expected = live if trash else truth.tasks
            truth.read()
            assert expected == truth.tasks

    @invariant()
    def clients_have_what_the_server_has(self) -> None:
        self.world.check()

    @invariant()
    def counters_say_what_is_there(self) -> None:
        for user in self.world.truths:
            assert not self.service.run(recount(self.database, user))


def _moved(order: list[str], key: str, body: Mapping[str, str]) -> list[str]:
    rest = [each for each in order if each != key]
    if "to" in body:
        place = 0 if body["to"] == "first" else len(rest)
    elif "before" in body:
        place = rest.index(body["before"])
    else:
        place = rest.index(body["after"]) + 1
    return [*rest[:place], key, *rest[place:]]


Facts = Mapping[str, Any]


def _touched(before: Facts | None, after: Facts) -> list[str]:
    return [name for name in content(after) if before is None or before[name] != after[name]]


def _changed_again(before: Facts | None, after: Facts, now: Facts) -> bool:
    return any(after[name] != now[name] for name in _touched(before, after))


def _check_undone(before: Facts | None, after: Facts, now: Facts, undone: Facts) -> None:
    if before is None:
        assert undone["deleted_at"] is not None
        return
    expected = content(now) | {name: before[name] for name in _touched(before, after)}
    assert expected == content(undone)


@pytest.fixture
def machine(database_url: str) -> Iterator[type[Synchronisation]]:
    with serve(database_url, check=conforms_to()) as service:
        database = database_for(Settings(database_url=database_url, sqlite_synchronous="NORMAL"))
        service.run(database.open())
        yield type("Bound", (Synchronisation,), {"service": service, "database": database})
        service.run(database.close())


def test_clients_have_what_the_server_has_whatever_happens(machine: type[Synchronisation]) -> None:
    # A quarter of the profile's examples takes about twenty seconds; --hypothesis-profile digs deeper.
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=max(settings().max_examples // 4, 1),
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
