"""What writes are asked for: creations, edits and moves of records, as plain frozen values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec

from donebook.ledger.kinds.identifiers import uuid7
from donebook.ledger.kinds.kind import Action, Kind
from donebook.ledger.kinds.state import State
from donebook.spaces.quotas import UNLIMITED, Quotas

Guard = Literal["at", "unchanged since"]
"""How a write is conditional: the record stands at the revision, or was not changed after it."""
Key = int | UUID
"""A record's number, or its UUID; either is looked up among the owner's records of one kind only."""
KeyColumn = Literal["id", "uuid"]


def column_of(key: Key) -> KeyColumn:
    """The column that a key is looked up in."""
    return "id" if isinstance(key, int) else "uuid"


class Creation(msgspec.Struct, frozen=True):
    """A record to be created.

    ``fields`` are the values of the kind's fields and flags by name; what is not given has nothing.
    ``uuid`` is the client's choice of id, if it made one. Raises `TypeError` for a name
    that the kind does not take.
    """

    kind: Kind
    fields: Mapping[str, Any]
    uuid: UUID | None = None

    def __post_init__(self) -> None:
        if not self.fields.keys() <= self.kind.takes:
            raise TypeError(f"a {self.kind.name} takes no {sorted(self.fields.keys() - self.kind.takes)}")


@dataclass(frozen=True, slots=True)
class Edit:
    """A change to one record: the aspects it touches, the values for them, and what it is called.

    An aspect is a field or a turn of the kind; one that is absent keeps its value. ``action`` is ``None``
    for a toggle, whose outcome names it. ``trashed`` edits find a record in the trash as well.
    """

    kind: Kind
    key: Key
    aspects: frozenset[str]
    values: Mapping[str, Any] = field(default_factory=dict)
    action: Action | None = "updated"
    trashed: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    """A new place for a record: next to ``anchor``, or without one at that end of the list."""

    kind: Kind
    key: Key
    side: Literal["before", "after"]
    anchor: Key | None = None


def turn(kind: Kind, key: Key, name: str) -> Edit:
    """Do a turn of the kind; a record that is as the turn leaves it stays as it is."""
    done = kind.turns[name]
    return Edit(kind, key, frozenset({name}), action=done.action, trashed=done.in_trash)


def change(kind: Kind, key: Key, fields: Mapping[str, Any]) -> Edit:
    """Set the given fields and flags; a flag on its own is called as its turn is, all else an update.

    The name of a turn that takes values of columns is allowed like a field's.
    """
    aspects: set[str] = set()
    values: dict[str, Any] = {}
    for name, value in fields.items():
        flag = kind.flags.get(name)
        if flag is not None:
            aspects.add(flag.on if value else flag.off)
            continue
        aspects.add(name)
        if name in kind.turns:
            values[name] = value
        else:
            values |= kind.field[name].values(value)
    only = kind.turns.get(next(iter(aspects))) if len(aspects) == 1 else None
    return Edit(kind, key, frozenset(aspects), values, "updated" if only is None else only.action)


def edit_back(kind: Kind, number: int, now: State, then: State, fields: Sequence[str]) -> Edit:
    """The edit that gives the record the values of ``then`` in these fields, wherever it is by now."""
    values: dict[str, Any] = {}
    for name in fields:
        values |= kind.field[name].values(then[name])
    return Edit(kind, number, frozenset(fields), values, _called(kind, now, then, fields), trashed=True)


def _called(kind: Kind, now: State, then: State, fields: Sequence[str]) -> Action:
    if "deleted_at" in fields:
        return "restored" if then["deleted_at"] is None else "deleted"
    if list(fields) == ["position"]:
        return "moved"
    for name, flag in kind.flags.items():
        if list(fields) == [flag.field] and now[name] != then[name]:
            return kind.turns[flag.on if then[name] else flag.off].action or "updated"
    return "updated"


@dataclass(frozen=True, slots=True)
class Writing:
    """The circumstances of a write: when, through which contract, and on which condition.

    ``if_match`` is the revision the client expects: the record's, or for a creation the owner's.
    ``unless_after`` refuses a record that was changed after that revision of its owner. One of the two
    at most. ``quotas`` are what the space may hold.
    """

    now: datetime
    via: str
    if_match: int | None = None
    unless_after: int | None = None
    quotas: Quotas = UNLIMITED

    @property
    def guard(self) -> int | None:
        """The revision that the condition names."""
        return self.unless_after if self.if_match is None else self.if_match

    @property
    def guard_kind(self) -> Guard | None:
        """What the condition is."""
        if self.if_match is not None:
            return "at"
        return None if self.unless_after is None else "unchanged since"

    def unconditional(self) -> "Writing":
        """The same without a condition."""
        return replace(self, if_match=None, unless_after=None)

    def allows(self, revision: int) -> bool:
        """Whether a record that stands at the revision may be written."""
        if self.if_match is not None:
            return revision == self.if_match
        return self.unless_after is None or revision <= self.unless_after


def creation_values(owner: str, creation: Creation, writing: Writing) -> dict[str, Any]:
    """The named values of a creation."""
    kind, given = creation.kind, creation.fields
    values: dict[str, Any] = {
        **kind.defaults,
        "owner": owner,
        "now": writing.now,
        "guard": writing.guard,
        "tasks_quota": writing.quotas.tasks,
        "history_quota": writing.quotas.history_bytes,
        "uuid": creation.uuid or uuid7(),
    }
    for name, value in given.items():
        each = kind.given.get(name)
        if each is not None and value is not each.nothing:
            values |= each.values(value)
    for name, flag in kind.flags.items():
        values[flag.field] = writing.now if given.get(name) else None
    return values


def edit_values(owner: str, edit: Edit, writing: Writing) -> dict[str, Any]:
    """The named values of an edit."""
    return {
        **edit.values,
        "owner": owner,
        column_of(edit.key): edit.key,
        "now": writing.now,
        "guard": writing.guard,
        "history_quota": writing.quotas.history_bytes,
        "action": edit.action,
        "via": writing.via,
    }
