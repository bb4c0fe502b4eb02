"""What the statements have in common: the values they are run with."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import BindParameter, Executable, Text, bindparam
from sqlalchemy.dialects import postgresql, sqlite

from donebook.storage.statement import Statement
from donebook.storage.types import Instant

OWNER = bindparam("owner", type_=Text)
NOW = bindparam("now", type_=Instant)


def text(name: str) -> BindParameter[str]:
    """A value that is text."""
    return bindparam(name, type_=Text)


def instant(name: str) -> BindParameter[Any]:
    """A value that is a moment in time."""
    return bindparam(name, type_=Instant)


def for_each_dialect(name: str, make: Callable[[Any], Executable]) -> dict[str, Statement]:
    """The statement for each database, made with the ``insert`` of its dialect, which has ON CONFLICT."""
    return {
        "postgresql": Statement(name, make(postgresql.insert), "postgresql"),
        "sqlite": Statement(name, make(sqlite.insert), "sqlite"),
    }
