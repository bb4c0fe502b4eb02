"""The facts of a task, by the names that row types use, and the row types' contract.

A row type is a `msgspec.Struct` whose fields are named after facts; a statement made for it selects
exactly those, in that order, and each row becomes ``into(*row)``. What a contract does not show is
neither read nor decoded.
"""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, FromClause

RENAMED = {"user_id": "owner_id"}


def select_facts(into: type[msgspec.Struct], source: FromClause) -> list[ColumnElement[Any]]:
    """The columns of ``source`` (the task table, or something shaped like it) that ``into`` asks for."""
    return [_fact(name, source) for name in into.__struct_fields__]


def _fact(name: str, source: FromClause) -> ColumnElement[Any]:
    if name == "completed":
        return source.c.completed_at.is_not(None).label(name)
    return source.c[RENAMED.get(name, name)]
