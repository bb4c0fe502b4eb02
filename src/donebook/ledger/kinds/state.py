"""A record's content at some version, and the fields in which two of them differ."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause

from donebook.ledger.kinds.kind import Kind

State = Mapping[str, Any]
"""The values of a kind's fields by name, and those of its flags."""


def select_state(kind: Kind, source: FromClause) -> list[ColumnElement[Any]]:
    """The columns of a state, of records or of versions."""
    return [source.c[name] for name in kind.columns]


def read_state(kind: Kind, values: Sequence[Any]) -> State | None:
    """A state from the columns of `select_state`; ``None`` if an outer join found no row."""
    if values[0] is None:
        return None
    state: dict[str, Any] = {}
    start = 0
    for field in kind.fields:
        end = start + len(field.columns)
        state[field.name] = field.read(*values[start:end])
        start = end
    for name, flag in kind.flags.items():
        state[name] = state[flag.field] is not None
    return state


def nothing_of(kind: Kind) -> State:
    """What a record is before it is created, and what is left in the versions of one deleted for good."""
    return {field.name: field.nothing for field in kind.fields}


def is_nothing(kind: Kind, state: State) -> bool:
    """Whether a version's content was taken out because its record was deleted for good."""
    first = kind.fields[0]
    return bool(state[first.name] == first.nothing)


def differing(kind: Kind, one: State, other: State, fields: Iterable[str] | None = None) -> list[str]:
    """Those of the kind's fields, or of some, in which two states differ."""
    names = kind.field if fields is None else fields
    return [name for name in names if one[name] != other[name]]
