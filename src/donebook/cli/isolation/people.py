"""The two users who are made to be kept apart, and taken away afterwards."""

import asyncio
import re
import secrets as randomness
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from donebook.accounts.guesses import forget_guesses
from donebook.accounts.model import auth_events
from donebook.accounts.statements import erasure
from donebook.cli.isolation.document import Operation
from donebook.errors import DatabaseUnavailable
from donebook.migrations.tables import METADATA
from donebook.settings import Settings
from donebook.spaces.statements import ERASE_SPACE
from donebook.storage.connect import database_for
from donebook.storage.database import Transaction
from donebook.tokens.issue import issue_token
from donebook.tokens.shared import SharedSecrets

_LIFETIME = 900
_MOST_RETURNS = 5
LONGEST_WAIT = 60
"""Seconds to wait at most where the server asks for patience."""


@dataclass(frozen=True)
class OwnTask:
    """A task by both its names; ``None`` where no contract told one of them."""

    uuid: str | None
    number: int | None

    def key(self, kind: str | None) -> str | None:
        key = self.uuid if kind == "uuid" else self.number
        return None if key is None else str(key)


@dataclass
class Person:
    """A user with a tag in everything that is theirs; ``known`` where the server may have made them."""

    client: httpx.Client
    secrets: SharedSecrets
    name: str
    tag: str = field(default_factory=lambda: f"doctor{randomness.token_hex(8)}")
    live: list[OwnTask] = field(default_factory=list)
    trashed: list[OwnTask] = field(default_factory=list)
    creations: list[Operation] = field(default_factory=list)
    known: bool = False
    revision: int = 1
    """One of this user's own."""
    _addresses: dict[OwnTask, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        return f"{self.tag}-{self.name}"

    def token(self) -> str:
        """A new token."""
        issued = issue_token(
            self.secrets,
            user_id=self.id,
            email=f"{self.id}@example.invalid",
            name=self.id,
            now=time.time(),
            lifetime=_LIFETIME,
        )
        return issued.token

    def ask(self, method: str, path: str, *, token: str | None = None, **options: Any) -> httpx.Response:
        """A request as this user; waits where the server asks for patience."""
        headers = {"Authorization": f"Bearer {token or self._token}"} | options.pop("headers", {})
        was_known, self.known = self.known, True
        while True:
            answer = self.client.request(method, path, headers=headers, **options)
            if answer.status_code == httpx.codes.UNAUTHORIZED:
                self.known = was_known
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                return answer
            time.sleep(min(int(answer.headers.get("retry-after", "1")), LONGEST_WAIT))

    def __post_init__(self) -> None:
        self._token = self.token()

    def come_back(self) -> None:
        """Go on after all of one's tokens were ended: those of the next second are accepted again."""
        path = self.creations[0].path.replace("{user_id}", self.id)
        for _ in range(_MOST_RETURNS):
            time.sleep(1)
            self._token = self.token()
            if self.ask("GET", path).status_code != httpx.codes.UNAUTHORIZED:
                return

    def create(self, kind: str | None, *, trashed: bool = False) -> OwnTask:
        """Create a task that is known by this kind of key; raises `LookupError` where none shows it."""
        for operation in self.creations:
            path = operation.path.replace("{user_id}", self.id)
            created = self.ask("POST", path, json={"title": f"{self.tag} task"}).raise_for_status()
            self.revision = leading_number(created.headers.get("etag", "")) or self.revision
            answer = created.json()
            task = _own_task(answer)
            if kind is not None and task.key(kind) is None:
                continue
            self._addresses[task] = f"{path}/{answer['id']}"
            if trashed:
                self.ask("DELETE", self.address(task)).raise_for_status()
            return task
        raise LookupError(f"no contract that is mounted tells a task's {kind}")

    def address(self, task: OwnTask) -> str:
        """Where the task is, in the contract it was created by."""
        return self._addresses[task]

    def belongings(self) -> list[Any]:
        """Everything of this user's that any list shows, without what changes by looking."""
        seen = []
        for creation in self.creations:
            answer = self.ask("GET", creation.path.replace("{user_id}", self.id)).raise_for_status().json()
            lists = [answer, *(answer.values() if isinstance(answer, dict) else ())]
            seen.append(next((each for each in lists if isinstance(each, list)), answer))
        return seen

    def marks(self) -> Iterator[str]:
        """Texts that nobody else may be shown."""
        yield self.tag
        for task in (*self.live, *self.trashed):
            if task.uuid is not None:
                yield task.uuid

    def numbers(self) -> set[int]:
        return {task.number for task in (*self.live, *self.trashed) if task.number is not None}


def leading_number(tag: str) -> int:
    """The revision that an entity tag begins with; 0 where it has none."""
    found = re.match(r'"(\d+)', tag)
    return int(found[1]) if found else 0


def _own_task(shown: dict[str, Any]) -> OwnTask:
    if isinstance(shown["id"], int):
        return OwnTask(None, shown["id"])
    return OwnTask(shown["id"], shown.get("number"))


def make_people(
    client: httpx.Client, secrets: SharedSecrets, operations: Sequence[Operation]
) -> tuple[Person, Person]:
    """One who has something and one who is after it; no request is made yet."""
    # The contract that tells most of a task's names first.
    creations = sorted(
        (each for each in operations if each.creates_tasks), key=lambda each: "/v2/" not in each.path
    )
    victim, intruder = Person(client, secrets, "victim"), Person(client, secrets, "intruder")
    for person in (victim, intruder):
        person.creations = creations
    return victim, intruder


def give_tasks(person: Person) -> None:
    """Let the person have as much as the other; raises `httpx.HTTPError`."""
    for kind in ("uuid", "number"):
        try:
            person.live.append(person.create(kind))
            person.trashed.append(person.create(kind, trashed=True))
        except LookupError:
            continue


def remove_people(settings: Settings, people: Sequence[Person]) -> list[str]:
    """Delete every row of theirs; returns the ids of those whom this database does not know."""
    return asyncio.run(_remove(settings, [person.id for person in people]))


async def _remove(settings: Settings, ids: Sequence[str]) -> list[str]:
    database = database_for(settings)
    await database.open()
    try:
        return [user_id for user_id in ids if not await database.transact(_removal(user_id))]
    except DatabaseUnavailable:
        return [*ids]
    finally:
        await database.close()


def _removal(user_id: str) -> Any:
    async def remove(transaction: Transaction) -> bool:
        values = {"owner": user_id}
        known = bool(await transaction.fetch(erasure.ERASE_USER, values))
        await transaction.fetch(ERASE_SPACE, values)
        await forget_guesses(transaction, user_id)
        for table in (*erasure.tables_to_empty(METADATA), auth_events):
            await transaction.fetch(erasure.erase_rows(table), values)
        return known

    return remove
