"""The SQL of spaces themselves; what is in a ledger has statements of its own."""

from typing import Any

from sqlalchemy import Text, bindparam, delete
from sqlalchemy.dialects import postgresql, sqlite

from donebook.spaces.model import spaces
from donebook.storage.statement import Statement

OWNER = bindparam("owner", type_=Text)


def _found(insert: Any) -> Any:
    return insert(spaces).values(id=OWNER).on_conflict_do_nothing(index_elements=[spaces.c.id])


FOUND_SPACE = {
    "postgresql": Statement("found_space", _found(postgresql.insert), "postgresql"),
    "sqlite": Statement("found_space", _found(sqlite.insert), "sqlite"),
}
"""Makes the owner's personal space, unless there is one."""

ERASE_SPACE = Statement("erase_space", delete(spaces).where(spaces.c.id == OWNER))
"""Takes everything along that has a foreign key to the space."""
