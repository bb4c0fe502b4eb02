"""Invariant A: what was acknowledged is there, what is there was meant, once, as it was meant.

And, because the same transaction writes it, the ledger: each user's revisions have no gaps, and the
newest version of each task is the task.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

import asyncpg

from tests.faults.journal import Promise, State


class InvariantBroken(AssertionError):
    """The service has broken one of the two invariants; the message says every way in which."""


def require_none(violations: Sequence[str]) -> None:
    """Raise `InvariantBroken` if there are any."""
    if violations:
        raise InvariantBroken("\n".join(violations))


class StoredTask(NamedTuple):
    """A row of the tasks, or of their versions."""

    owner: str
    number: int
    revision: int
    key: str
    state: State


@dataclass(frozen=True)
class Store:
    """What a database holds; of each user, the revisions that were taken."""

    revisions: Mapping[str, range]
    tasks: Sequence[StoredTask]
    versions: Sequence[StoredTask]
    damage: str = ""


_USERS = "SELECT id, floor, revision FROM spaces"
_FACTS = "revision, description, title, completed_at IS NOT NULL, deleted_at IS NOT NULL"
_TASKS = f"SELECT owner_id, id, {_FACTS} FROM tasks"
_VERSIONS = f"SELECT owner_id, task_id, {_FACTS} FROM task_versions"


async def read_store(url: str) -> Store:
    """Read the database itself, past the service."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"), timeout=30)) as file:
            (damage,) = file.execute("PRAGMA integrity_check").fetchone()
            rows = [file.execute(query).fetchall() for query in (_USERS, _TASKS, _VERSIONS)]
        return _store(*rows, damage="" if damage == "ok" else damage)
    connection = await asyncpg.connect(url, timeout=30)
    try:
        async with connection.transaction(isolation="repeatable_read"):
            rows = [await connection.fetch(query) for query in (_USERS, _TASKS, _VERSIONS)]
    finally:
        await connection.close()
    return _store(*rows)


def _store(users: Any, tasks: Any, versions: Any, *, damage: str = "") -> Store:
    taken = {owner: range(floor + 1, revision + 1) for owner, floor, revision in users}
    return Store(taken, _stored(tasks), _stored(versions), damage)


def _stored(rows: Any) -> list[StoredTask]:
    return [
        StoredTask(owner, number, revision, key, State(title, bool(completed), bool(deleted)))
        for owner, number, revision, key, title, completed, deleted in rows
    ]


def durability_violations(promises: Mapping[str, Promise], store: Store) -> list[str]:
    """Everything by which the store breaks its promises; empty when it keeps them all."""
    found = [f"the file is damaged: {store.damage}"] if store.damage else []
    rows: dict[str, list[StoredTask]] = defaultdict(list)
    for task in store.tasks:
        rows[task.key].append(task)
    found += [f"{key}: is there and was never meant" for key in rows.keys() - promises.keys()]
    for key, promise in promises.items():
        stored = rows.get(key, [])
        state = stored[0].state if stored else None
        if len(stored) > 1:
            found.append(f"{key}: is there {len(stored)} times")
        if state not in promise.allowed:
            found.append(f"{key}: is {state}, promised was {promise.allowed}")
        if any(each.owner != promise.owner for each in stored):
            found.append(f"{key}: belongs to another user")
    return found + ledger_violations(store)


def ledger_violations(store: Store) -> list[str]:
    """Revisions that no version has, and tasks that are not their newest version."""
    found = []
    written: dict[str, set[int]] = defaultdict(set)
    newest: dict[tuple[str, int], StoredTask] = {}
    for version in store.versions:
        written[version.owner].add(version.revision)
        before = newest.get(version[:2])
        if before is None or before.revision < version.revision:
            newest[version[:2]] = version
    for owner, taken in store.revisions.items():
        if written[owner] != set(taken):
            found.append(
                f"{owner}: is at revision {taken.stop - 1}, and has versions of {sorted(written[owner])}"
            )
    found += [
        f"{task.key}: the task is {task}, its newest version {newest.get(task[:2])}"
        for task in store.tasks
        if newest.get(task[:2]) != task
    ]
    return found


async def assert_sound_ledger(url: str) -> None:
    """Fail unless the revisions of each user in the database have no gap, and end with what the tasks are."""
    require_none(ledger_violations(await read_store(url)))


async def assert_durable(promises: Mapping[str, Promise], url: str) -> None:
    """Fail unless the database keeps what was promised."""
    require_none(durability_violations(promises, await read_store(url)))
