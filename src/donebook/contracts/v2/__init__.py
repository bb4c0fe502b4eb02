"""The living contract ``v2``: ``/api/v2``, one module for each group of endpoints."""

# The documents have the groups in the order in which their modules are imported here.
from donebook.contracts.v2 import tasks, trash  # noqa: F401 - for their endpoints

# isort: split
from donebook.contracts.v2 import batch, changes, events, sync  # noqa: F401 - for their endpoints
from donebook.contracts.v2.contract import contract

__all__ = ["contract"]
