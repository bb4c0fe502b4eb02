"""The SQL of users."""

from typing import Any

from sqlalchemy import Text, bindparam, func, or_
from sqlalchemy.dialects import postgresql, sqlite

from taskledger.accounts.model import users
from taskledger.storage.statement import Statement
from taskledger.storage.types import Instant

_PROFILE = ("email", "name", "avatar_url")


def _provision(insert: Any) -> Any:
    """Make the user's row, or refresh what the token says of them; a claim it lacks keeps its value."""
    now = bindparam("now", type_=Instant)
    row = insert(users).values(
        id=bindparam("owner", type_=Text),
        created_at=now,
        updated_at=now,
        **{name: bindparam(name, type_=Text) for name in _PROFILE},
    )
    said = row.excluded
    return row.on_conflict_do_update(
        index_elements=[users.c.id],
        set_={
            **{name: func.coalesce(said[name], users.c[name]) for name in _PROFILE},
            "updated_at": said.updated_at,
        },
        where=or_(
            *(said[name].is_not(None) & said[name].is_distinct_from(users.c[name]) for name in _PROFILE)
        ),
    )


PROVISION_USER = {
    "postgresql": Statement("provision_user", _provision(postgresql.insert), "postgresql"),
    "sqlite": Statement("provision_user", _provision(sqlite.insert), "sqlite"),
}
