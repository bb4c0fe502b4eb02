"""A write does the same as one PostgreSQL statement, as steps on PostgreSQL, and as steps on SQLite."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from donebook.errors import Failure, PreconditionFailed
from donebook.ledger.operations import Edit, Key, Move, Writing
from donebook.ledger.writing import records
from donebook.ledger.writing.revision import OpenRevision, Written
from donebook.storage.database import Database
from donebook.tasks import usecases
from donebook.tasks.kind import TASKS
from donebook.tasks.operations import change, delete, new_task, restore, toggle
from donebook.tasks.selection import Place, Selection, Sort
from donebook.tasks.values import Due
from tests.databases import open_database
from tests.tasks.actors import VIA, Actor, TaskFacts, new_actor

MISSING = -1
NOON = datetime(2031, 1, 1, 12, tzinfo=UTC)
TEXTS = st.sampled_from(["a", "A", "b", "ä", "Ä", "%", "ß", "x" * 500, "𝄞", "a b"])
DUES = st.sampled_from(
    [
        None,
        Due(NOON),
        Due(NOON + timedelta(microseconds=1), time_zone="Asia/Tokyo"),
        Due(NOON.replace(hour=0), all_day=True),
    ]
)
INSTANTS = [NOON, NOON + timedelta(microseconds=1), NOON.replace(hour=0)]
FIELDS = {
    "title": TEXTS,
    "description": st.none() | TEXTS,
    "priority": st.sampled_from([None, "low", "medium", "high"]),
    "due": DUES,
    "tags": st.lists(TEXTS.filter(lambda text: len(text) < 50), max_size=3, unique=True).map(tuple),
}
MOMENTS = st.sampled_from([NOON, NOON + timedelta(microseconds=1), NOON + timedelta(days=1)])


@dataclass(frozen=True)
class Creation:
    """Create a task; ``behind`` is how far the expected revision is from the right one.

    With ``again`` it has the UUID of the task before.
    """

    new: dict[str, Any]
    again: bool
    now: datetime
    behind: int | None


@dataclass(frozen=True)
class EditOf:
    """Edit the n-th task, found by number or by UUID."""

    task: int
    by_uuid: bool
    fields: dict[str, Any]
    flip: str | None
    now: datetime
    behind: int | None


@dataclass(frozen=True)
class MoveOf:
    """Move the n-th task next to another, or to an end."""

    task: int
    side: Literal["before", "after"]
    anchor: int | None
    now: datetime
    behind: int | None


@dataclass(frozen=True)
class Look:
    """List tasks, and then all of them page by page."""

    selection: Selection
    page: int


Operation = Creation | EditOf | MoveOf | Look


NEW_TASKS = st.fixed_dictionaries(
    {"title": FIELDS["title"]},
    optional={**{name: FIELDS[name] for name in FIELDS if name != "title"}, "completed": st.booleans()},
)
OPERATIONS = st.lists(
    st.one_of(
        st.builds(Creation, NEW_TASKS, st.booleans(), MOMENTS, st.none() | st.integers(0, 1)),
        st.builds(
            EditOf,
            task=st.integers(MISSING, 3),
            by_uuid=st.booleans(),
            fields=st.fixed_dictionaries(
                {},
                optional={
                    **FIELDS,
                    "completed": st.booleans(),
                    "due_at": st.none() | st.sampled_from(INSTANTS),
                },
            ),
            flip=st.sampled_from([None, None, "toggle", "delete", "restore", "position"]),
            now=MOMENTS,
            behind=st.none() | st.integers(0, 1),
        ),
        st.builds(
            MoveOf,
            task=st.integers(MISSING, 3),
            side=st.sampled_from(["before", "after"]),
            anchor=st.none() | st.integers(MISSING, 3),
            now=MOMENTS,
            behind=st.none() | st.integers(0, 1),
        ),
        st.builds(
            Look,
            st.builds(
                Selection,
                completed=st.none() | st.booleans(),
                trashed=st.booleans(),
                priorities=st.sampled_from([(), ("low",), ("low", "high")]),
                search=st.lists(TEXTS, max_size=2).map(tuple),
                tags=st.sampled_from([(), ("a",), ("ä", "b")]),
                sort=st.sampled_from(get_args(Sort)),
                descending=st.booleans(),
                limit=st.none() | st.integers(0, 3),
                offset=st.integers(0, 3),
            ),
            st.integers(1, 3),
        ),
    ),
    min_size=1,
    max_size=12,
)


@dataclass
class Way:
    """One way to run the use cases, for one user."""

    actor: Actor
    in_steps: bool
    numbers: list[int] = field(default_factory=list)

    @property
    def database(self) -> Database:
        return self.actor.database

    async def run(self, operations: Sequence[Operation]) -> list[Any]:
        """What each operation returned or how it failed, and all that is stored afterwards."""
        outcomes = []
        for operation in operations:
            try:
                outcomes.append(self._plain(await self._do(operation)))
            except PreconditionFailed as failure:
                outcomes.append(["refused", self._plain(failure.current), failure.revision])
            except Failure as failure:
                outcomes.append(type(failure).__name__)
        stored = [
            await self.actor.revision(),
            *(self._plain(version) for version in await self.actor.versions()),
            *([self.numbers.index(row[0]), *row[1:2], *row[3:]] for row in await self.actor.rows()),
        ]
        return [*outcomes, *stored]

    async def _do(self, operation: Operation) -> Any:
        if isinstance(operation, Look):
            return await self._look(operation)
        if isinstance(operation, Creation):
            revision = await self.actor.revision()
            written = await self._create(operation, _expected(revision, operation.behind))
            if written.record.id not in self.numbers:
                self.numbers.append(written.record.id)
            return written
        if isinstance(operation, MoveOf):
            return await self._move(operation)
        key, revision = await self._find(operation.task, by_uuid=operation.by_uuid)
        edit = _edit(key, operation)
        return await self._edit(edit, Writing(operation.now, VIA, _expected(revision, operation.behind)))

    async def _create(self, operation: Creation, if_match: int | None) -> Written[TaskFacts]:
        # Chosen by the client, so that it is the same whichever way the task is made.
        uuid = UUID(int=len(self.numbers) + (not operation.again))
        new = new_task(**operation.new, uuid=uuid)
        writing = Writing(operation.now, VIA, if_match)
        if not self.in_steps:
            return await records.create_record(self.database, self.actor.principal, new, writing, TaskFacts)
        return await self._in_steps(writing, lambda revision: revision.create(new, TaskFacts))

    async def _edit(self, edit: Edit, writing: Writing) -> Written[TaskFacts]:
        if not self.in_steps:
            return await records.edit_record(self.database, self.actor.principal, edit, writing, TaskFacts)
        return await self._in_steps(writing, lambda revision: revision.edit(edit, TaskFacts))

    async def _move(self, operation: MoveOf) -> Written[TaskFacts]:
        key, at = await self._find(operation.task)
        anchor = None if operation.anchor is None else (await self._find(operation.anchor))[0]
        move = Move(TASKS, key, operation.side, anchor)
        writing = Writing(operation.now, VIA, _expected(at, operation.behind))
        if not self.in_steps:
            return await records.move_record(self.database, self.actor.principal, move, writing, TaskFacts)
        return await self._in_steps(writing, lambda revision: revision.move(move, TaskFacts))

    async def _look(self, look: Look) -> list[Any]:
        principal, found = self.actor.principal, []
        after: Place | None = None
        listing = await usecases.list_tasks(self.database, principal, look.selection, TaskFacts)
        while True:
            page = await usecases.page_tasks(
                self.database, principal, look.selection, TaskFacts, limit=look.page, after=after
            )
            found += [self._plain(task) for task in page.tasks]
            after = page.end
            if after is None:
                return [self._plain(listing), found, page.revision]

    async def _in_steps(
        self, writing: Writing, work: Callable[[OpenRevision], Awaitable[Written[TaskFacts]]]
    ) -> Written[TaskFacts]:
        return await self.database.transact(
            lambda transaction: OpenRevision.take(transaction, self.actor.principal, writing, work)
        )

    async def _find(self, task: int, *, by_uuid: bool = False) -> tuple[Key, int]:
        """The key of the n-th task, and the revision its row stands at."""
        if not 0 <= task < len(self.numbers):
            return (UUID(int=99) if by_uuid else (1 << 63) - 1), 0
        number = self.numbers[task]
        at = next(row[-1] for row in await self.actor.rows() if row[0] == number)
        return (UUID(int=task + 1) if by_uuid else number), at

    def _plain(self, value: Any) -> Any:
        """The value without what differs from one user or database to the next."""
        match value:
            case TaskFacts():
                return [self._number(value.id), *msgspec.structs.astuple(value)[3:]]
            case usecases.Listing():
                return [[self._plain(task) for task in value.tasks], value.revision, value.total]
            case Written():
                return [self._plain(value.record)[1:], value.revision, value.changed]
            case msgspec.Struct():
                facts = msgspec.structs.asdict(value)
                return facts | {"task_id": self._number(facts["task_id"])}
        return value

    def _number(self, number: int) -> int:
        return self.numbers.index(number) if number in self.numbers else len(self.numbers)


def _expected(revision: int, behind: int | None) -> int | None:
    return None if behind is None else revision - behind


def _edit(key: Key, operation: EditOf) -> Edit:
    match operation.flip:
        case "toggle":
            return toggle(key)
        case "delete":
            return delete(key)
        case "restore":
            return restore(key)
        case "position":
            return Edit(TASKS, key, frozenset({"position"}), {"position": "8"}, "moved")
    return change(key, operation.fields)


@pytest.fixture
async def databases(shared_sqlite_url: str, shared_postgresql_url: str) -> AsyncIterator[list[Database]]:
    async with AsyncExitStack() as stack:
        urls = (shared_sqlite_url, shared_postgresql_url)
        yield [await stack.enter_async_context(open_database(url)) for url in urls]


@given(operations=OPERATIONS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_every_way_to_write_does_the_same(
    databases: list[Database], operations: list[Operation]
) -> None:
    sqlite, postgresql = databases
    ways = [
        Way(await new_actor(postgresql), in_steps=False),
        Way(await new_actor(postgresql), in_steps=True),
        Way(await new_actor(sqlite), in_steps=True),
        Way(await new_actor(sqlite), in_steps=False),
    ]

    one_statement, *others = [await way.run(operations) for way in ways]

    for other in others:
        assert one_statement == other
