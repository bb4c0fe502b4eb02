"""A noun that is only declared, with its tables, has all that the ledger gives to tasks."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from donebook.accounts.operations import erase_user
from donebook.accounts.usecases import provision_user
from donebook.errors import EditConflict, PreconditionFailed, TaskErased, TaskNotFound, UndoConflict
from donebook.ledger.events.position import after_revision
from donebook.ledger.events.reading import Event, EventReader
from donebook.ledger.kinds.kind import Kind
from donebook.ledger.operations import Creation, Edit, Move, Writing, change, turn
from donebook.ledger.reading.changes import RecordChange, list_changes
from donebook.ledger.reading.sync import changes_since
from donebook.ledger.upkeep.maintenance import Retention, maintain
from donebook.ledger.upkeep.usage import recount
from donebook.ledger.writing.batch import apply_batch
from donebook.ledger.writing.merging import Merge, merge_record
from donebook.ledger.writing.records import create_record, edit_record, get_record, move_record
from donebook.ledger.writing.revision import Written
from donebook.ledger.writing.trash import erase_record
from donebook.ledger.writing.undo import undo_change
from donebook.principal import Principal
from donebook.storage.copy import copy_database
from donebook.storage.database import Database
from donebook.storage.migrate import migrate
from donebook.storage.statement import Statement
from donebook.tasks.kind import TASKS
from donebook.tasks.operations import new_task
from donebook.tasks.values import Due
from tests.databases import open_database
from tests.ledger.any_kind import NOTES, SCHEMA, Note, make_tables, note_versions, notes, notes_declared
from tests.tasks.actors import TaskFacts

START = datetime(2030, 1, 1, 12, tzinfo=UTC)


@dataclass
class Writer:
    """Somebody who keeps notes, with a clock that moves one second for each write."""

    database: Database
    principal: Principal = field(default_factory=lambda: Principal("ada"))
    now: datetime = START

    def writing(self, if_match: int | None = None) -> Writing:
        self.now += timedelta(seconds=1)
        return Writing(self.now, "v2", if_match)

    async def create(self, text: str, **fields: Any) -> Written[Note]:
        creation = Creation(NOTES, {"text": text, **fields}, uuid4())
        return await create_record(self.database, self.principal, creation, self.writing(), Note)

    async def edit(self, edit: Edit, if_match: int | None = None) -> Written[Note]:
        return await edit_record(self.database, self.principal, edit, self.writing(if_match), Note)

    async def change(self, number: int, **fields: Any) -> Written[Note]:
        return await self.edit(change(NOTES, number, fields))

    async def get(self, number: int) -> Note:
        return (await get_record(self.database, self.principal, NOTES, number, Note)).record

    async def undo(self, revision: int) -> None:
        await undo_change(self.database, self.principal, revision, self.writing(), Note, kind=NOTES)

    async def history(self) -> list[RecordChange]:
        found = await list_changes(self.database, self.principal, NOTES, since=0, limit=100)
        return [record for each in found.changes for record in each.records]

    async def stored(self, *columns: Any) -> list[tuple[Any, ...]]:
        """All rows of the columns."""
        rows = await self.database.read(Statement("stored", select(*columns), crosses_owners=True), {})
        return [tuple(row) for row in rows]


@pytest.fixture
async def ada(database_url: str) -> AsyncIterator[Writer]:
    await asyncio.to_thread(make_tables, database_url)
    with notes_declared():
        async with open_database(database_url) as database:
            writer = Writer(database)
            await provision_user(database, writer.principal, START)
            yield writer


async def test_it_is_created_and_found(ada: Writer) -> None:
    made = await ada.create("Hello", colour="red", size=(3, 4), authors=["Ada"], pinned=True)

    assert (
        Note(made.record.id, "Hello", "red", ["Ada"], True, 1) == made.record == await ada.get(made.record.id)
    )
    assert [("hello", 3, 4)] == await ada.stored(notes.c.text_folded, notes.c.size_width, notes.c.size_height)


async def test_it_is_edited_where_something_differs(ada: Writer) -> None:
    note = (await ada.create("Hello")).record

    same = await ada.change(note.id, text="Hello")
    other = await ada.change(note.id, text="Bye", pinned=True)

    assert (False, 1) == (same.changed, same.revision)
    assert (True, 2, "Bye", True) == (other.changed, other.revision, other.record.text, other.record.pinned)
    with pytest.raises(PreconditionFailed):
        await ada.edit(change(NOTES, note.id, {"colour": "red"}), if_match=1)
    with pytest.raises(TaskNotFound):
        await ada.change(note.id + 1, colour="red")


async def test_its_history_tells_each_field(ada: Writer) -> None:
    note = (await ada.create("Hello")).record
    await ada.change(note.id, size=(1, 2), authors=["Ada", "Bob"])
    await ada.edit(turn(NOTES, note.id, "delete"))

    created, updated, deleted = await ada.history()

    assert ("created", None, ("text", "position")) == (created.action, created.before, created.fields)
    assert ("updated", ("size", "authors")) == (updated.action, updated.fields)
    assert ((1, 2), ["Ada", "Bob"]) == (updated.after["size"], updated.after["authors"])
    assert ("deleted", ("deleted_at",)) == (deleted.action, deleted.fields)


async def test_it_is_undone(ada: Writer) -> None:
    note = (await ada.create("Hello", colour="red")).record
    await ada.change(note.id, text="Bye", size=(1, 2))
    await ada.change(note.id, colour="blue")

    await ada.undo(2)

    assert ("Hello", "blue") == ((await ada.get(note.id)).text, (await ada.get(note.id)).colour)
    with pytest.raises(UndoConflict):
        await ada.undo(1)
    await ada.undo(4)
    assert "Bye" == (await ada.get(note.id)).text


async def test_it_is_merged_field_by_field(ada: Writer) -> None:
    note = (await ada.create("Hello")).record
    await ada.change(note.id, text="Bye")

    async def merge(**fields: Any) -> Written[Note]:
        asked = Merge(NOTES, note.id, fields, base=1)
        return await merge_record(ada.database, ada.principal, asked, ada.writing(), Note)

    assert "Bye" == (await merge(colour="red")).record.text
    with pytest.raises(EditConflict):
        await merge(text="Ciao")


async def test_it_is_synchronised_and_told_of_in_events(ada: Writer) -> None:
    kept, gone = [(await ada.create(text)).record for text in ("kept", "gone")]
    await ada.edit(turn(NOTES, gone.id, "delete"))

    delta = await changes_since(ada.database, ada.principal, None, 10, Note, kind=NOTES)
    assert ([kept], 3) == (delta.records, delta.revision)
    later = await changes_since(ada.database, ada.principal, 2, 10, Note, kind=NOTES)
    assert ([], [3]) == (later.records, [each.revision for each in later.deleted])
    told: list[Event[Note]] = []

    def render(event: Event[Note]) -> bytes:
        told.append(event)
        return b""

    reader = EventReader(ada.database, NOTES, Note, render)
    await reader.read(ada.principal.user_id, after_revision(0))
    assert [("created", "kept"), ("created", "gone"), ("deleted", "gone")] == [
        (event.action, event.record and event.record.text) for event in told
    ]


async def test_it_is_moved_among_its_like_alone(ada: Writer) -> None:
    first, second = [(await ada.create(text)).record for text in ("first", "second")]
    task = await create_record(ada.database, ada.principal, new_task("A task"), ada.writing(), TaskFacts)

    moved = await move_record(
        ada.database, ada.principal, Move(NOTES, second.id, "before", first.id), ada.writing(), Note
    )
    last = await ada.edit(turn(NOTES, first.id, "last"))

    assert (True, False) == (moved.changed, last.changed)
    assert task.record.id > second.id > first.id


async def test_a_batch_of_several_edits_is_one_revision(ada: Writer) -> None:
    note = (await ada.create("Hello")).record

    outcome = await apply_batch(
        ada.database,
        ada.principal,
        [change(NOTES, note.id, {"text": "One"}), change(NOTES, note.id, {"colour": "red"})],
        ada.writing(),
        Note,
        kind=NOTES,
    )

    assert (2, {"One"}) == (outcome.revision, {each.text for each in outcome.records})
    assert [("created",), ("updated",)] == await ada.stored(note_versions.c.action)


async def test_nothing_of_it_is_left_when_it_is_deleted_for_good(ada: Writer) -> None:
    creation = Creation(NOTES, {"text": "Secret", "size": (1, 2), "authors": ["Ada"]}, uuid4())
    note = (await create_record(ada.database, ada.principal, creation, ada.writing(), Note)).record
    await ada.change(note.id, colour="red", pinned=True)
    await ada.edit(turn(NOTES, note.id, "delete"))

    await erase_record(ada.database, ada.principal, note.id, ada.writing(), Note, kind=NOTES)

    contents = await ada.stored(*(note_versions.c[name] for name in NOTES.columns if name != "deleted_at"))
    assert {("", None, None, None, (), None, "")} == {(*row[:4], tuple(row[4]), *row[5:]) for row in contents}
    assert [] == await ada.stored(notes.c.id)
    assert not await recount(ada.database, ada.principal.user_id)
    with pytest.raises(TaskErased):
        await create_record(ada.database, ada.principal, creation, ada.writing(), Note)


async def test_maintenance_empties_its_trash_and_forgets_its_history(ada: Writer) -> None:
    gone, kept = [(await ada.create(text)).record for text in ("gone", "kept")]
    await ada.change(kept.id, text="kept on")
    await ada.edit(turn(NOTES, gone.id, "delete"))

    for days in (1, 2):
        await maintain(ada.database, Retention(*[timedelta(0)] * 3), ada.now + timedelta(days))

    assert [("kept on",)] == await ada.stored(notes.c.text)
    assert [("kept on",)] == await ada.stored(note_versions.c.text)
    assert not await recount(ada.database, ada.principal.user_id)


async def test_it_goes_with_its_owner(ada: Writer) -> None:
    await ada.create("Hello")

    await erase_user(ada.database, SCHEMA, ada.principal.user_id, ada.now)

    assert ([], []) == (await ada.stored(notes.c.id), await ada.stored(note_versions.c.note_id))


async def test_it_is_copied_to_another_database(
    ada: Writer,
    database_url: str,
    other_sqlite_url: str,
    other_postgresql_url: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def migrate_with_notes(url: str) -> None:
        # As the noun's own migration would.
        migrate(url)
        make_tables(url)

    monkeypatch.setattr("donebook.storage.copy.migrate", migrate_with_notes)
    note = (await ada.create("Hello", authors=["Ada"])).record
    other = other_sqlite_url if database_url.startswith("postgresql") else other_postgresql_url
    await asyncio.to_thread(make_tables, other)

    await copy_database(database_url, other, SCHEMA.sorted_tables)

    async with open_database(other) as database:
        copied = Writer(database)
        assert note == await copied.get(note.id)
        assert 1 == len(await copied.history())


MOMENTS = datetime(2020, 1, 1), datetime(2040, 1, 1)  # noqa: DTZ001 - the strategy adds the zone
VALUES = {
    "text": st.text("abÄß𝄞", min_size=1, max_size=5),
    "colour": st.sampled_from(["red", "blue", None]),
    "size": st.none() | st.tuples(st.integers(0, 9), st.integers(0, 9)),
    "authors": st.lists(st.text("abc", max_size=3), max_size=3),
    "title": st.text("abÄß𝄞", min_size=1, max_size=5),
    "description": st.none() | st.text("abÄ", max_size=5),
    "priority": st.sampled_from([None, "low", "medium", "high"]),
    "due": st.none() | st.builds(Due, st.datetimes(*MOMENTS, timezones=st.just(UTC))),
    "tags": st.lists(st.text("abc", min_size=1, max_size=3), max_size=3),
}


@pytest.mark.parametrize("kind", [TASKS, NOTES], ids=lambda kind: kind.name)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_undo_after_a_change_is_the_identity_for_every_field(
    ada: Writer, kind: Kind, data: st.DataObject
) -> None:
    fields = [each for each in kind.fields if each.given]
    state = {each.name: data.draw(VALUES[each.name], each.name) for each in fields}
    other = {each.name: data.draw(VALUES[each.name], f"other {each.name}") for each in fields}
    into: type[Any] = Note if kind is NOTES else TaskFacts
    made = await create_record(ada.database, ada.principal, Creation(kind, state), ada.writing(), into)
    number = made.record.id
    columns = [kind.table.c[name] for each in fields for name in each.values(each.nothing)]

    async def stored() -> list[tuple[Any, ...]]:
        found = select(*columns).where(kind.table.c.id == number)
        rows = await ada.database.read(Statement("stored", found, crosses_owners=True), {})
        return [tuple(row) for row in rows]

    before = await stored()
    changed = await edit_record(ada.database, ada.principal, change(kind, number, other), ada.writing(), into)
    if changed.changed:
        await undo_change(ada.database, ada.principal, changed.revision, ada.writing(), into, kind=kind)

    assert before == await stored()
