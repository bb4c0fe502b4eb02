"""Exact limits."""

from typing import Any

from sqlalchemy import Integer, Text, and_, bindparam, case, delete, func

from donebook.accounts.model import attempt_windows
from donebook.accounts.statements.binds import NOW, instant, text
from donebook.storage.statement import Statement, upserting

TIME_DIGITS = 16
"""Microseconds since 1970 in decimal digits: enough until 2286, and sorting as the time does."""

ENTRY_LENGTH = TIME_DIGITS + 8


def _take_attempt(dialects_insert: Any) -> Any:
    """Add ``entry``, unless the one that would be pushed out by it still counts.

    ``full`` and ``kept`` are the lengths of as many entries as are allowed, and of one less. Everything
    is decided on the one locked row. An entry beyond ``horizon`` is from before the clock was set back,
    and counts no more.
    """
    row = dialects_insert(attempt_windows).values(
        key=text("key"), entries=text("entry"), expires_at=instant("expires_at")
    )
    entries, length = attempt_windows.c.entries, func.length(attempt_windows.c.entries)
    full, kept = bindparam("full", type_=Integer), bindparam("kept", type_=Integer)
    barring = func.substr(entries, length - full + 1, TIME_DIGITS, type_=Text)
    barred = and_(length >= full, barring > text("cutoff"), barring <= text("horizon"))
    newest = case((length > kept, func.substr(entries, length - kept + 1, type_=Text)), else_=entries)
    return row.on_conflict_do_update(
        index_elements=[attempt_windows.c.key],
        set_={
            "entries": case((barred, entries), else_=newest + row.excluded.entries),
            "expires_at": row.excluded.expires_at,
        },
    ).returning(attempt_windows.c.entries)


TAKE_ATTEMPT = upserting("take_attempt", _take_attempt)

PRUNE_ATTEMPTS = Statement(
    "prune_attempts", delete(attempt_windows).where(attempt_windows.c.expires_at < NOW), varies=True
)
