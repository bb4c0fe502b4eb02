"""The ``auth`` contract: accounts of our own, for front ends that have no issuer of tokens."""

from donebook.contracts.auth import endpoints  # noqa: F401 - for its endpoints
from donebook.contracts.auth.contract import contract

__all__ = ["contract"]
