"""Nothing of an erased user is left but the fact that somebody was erased."""

import asyncio
import re
from datetime import UTC, datetime

import pytest

from donebook.accounts.events import EventKind, Origin, RecordedEvent, list_events, record_event
from donebook.accounts.hashing import PasswordHashing
from donebook.accounts.operations import disable_user, erase_user
from donebook.accounts.sessions import log_out
from donebook.accounts.statements.erasure import tables_to_empty
from donebook.accounts.usecases import log_in, provision_user, sign_up
from donebook.errors import Failure
from donebook.ledger.operations import Writing
from donebook.ledger.writing.records import create_record, edit_record
from donebook.migrations.tables import METADATA
from donebook.principal import Principal
from donebook.storage.database import Database
from donebook.tasks.operations import delete, new_task
from tests.accounts.conftest import Clock
from tests.accounts.rows import dump, rows_of
from tests.tasks.actors import TaskFacts

PASSWORD = "Correct-horse-7"
ORIGIN = Origin("203.0.113.7", "canary-agent", "canary-request")
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


async def leave_traces(database: Database, hashing: PasswordHashing, clock: Clock, tag: str) -> Principal:
    """A user who did everything a user can do."""
    new = await sign_up(
        database,
        hashing,
        email=f"{tag}@example.com",
        password=PASSWORD,
        name=f"{tag} name",
        origin=ORIGIN,
        now=clock(),
    )
    await log_in(database, hashing, email=f"{tag}@example.com", password=PASSWORD, origin=ORIGIN, now=clock())
    principal = Principal(new.user_id, token_id=f"{tag}-token", expires_at=clock().timestamp() + 3600)
    writing = Writing(clock(), "flat")
    written = await create_record(
        database, principal, new_task(f"{tag} title", description=f"{tag} description"), writing, TaskFacts
    )
    await create_record(
        database, principal, new_task(f"{tag} other", tags=(f"{tag} label",)), writing, TaskFacts
    )
    await edit_record(database, principal, delete(written.record.id), writing, TaskFacts)
    await log_out(database, principal, origin=ORIGIN, now=clock())
    return principal


async def test_no_word_of_theirs_is_left_anywhere(
    database: Database, hashing: PasswordHashing, clock: Clock
) -> None:
    ada = await leave_traces(database, hashing, clock, "adacanary")
    assert "adacanary" in await dump(database)

    await disable_user(database, ada.user_id, clock())
    await erase_user(database, METADATA, ada.user_id, clock())

    left = await dump(database)
    assert [] == re.findall(f"adacanary|{ada.user_id}|canary-agent|canary-request|203.0.113.7", left)


async def test_what_others_have_is_untouched(
    database: Database, hashing: PasswordHashing, clock: Clock
) -> None:
    bob = await leave_traces(database, hashing, clock, "bobcanary")
    tables = [
        table.name for table in METADATA.tables.values() if table.info.get("only") in {None, database.dialect}
    ]
    of_bob = {name: [row for row in await rows_of(database, name) if "bob" in repr(row)] for name in tables}
    ada = await leave_traces(database, hashing, clock, "adacanary")

    await erase_user(database, METADATA, ada.user_id, clock())

    for name in tables:
        left = await rows_of(database, name)
        assert all(row in left for row in of_bob[name]), name
    assert bob.user_id in await dump(database)


async def test_that_it_was_done_is_on_record_and_of_whom_is_not(
    database: Database, hashing: PasswordHashing, clock: Clock
) -> None:
    ada = await leave_traces(database, hashing, clock, "adacanary")
    at = clock.advance(60)

    await erase_user(database, METADATA, ada.user_id, at)

    events = await list_events(database, since=LONG_AGO)
    assert RecordedEvent(at, None, EventKind.ERASED, None, None, None, None) == events[0]
    assert [EventKind.LOG_OUT, EventKind.LOG_IN, EventKind.SIGN_UP] == [each.kind for each in events[1:]]


async def test_their_email_is_free_again(database: Database, hashing: PasswordHashing, clock: Clock) -> None:
    ada = await leave_traces(database, hashing, clock, "adacanary")
    await erase_user(database, METADATA, ada.user_id, clock())
    again = await leave_traces(database, hashing, clock, "adacanary")
    assert ada.user_id != again.user_id


async def test_an_erasure_that_was_broken_off_can_be_finished(
    database: Database, hashing: PasswordHashing, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = await leave_traces(database, hashing, clock, "adacanary")

    def break_off(_: object) -> None:
        raise RuntimeError("the machine went away")

    with monkeypatch.context() as patched:
        patched.setattr("donebook.accounts.statements.erasure.tables_to_empty", break_off)
        with pytest.raises(RuntimeError):
            await erase_user(database, METADATA, ada.user_id, clock())
    await erase_user(database, METADATA, ada.user_id, clock())

    assert "adacanary" not in await dump(database)


async def test_requests_that_come_in_meanwhile_leave_nothing_behind(
    database: Database, hashing: PasswordHashing, clock: Clock
) -> None:
    ada = await leave_traces(database, hashing, clock, "adacanary")
    going_on = True

    async def keep_writing() -> None:
        writing = Writing(clock(), "flat")
        while going_on:
            try:
                await provision_user(database, ada, clock())
                await create_record(database, ada, new_task("adacanary more"), writing, TaskFacts)
            except Failure:
                await asyncio.sleep(0)

    writers = [asyncio.create_task(keep_writing()) for _ in range(8)]
    await asyncio.sleep(0.05)
    await erase_user(database, METADATA, ada.user_id, clock())
    await asyncio.sleep(0.05)
    going_on = False
    await asyncio.gather(*writers)

    left = await dump(database)
    assert "adacanary" not in left
    assert ada.user_id not in left


def test_every_table_that_names_a_user_is_seen_to() -> None:
    deleted_from = {table.name for table in tables_to_empty(METADATA)}
    for table in METADATA.tables.values():
        names_a_user = {"owner_id", "user_id"} & set(table.c.keys())
        goes_with_the_user = any(
            key.column.table.name in {"users", "spaces"} and key.ondelete == "CASCADE"
            for key in table.foreign_keys
        )
        if names_a_user and not goes_with_the_user and table.name != "auth_events":
            assert table.name in deleted_from
    assert {"task_versions", "revocations"} <= deleted_from


async def test_only_the_events_of_the_erased_lose_their_names(database: Database, clock: Clock) -> None:
    await provision_user(database, Principal("ada"), clock())
    for user in ("ada", "bob"):
        await record_event(database, EventKind.LOG_IN, ORIGIN, clock(), user_id=user)

    await erase_user(database, METADATA, "ada", clock())

    assert [None, None, "bob"] == sorted(
        (each.user_id for each in await list_events(database, since=LONG_AGO)), key=lambda name: name or ""
    )
