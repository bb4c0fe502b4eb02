"""New revisions after a downgrade, which may have lost deletions that clients have yet to hear of.

This is `donebook.spaces.revisions.renew_revisions` for every schema there ever was.
"""

from datetime import UTC, datetime

from sqlalchemy import Connection, inspect, text

from donebook.spaces.revisions import revision_at

_NEXT = "CASE WHEN revision < :now THEN :now ELSE revision + 1 END"
_RAISE_SPACES = f"UPDATE spaces SET revision = {_NEXT}, floor = {_NEXT}"  # noqa: S608 - a constant
_RAISE_USERS = f"UPDATE users SET revision = {_NEXT}"  # noqa: S608 - a constant
_MAKE_FLOORS = "INSERT INTO sync_floors (owner_id, revision) SELECT id, revision FROM users"


def renew_revisions(connection: Connection) -> None:
    """Raise all ledgers to a number of this moment, and set their floors there, where the schema has any."""
    tables = set(inspect(connection).get_table_names())
    if "spaces" in tables:
        statements = [_RAISE_SPACES]
    elif "sync_floors" in tables:
        statements = [_RAISE_USERS, "DELETE FROM sync_floors", _MAKE_FLOORS]
    else:
        statements = [_RAISE_USERS] if "users" in tables else []
    now = revision_at(datetime.now(UTC))
    for statement in statements:
        connection.execute(text(statement), {"now": now} if ":now" in statement else {})
