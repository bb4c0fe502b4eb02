"""A kind: what the ledger must know of a noun, such as tasks.

From this follow the creation, the edits and their differences, the versions, history, undo, merging,
synchronisation and deletion for good. A field of a record is declared here once, beside its columns.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from sqlalchemy import Column, ColumnElement, Sequence, Table

from donebook.ledger.kinds.folding import fold

Action = Literal["created", "updated", "completed", "reopened", "deleted", "restored", "moved"]
"""What a write meant, as versions and events call it."""

ColumnChange = tuple[str, Any, ColumnElement[bool] | None]
"""A column that an edit sets: its name, its new value, and when that is a difference.

``None`` where another column of the edit tells."""


def _one(value: Any) -> tuple[Any, ...]:
    return (value,)


def _same(value: Any) -> Any:
    return value


@dataclass(frozen=True, slots=True)
class Field:
    """Something of a record that edits may set, and that history, undo and merging tell of.

    ``nothing`` is the value of a field that was not given, of a record that was not created yet, and what is
    left of it after the record was deleted for good. ``columns`` hold it, in the kind's table and in its
    versions, the field's own name unless said; ``write`` gives their values, ``read`` makes one of them. A
    ``searched`` text has a column beside it with the folded text, ``<name>_folded``. The bytes of a
    ``measured`` field count for the quota of history. One that is not ``given`` is set by turns alone.
    """

    name: str
    nothing: Any = None
    columns: tuple[str, ...] = ()
    write: Callable[[Any], tuple[Any, ...]] = _one
    read: Callable[..., Any] = _same
    searched: bool = False
    measured: bool = False
    given: bool = True

    def __post_init__(self) -> None:
        if not self.columns:
            object.__setattr__(self, "columns", (self.name,))

    @property
    def twin(self) -> str | None:
        """The column of the folded text."""
        return f"{self.name}_folded" if self.searched else None

    def values(self, value: Any) -> dict[str, Any]:
        """The values of the field's columns and of its twin."""
        written = dict(zip(self.columns, self.write(value), strict=True))
        if self.searched:
            written[f"{self.name}_folded"] = None if value is None else fold(value)
        return written


@dataclass(frozen=True, slots=True)
class Turn:
    """A change that has a name, such as completing.

    ``changes`` says what it sets, given the revision of the edit. ``action`` is what it is called; one
    that ``toggles`` a flag has none, as its outcome is that of the flag's turn. One that finds records
    ``in_trash`` finds others as well.
    """

    changes: Callable[[ColumnElement[int]], Iterable[ColumnChange]]
    action: Action | None = "updated"
    toggles: str | None = None
    in_trash: bool = False


@dataclass(frozen=True, slots=True)
class Flag:
    """A yes or no that clients set and that a field holds as the moment since when: ``completed``.

    ``on`` and ``off`` are the turns that set it.
    """

    field: str
    on: str
    off: str


@dataclass(frozen=True, eq=False)
class Kind:
    """A noun of the ledger.

    ``table`` has, beside the columns of the fields: ``owner_id, id, uuid, created_at, updated_at, revision,
    previous_revision``. ``versions`` has the fields' columns and ``owner_id, revision, <name>_id,
    previous_revision, action, contract, at``. The first field is a text that no record lacks: where it is
    empty in a version, the record was deleted for good. ``numbers`` gives out the ids.
    """

    name: str
    table: Table
    versions: Table
    fields: tuple[Field, ...]
    turns: Mapping[str, Turn]
    flags: Mapping[str, Flag]
    numbers: Sequence

    @cached_property
    def field(self) -> Mapping[str, Field]:
        """The fields by name."""
        return {each.name: each for each in self.fields}

    @cached_property
    def given(self) -> Mapping[str, Field]:
        """The fields that a creation may be given, by name."""
        return {each.name: each for each in self.fields if each.given}

    @cached_property
    def takes(self) -> frozenset[str]:
        """The names of all that a creation may be given: fields and flags."""
        return frozenset(self.given) | frozenset(self.flags)

    @cached_property
    def defaults(self) -> Mapping[str, Any]:
        """The values of the columns of a creation that is given no field."""
        return {
            name: value for each in self.given.values() for name, value in each.values(each.nothing).items()
        }

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns of all fields, which a version keeps."""
        return tuple(name for each in self.fields for name in each.columns)

    @cached_property
    def measured(self) -> tuple[str, ...]:
        """The columns whose bytes count for the quota of history."""
        return tuple(name for each in self.fields if each.measured for name in each.columns)

    @cached_property
    def created_with(self) -> tuple[str, ...]:
        """The columns that a creation is given values for, beside ``uuid``."""
        held = {flag.field for flag in self.flags.values()}
        return tuple(
            name
            for each in self.fields
            if each.given or each.name in held
            for name in (*each.columns, *([each.twin] if each.twin else []))
        )

    @cached_property
    def version_of(self) -> "Column[int]":
        """The column of a version that names its record."""
        column: Column[int] = self.versions.c[f"{self.name}_id"]
        return column

    def __repr__(self) -> str:
        return f"<Kind {self.name}>"
