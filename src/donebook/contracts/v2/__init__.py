"""The living contract ``v2``: ``/api/v2``, one module for each group of endpoints."""

from donebook.contracts.v2 import batch, changes, events, sync, tasks, trash  # noqa: F401 - for their endpoints
from donebook.contracts.v2.contract import contract

__all__ = ["contract"]
