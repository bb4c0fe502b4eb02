"""What the statements have in common: the values they are run with."""

from typing import Any

from sqlalchemy import BindParameter, Text, bindparam

from donebook.storage.types import Instant

OWNER = bindparam("owner", type_=Text)
NOW = bindparam("now", type_=Instant)


def text(name: str) -> BindParameter[str]:
    """A value that is text."""
    return bindparam(name, type_=Text)


def instant(name: str) -> BindParameter[Any]:
    """A value that is a moment in time."""
    return bindparam(name, type_=Instant)
