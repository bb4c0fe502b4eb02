"""Mistakes in the contracts: dates that lose what they were, conditions and methods that HTTP knows."""

from typing import Any

from tests.faults.breaks.patching import patch


def take_every_due_date_for_an_instant() -> None:
    """Store an instant that is sent back as a due date without a day or a zone."""
    from donebook.contracts import scoped, versioned
    from donebook.tasks.operations import change
    from donebook.tasks.values import Due

    def change_all(key: Any, fields: Any) -> Any:
        given = dict(fields)
        if "due_at" in given:
            moment = given.pop("due_at")
            given["due"] = None if moment is None else Due(moment)
        return change(key, given)

    patch(scoped, "change", change_all)
    patch(versioned, "change", change_all)


def take_local_times_for_utc() -> None:
    """Take every time without an offset for UTC, whatever zone stands beside it."""
    from donebook.contracts.v2 import fields

    to_utc = vars(fields)["to_utc"]
    patch(fields, "to_utc", lambda value, zone=None: to_utc(value))


def ignore_unwanted_tags() -> None:
    """Write whatever If-None-Match says."""
    from donebook.contracts import dialect

    patch(dialect, "matches", lambda header, tag: False)


def know_no_head() -> None:
    """Answer HEAD only where it is declared."""
    from donebook.http.sealed import SealedPaths

    find = SealedPaths.find

    def find_declared(self: Any, method: str, path: str) -> Any:
        return find(self, "UNKNOWN" if method == "HEAD" else method, path)

    patch(SealedPaths, "find", find_declared)
