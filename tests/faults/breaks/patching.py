"""Putting something else in the place of a part of the product, in this process alone."""

from typing import Any


def patch(owner: Any, name: str, by: Any) -> None:
    """Let ``owner`` have ``by`` under a name that it has."""
    getattr(owner, name)
    setattr(owner, name, by)
