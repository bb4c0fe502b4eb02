"""PostgreSQL's row-level security: statements run as a role that sees the rows of one owner.

The policies are on the tables (see the migrations). The login that owns the tables is not bound by
them, so each transaction takes on another role, and names its owner in a setting of its own::

    BEGIN; SET LOCAL ROLE …; set_config('donebook.owner', …, true)  →  the statement  →  COMMIT

Everything is local to the transaction: nothing is left on the connection for whoever has it next, and
it works behind a pooler that lends connections for one transaction.
"""

from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from donebook.errors import DatabaseUnavailable
from donebook.storage.statement import Statement, Values

# Named after the login that owns the tables, and not the same everywhere: roles belong to the whole
# server, and a second service there must not come to our rows by a role that both may take on.
_ROLE = (
    "SELECT left(pg_get_userbyid(relowner), 54) || '_requests' FROM pg_class WHERE oid = to_regclass('users')"
)

_OURS = """
SELECT format('%I.%I', n.nspname, c.relname), c.relkind = 'S'
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p', 'S')
  AND pg_get_userbyid(c.relowner) = current_user
"""


def place_of(statement: Statement, values: Values) -> str | None:
    """Whose rows the statement may touch: an owner, ``""`` for nobody, ``None`` for everybody."""
    return None if statement.crosses_owners else values.get("owner") or ""


class RowSecurity:
    """Runs statements behind the policies; knows the role's name once `learn` has been awaited."""

    def __init__(self) -> None:
        self._role: str | None = None

    async def learn(self, connection: Any) -> None:
        """Ask the database for the role's name, the first time; raises `DatabaseUnavailable`."""
        if self._role is None:
            name = await connection.fetchval(_ROLE)
            if name is None:
                raise DatabaseUnavailable("the database is not migrated")
            self._role = _quoted(name)

    def enter(self, place: str | None) -> str:
        """SQL that moves the open transaction to a place (see `place_of`)."""
        if place is None:
            return "SET LOCAL ROLE NONE"
        # One round trip needs the simple protocol, which takes no parameters; of hexadecimal digits
        # no text can break out, whatever the server thinks of backslashes.
        owner = f"convert_from(decode('{place.encode().hex()}', 'hex'), 'UTF8')"
        return f"SET LOCAL ROLE {self._role}; SELECT set_config('donebook.owner', {owner}, true)"


def grant_role(connection: Connection) -> None:
    """Make the role that requests run as and give it the tables; raises `DatabaseUnavailable`, with the mend.

    For the login that owns the tables; does no harm when it is repeated.
    """
    role = _quoted(connection.scalar(text(_ROLE)))
    if not _may_take_on(connection, role):
        # Another database of this server may make it at the same moment; or we may not make roles.
        _attempt(connection, f"CREATE ROLE {role} NOLOGIN NOBYPASSRLS")
        _attempt(connection, f"GRANT {role} TO CURRENT_USER")
        if not _may_take_on(connection, role):
            login = connection.scalar(text("SELECT quote_ident(current_user)"))
            raise DatabaseUnavailable(
                "row-level security needs a role; let a superuser run: "
                f"CREATE ROLE {role} NOLOGIN; GRANT {role} TO {login}"
            )
    schema = _quoted(connection.scalar(text("SELECT current_schema()")))
    connection.exec_driver_sql(f"GRANT USAGE ON SCHEMA {schema} TO {role}")
    for relation, is_sequence in connection.execute(text(_OURS)).all():
        if is_sequence:
            connection.exec_driver_sql(f"GRANT USAGE ON SEQUENCE {relation} TO {role}")
        else:
            connection.exec_driver_sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {relation} TO {role}")


def _may_take_on(connection: Connection, role: str) -> bool:
    return _attempt(connection, f"SET LOCAL ROLE {role}; RESET ROLE")


def _attempt(connection: Connection, sql: str) -> bool:
    try:
        with connection.begin_nested():
            for each in sql.split("; "):
                connection.exec_driver_sql(each)
    except DBAPIError:
        return False
    return True


def _quoted(name: str | None) -> str:
    assert name is not None
    return '"' + name.replace('"', '""') + '"'
