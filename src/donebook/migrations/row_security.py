"""Row-level security for the migrations that make tables."""

from alembic import op

OWNER_ONLY = "owner_only"
"""The policy that each table with an owner has."""


def protect_rows(table: str, owner: str = "owner_id") -> None:
    """Show and let change only the rows whose column ``owner`` is the transaction's owner.

    The table's own role, which migrates and serves, is not bound by this; the role that
    ``DATABASE_ROW_SECURITY=true`` takes on is. On SQLite, which has no such thing, it does nothing.
    """
    if op.get_bind().dialect.name != "postgresql":
        return
    # A setting that was local to an earlier transaction reads as "" and not as NULL.
    mine = f"{owner} = nullif(current_setting('donebook.owner', true), '')"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY {OWNER_ONLY} ON {table} USING ({mine}) WITH CHECK ({mine})")


def unprotect_rows(table: str) -> None:
    """Take back `protect_rows`, where the table itself stays."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP POLICY {OWNER_ONLY} ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
