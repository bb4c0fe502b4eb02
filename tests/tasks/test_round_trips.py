"""What a use case costs once it has been used: one round trip on PostgreSQL, and no SQL compiled."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
import pytest
from sqlalchemy.sql.compiler import SQLCompiler

from donebook.accounts.usecases import provision_user
from donebook.contracts.enveloped import EnvelopedTask
from donebook.contracts.flat import FlatTask
from donebook.contracts.scoped import ScopedTask
from donebook.contracts.versioned import VersionedTask
from donebook.errors import PreconditionFailed, TaskNotFound
from donebook.ledger.operations import Move
from donebook.ledger.writing import records
from donebook.storage.database import Database
from donebook.storage.statement import POSTGRESQL, compile_statement
from donebook.tasks import usecases
from donebook.tasks.kind import TASKS
from donebook.tasks.operations import restore
from donebook.tasks.selection import Selection
from donebook.tasks.statements.reading import list_tasks
from donebook.tasks.statements.selecting import shape_of
from donebook.tasks.values import Due
from tests.databases import open_database
from tests.tasks.actors import START, Actor, TaskFacts, new_actor

UseCase = Callable[[Actor, int], Awaitable[Any]]


async def _at_revision(user: Actor) -> None:
    await user.create(if_match=await user.revision())


async def _move(user: Actor, task: int, side: Literal["before", "after"]) -> None:
    await records.move_record(
        user.database, user.principal, Move(TASKS, task, side), user.writing(), TaskFacts
    )


async def _page(user: Actor) -> None:
    await usecases.page_tasks(user.database, user.principal, Selection(search=("milk",)), TaskFacts, limit=5)


async def _delete_and_restore(user: Actor, task: int) -> None:
    await user.delete(task)
    await user.edit(restore(task))


USE_CASES: dict[str, UseCase] = {
    "create": lambda user, task: user.create("New", description="d", due=Due(START), tags=("a",)),
    "create at a revision": lambda user, task: _at_revision(user),
    "get": lambda user, task: user.get(task),
    "get one that is missing": lambda user, task: user.get(1),
    "list": lambda user, task: user.listing(),
    "list a page": lambda user, task: user.listing(limit=1, sort="title", descending=True),
    "search": lambda user, task: user.listing(search=("MILK",), completed=False),
    "ask for the revision": lambda user, task: user.revision(),
    "change": lambda user, task: user.change(task, title=f"At {user.now}", priority="low"),
    "change nothing": lambda user, task: user.change(task, due=None),
    "change without a field": lambda user, task: user.change(task),
    "change one that is missing": lambda user, task: user.change(1, title="New"),
    "change at another revision": lambda user, task: user.change(task, title="New", if_match=1 << 40),
    "toggle": lambda user, task: user.toggle(task),
    "complete": lambda user, task: user.complete(task),
    "reopen": lambda user, task: user.reopen(task),
    "delete and restore": _delete_and_restore,
    "move to the top": lambda user, task: _move(user, task, "before"),
    "move to the end": lambda user, task: _move(user, task, "after"),
    "read a page": lambda user, task: _page(user),
    "provision": lambda user, task: provision_user(user.database, user.principal, user.now),
}
ROUND_TRIPS = {"create at a revision": 2, "delete and restore": 2, "provision": 5}
"""Of those above that are two use cases; and of a user's first request, which is a transaction."""


class CountingProxy:
    """A way to PostgreSQL that counts how often the server says it is ready for the next query."""

    def __init__(self, host: str, port: int) -> None:
        self._target = host, port
        self.round_trips = 0
        self.port = 0

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(*self._target)
        await asyncio.gather(self._forward(reader, to_server), self._count(from_server, writer))

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65536):
            writer.write(chunk)
        writer.close()

    async def _count(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Each message is a letter, a length that counts itself, and that much more.
        with suppress(asyncio.IncompleteReadError):
            while True:
                head = await reader.readexactly(5)
                body = await reader.readexactly(int.from_bytes(head[1:], "big") - 4)
                self.round_trips += head[:1] == b"Z"
                writer.write(head + body)
        writer.close()


@pytest.fixture
async def proxy(shared_url: str) -> AsyncIterator[CountingProxy]:
    address = urlsplit(shared_url)
    assert address.hostname
    assert address.port
    proxy = CountingProxy(address.hostname, address.port)
    async with proxy.listening():
        yield proxy


@pytest.fixture
async def watched(shared_url: str, proxy: CountingProxy) -> AsyncIterator[Database]:
    """A database with one connection, which goes through the proxy."""
    port = urlsplit(shared_url).port
    # Without TLS, so that the server's first answer is a message too.
    url = shared_url.replace(f":{port}/", f":{proxy.port}/") + "?sslmode=disable"
    async with open_database(url, database_pool_size=1, database_pooler="off") as database:
        yield database


@pytest.mark.parametrize("shared_url", ["postgresql", "partitioned"], indirect=True)
@pytest.mark.parametrize("name", USE_CASES)
async def test_a_use_case_is_one_round_trip(watched: Database, proxy: CountingProxy, name: str) -> None:
    user = await new_actor(watched)
    task = (await user.create("Buy milk")).record.id
    await _run(name, user, task)
    before = proxy.round_trips

    await _run(name, user, task)

    assert ROUND_TRIPS.get(name, 1) == proxy.round_trips - before


@pytest.mark.parametrize("shared_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("selection", [{}, {"limit": 10}, {"search": ("x",)}])
async def test_a_list_that_turns_out_empty_is_two_round_trips(
    watched: Database, proxy: CountingProxy, selection: dict[str, Any]
) -> None:
    user = await new_actor(watched)
    await user.listing(**selection)
    before = proxy.round_trips

    await user.listing(**selection)

    # No row carries the list's revision, so it is asked for by itself.
    assert 2 == proxy.round_trips - before


@pytest.mark.parametrize("shared_url", ["postgresql"], indirect=True)
async def test_a_page_that_turns_out_empty_is_two_round_trips(
    watched: Database, proxy: CountingProxy
) -> None:
    user = await new_actor(watched)
    await _page(user)
    before = proxy.round_trips

    await _page(user)

    assert 2 == proxy.round_trips - before


@pytest.mark.parametrize("name", USE_CASES)
async def test_no_sql_is_compiled_for_a_use_case_that_ran_before(
    alice: Actor, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = (await alice.create("Buy milk")).record.id
    await _run(name, alice, task)
    compiled = []

    def refuse(self: SQLCompiler, *args: Any, **kwargs: Any) -> None:
        compiled.append((self, args, kwargs))

    monkeypatch.setattr(SQLCompiler, "__init__", refuse)
    await _run(name, alice, task)

    assert [] == compiled


async def _run(name: str, user: Actor, task: int) -> None:
    with suppress(TaskNotFound, PreconditionFailed):
        await USE_CASES[name](user, task)


@pytest.mark.parametrize(
    "into", [ScopedTask, FlatTask, VersionedTask, EnvelopedTask], ids=lambda row: row.__name__
)
def test_on_postgresql_a_row_is_what_the_driver_decoded(into: type[msgspec.Struct]) -> None:
    listed = list_tasks(shape_of(Selection()), into)

    assert compile_statement(listed, POSTGRESQL).read_rows is None
