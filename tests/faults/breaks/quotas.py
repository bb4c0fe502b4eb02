"""Mistakes in bounding what one user may fill the service with."""

from typing import Any

from tests.faults.breaks.patching import patch


def let_everybody_fill_it() -> None:
    """Refuse nothing, however much there is."""
    from donebook import app
    from donebook.spaces.quotas import UNLIMITED

    patch(app, "Quotas", lambda *_: UNLIMITED)


def count_no_history() -> None:
    """Take a version for nothing."""
    from sqlalchemy import literal_column

    from donebook.ledger.statements import in_transaction, parts, single_statement

    def nothing(*_: Any) -> Any:
        return literal_column("0")

    for module in (in_transaction, parts, single_statement):
        patch(module, "version_bytes", nothing)


def forget_nothing_to_make_room() -> None:
    """Refuse writes where the history has reached its quota, and leave its oldest where it is."""
    from donebook.ledger.writing import pruning

    async def make_no_room(*_: Any) -> bool:
        return False

    patch(pruning, "_make_room", make_no_room)


def promise_more_answers_than_fit() -> None:
    """Store answers without a bound."""
    from donebook.http import once
    from donebook.ledger.writing.idempotency import perform_once

    async def perform(*arguments: Any, quotas: Any) -> Any:
        del quotas
        return await perform_once(*arguments)

    patch(once, "perform_once", perform)
