"""Case 40: every operation of every contract, for nobody and for users who are no more."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest

from donebook.accounts.operations import disable_user, erase_user
from donebook.cli.isolation.document import Operation, read_operations
from donebook.migrations.tables import METADATA
from donebook.storage.database import Database
from tests.databases import open_database
from tests.faults.conftest import Serve
from tests.faults.endpoints import Visitor, assert_in_shape
from tests.faults.programme import Tries
from tests.faults.server import PATIENCE, Server, eventually
from tests.faults.wire import Connection

# Health, and where tokens are had: written out a second time.
DOORS = {
    *(f"GET /health{which}" for which in ("", "/live", "/ready")),
    *(
        f"POST {base}/api/auth/{way}"
        for base in ("", "/enveloped")
        for way in ("signup", "register", "login")
    ),
}

# They ask for no access token, and are closed by what they take instead.
SESSIONS = {f"POST {base}/api/auth/refresh" for base in ("", "/enveloped")}

End = Callable[[Database, str], Awaitable[None]]


async def erase(database: Database, user: str) -> None:
    await erase_user(database, METADATA, user, datetime.now(UTC))


async def disable(database: Database, user: str) -> None:
    await disable_user(database, user, datetime.now(UTC))


async def operations_of(server: Server) -> list[Operation]:
    """All that must ask for a token, whatever the document says of them."""
    operations = read_operations((await server.ask("GET", "/openapi.json")).json())
    assert {str(each) for each in operations if each.public} == DOORS | SESSIONS
    return [each for each in operations if str(each) not in DOORS]


async def refuse_everything(
    operations: list[Operation], visitor: Visitor, connection: Connection, token: str | None
) -> None:
    for operation in operations:
        path = operation.path.replace("{user_id}", visitor.name)
        key = visitor.uuid if operation.key_kind == "uuid" else str(visitor.number)
        path = re.sub(r"\{\w+\}", "1", path.replace("{task_id}", key))
        for body in operation.bodies(visitor.uuid, "text"):
            options = {} if body is None else {"body": body}
            answer = await connection.request(operation.method, path, token=token, **options)
            assert 401 == answer.status, (operation, answer.body)
            assert_in_shape(path, answer)
            assert visitor.name.encode() not in answer.raw


async def end_and_refuse(server: Server, url: str, end: End | None) -> int:
    operations = await operations_of(server)
    visitor = await Visitor.arrive(server)
    if end is not None:
        async with open_database(url) as database:
            await end(database, visitor.name)

        async def is_out() -> bool:
            return (await visitor.ask("GET", "/api/v2/tasks")).status == 401

        await eventually(is_out, "the user is out")
    token = visitor.token if end is not None else None
    async with await server.connect() as connection:
        await asyncio.wait_for(refuse_everything(operations, visitor, connection, token), PATIENCE)
    assert len(operations) > 40
    return len(operations)


@pytest.mark.parametrize("end", [None, erase, disable], ids=["nobody", "erased", "disabled"])
async def test_every_operation_is_closed_to_who_is_nobody_or_no_more(
    database_url: str, serve: Serve, end: End | None, tries: Tries
) -> None:
    with serve(database_url) as server:
        tried = await end_and_refuse(await server.ready(), database_url, end)

    tries(tried, "operations")
