"""The living contract ``v2``: ``/api/v2``, one module for each group of endpoints."""

from taskledger.contracts.v2 import tasks  # noqa: F401 - imported for the endpoints it declares
from taskledger.contracts.v2.contract import contract

__all__ = ["contract"]
