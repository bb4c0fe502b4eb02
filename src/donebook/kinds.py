"""All kinds of the product: to import this declares them, so that the ledger keeps house for each."""

from donebook.tasks.kind import TASKS

__all__ = ["KINDS", "TASKS"]

KINDS = (TASKS,)
