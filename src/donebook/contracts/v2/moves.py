"""Where a task is to be moved."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Discriminator, Tag
from typing_extensions import TypedDict

from donebook.ledger.operations import Key, Move
from donebook.tasks.operations import move

_STRICT = ConfigDict(extra="forbid")


class MoveBefore(TypedDict):
    """To the place before another task."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]  # how Pydantic configures a TypedDict

    before: UUID


class MoveAfter(TypedDict):
    """To the place after another task."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    after: UUID


class MoveTo(TypedDict):
    """To the beginning or the end of the list."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    to: Literal["first", "last"]


def _kind_of_move(value: Any) -> str:
    given = value if isinstance(value, dict) else {}
    return next((kind for kind in ("before", "after") if kind in given), "to")


GivenMove = Annotated[
    Annotated[MoveBefore, Tag("before")] | Annotated[MoveAfter, Tag("after")] | Annotated[MoveTo, Tag("to")],
    Discriminator(_kind_of_move),
]


def move_from(task: Key, given: Mapping[str, Any]) -> Move:
    """The move in the core's terms."""
    if "to" in given:
        return move(task, "before" if given["to"] == "first" else "after")
    side: Literal["before", "after"] = "before" if "before" in given else "after"
    return move(task, side, given[side])
