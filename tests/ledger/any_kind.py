"""A kind of the tests' own, which the product knows nothing of: notes."""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
)

from donebook.ledger.kinds.kind import Field, Flag, Kind, Turn
from donebook.ledger.kinds.registry import declare, withdraw
from donebook.ledger.kinds.turns import DELETED_AT, POSITION, order_turns, trash_turns
from donebook.ledger.model import RECORD_NUMBERS
from donebook.migrations.tables import METADATA
from donebook.storage.migrate import connect_for_migration
from donebook.storage.types import Instant, Labels
from donebook.tasks.model import BYTEWISE

SCHEMA = MetaData()
"""The product's tables, and those of notes."""
for _table in METADATA.sorted_tables:
    _table.to_metadata(SCHEMA)

notes = Table(
    "notes",
    SCHEMA,
    Column("owner_id", Text, ForeignKey("spaces.id", ondelete="CASCADE"), primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("uuid", Uuid, nullable=False),
    Column("text", Text, nullable=False),
    Column("text_folded", BYTEWISE, nullable=False),
    Column("colour", Text),
    Column("size_width", Integer),
    Column("size_height", Integer),
    Column("authors", Labels, nullable=False),
    Column("pinned_at", Instant),
    Column("position", BYTEWISE, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("previous_revision", BigInteger),
    Column("deleted_at", Instant),
    Index("notes_owner_uuid", "owner_id", "uuid", unique=True),
    CheckConstraint("colour IN ('red', 'blue')", name="notes_colour_known"),
)
note_versions = Table(
    "note_versions",
    SCHEMA,
    Column("owner_id", Text, primary_key=True),
    Column("revision", BigInteger, primary_key=True, autoincrement=False),
    Column("note_id", BigInteger, primary_key=True, autoincrement=False),
    Column("previous_revision", BigInteger),
    Column("action", Text, nullable=False),
    Column("contract", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("text", Text, nullable=False),
    Column("colour", Text),
    Column("size_width", Integer),
    Column("size_height", Integer),
    Column("authors", Labels, nullable=False),
    Column("pinned_at", Instant),
    Column("position", Text, nullable=False),
    Column("deleted_at", Instant),
)

NOTES = Kind(
    "note",
    notes,
    note_versions,
    fields=(
        Field("text", "", searched=True, measured=True),
        Field("colour"),
        Field(
            "size",
            columns=("size_width", "size_height"),
            write=lambda size: size or (None, None),
            read=lambda width, height: None if width is None else (width, height),
        ),
        Field("authors", [], measured=True),
        Field("pinned_at", given=False),
        POSITION,
        DELETED_AT,
    ),
    turns={
        "pin": Turn(lambda _: [("pinned_at", notes.c.updated_at, notes.c.pinned_at.is_(None))]),
        "unpin": Turn(lambda _: [("pinned_at", None, notes.c.pinned_at.is_not(None))]),
        **trash_turns(notes),
        **order_turns(notes),
    },
    flags={"pinned": Flag("pinned_at", on="pin", off="unpin")},
    numbers=RECORD_NUMBERS,
)


class Note(msgspec.Struct, frozen=True):
    """A note as the tests look at it."""

    id: int
    text: str
    colour: str | None
    authors: list[str]
    pinned: bool
    revision: int


def make_tables(url: str) -> None:
    """Make the tables of notes in a database."""
    connect_for_migration(url, lambda connection: SCHEMA.create_all(connection, [notes, note_versions]))


@contextmanager
def notes_declared() -> Iterator[None]:
    """Have notes known to the ledger for a while."""
    declare(NOTES)
    try:
        yield
    finally:
        withdraw(NOTES)
