"""What all records of the ledger have in common: a place in their list, and the trash."""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Table, Text, bindparam, exists, literal, null, select, tuple_

from donebook.ledger.kinds.kind import ColumnChange, Field, Turn
from donebook.storage.types import Instant, rank_text

POSITION = Field("position", "", given=False)
"""Where the record stands among the others: see `positions`."""
DELETED_AT = Field("deleted_at", given=False)
"""Since when the record is in the trash."""

_OWNER = bindparam("owner", type_=Text)
_NOW = bindparam("now", type_=Instant)


def trash_turns(table: Table) -> dict[str, Turn]:
    """Deleting and restoring."""

    def delete(revision: ColumnElement[int]) -> Iterator[ColumnChange]:
        yield "deleted_at", _NOW, table.c.deleted_at.is_(None)

    def restore(revision: ColumnElement[int]) -> Iterator[ColumnChange]:
        yield "deleted_at", null(), table.c.deleted_at.is_not(None)

    return {"delete": Turn(delete, "deleted"), "restore": Turn(restore, "restored", in_trash=True)}


def order_turns(table: Table) -> dict[str, Turn]:
    """Moving to the beginning and to the end of the list."""

    def first(revision: ColumnElement[int]) -> Iterator[ColumnChange]:
        yield "position", rank_text(-revision), has_neighbour(before=True)

    def last(revision: ColumnElement[int]) -> Iterator[ColumnChange]:
        yield "position", rank_text(revision), has_neighbour(before=False)

    def has_neighbour(*, before: bool) -> ColumnElement[bool]:
        other = table.alias("other")
        there, here = tuple_(other.c.position, other.c.id), tuple_(table.c.position, table.c.id)
        beyond = there < here if before else there > here
        return exists(
            select(literal(1)).where(other.c.owner_id == _OWNER, other.c.deleted_at.is_(None), beyond)
        )

    return {"first": Turn(first, "moved"), "last": Turn(last, "moved")}
