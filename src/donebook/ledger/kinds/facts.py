"""The facts of a record, by the names that row types use, and the row types' contract.

A row type is a `msgspec.Struct` whose fields are named after facts; a statement made for it selects
exactly those, and `read_rows` makes a struct of each row. What a contract does not show is neither
read nor decoded.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, get_type_hints

import msgspec
from sqlalchemy import ColumnElement, FromClause

from donebook.ledger.kinds.kind import Kind
from donebook.storage.statement import Row

T = TypeVar("T", bound=msgspec.Struct)

RENAMED = {"user_id": "owner_id"}


@dataclass(frozen=True, slots=True)
class Derived:
    """Marks a field, in ``Annotated``, that is worked out from several facts: ``by(*facts)``.

    A row type has at most one. Where the first fact is null the field is null and nothing is worked
    out, so that such a row costs no more than one without the field.
    """

    facts: tuple[str, ...]
    by: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class _Shape:
    """In which order the facts of a row type are selected: its fields', then a derived one's others."""

    fields: tuple[str, ...]
    further: tuple[str, ...]
    derived: tuple[int, Callable[..., Any]] | None


@cache
def _shape(into: type[msgspec.Struct]) -> _Shape:
    fields: list[str] = []
    further: tuple[str, ...] = ()
    derived: tuple[int, Callable[..., Any]] | None = None
    hints = get_type_hints(into, include_extras=True)
    for index, name in enumerate(into.__struct_fields__):
        metadata = getattr(hints[name], "__metadata__", ())
        mark = next((each for each in metadata if isinstance(each, Derived)), None)
        if mark is None:
            fields.append(name)
            continue
        if derived is not None:
            raise TypeError(f"{into.__name__} has more than one derived field")
        first, *others = mark.facts
        fields.append(first)
        further, derived = tuple(others), (index, mark.by)
    return _Shape(tuple(fields), further, derived)


def select_facts(kind: Kind, into: type[msgspec.Struct], source: FromClause) -> list[ColumnElement[Any]]:
    """The columns of ``source`` (the kind's table, or something shaped like it) that ``into`` asks for.

    They come first in the statements made for it; whatever else these select follows.
    """
    shape = _shape(into)
    return [_fact(kind, name, source) for name in (*shape.fields, *shape.further)]


def read_row(into: type[T], row: Row) -> T:
    """The struct of a row that begins with the facts `select_facts` names."""
    return read_rows(into, (row,))[0]


def read_rows(into: type[T], rows: Sequence[Row]) -> list[T]:
    """The structs of rows that begin with the facts `select_facts` names."""
    shape = _shape(into)
    size = len(shape.fields)
    if shape.derived is None:
        return [into(*row[:size]) for row in rows]
    at, by = shape.derived
    following, end = at + 1, size + len(shape.further)
    return [
        into(*row[:size])
        if row[at] is None
        else into(*row[:at], by(row[at], *row[size:end]), *row[following:size])
        for row in rows
    ]


def _fact(kind: Kind, name: str, source: FromClause) -> ColumnElement[Any]:
    flag = kind.flags.get(name)
    if flag is not None:
        return source.c[flag.field].is_not(None).label(name)
    return source.c[RENAMED.get(name, name)]
