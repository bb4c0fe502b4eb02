"""Sealed routing: a URL belongs to one contract, and no other ever answers it.

The contracts' paths form one tree. At each segment a literal wins over a parameter and there is no
way back: below ``/api/v1`` nothing that begins ``/api/{user_id}`` can match.

A path is judged as it was sent, because a proxy's rules on paths are: a literal is written out, and what is
encoded can only be a parameter's value.
"""

from collections.abc import Container
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from urllib.parse import unquote

import msgspec

C = TypeVar("C")
R = TypeVar("R")


class PathCollision(ValueError):
    """Two contracts claim one URL; the message names both."""


@dataclass(slots=True)
class _Segment(Generic[C, R]):
    literals: "dict[str, _Segment[C, R]]" = field(default_factory=dict)
    parameter: "_Segment[C, R] | None" = None
    contract: C | None = None
    routes: dict[str, tuple[R, tuple[str, ...]]] = field(default_factory=dict)


class Found(msgspec.Struct, Generic[C, R], frozen=True):
    """Where a path leads: whose it is, the route of the method, or the methods there are."""

    contract: C
    route: R | None
    parameters: dict[str, str]
    allowed: str | None


class SealedPaths(Generic[C, R]):
    """The tree. ``C`` stands for a contract, ``R`` for what answers a method on a path."""

    def __init__(self) -> None:
        self._root: _Segment[C, R] = _Segment()

    def add(self, contract: C, method: str, path: str, route: R) -> None:
        """Add a route for a path like ``/api/{user_id}/tasks``; raises `PathCollision`."""
        names: list[str] = []
        segment = self._root
        for part in path.strip("/").split("/"):
            if part.startswith("{"):
                names.append(part[1:-1])
                segment.parameter = segment.parameter or _Segment()
                segment = segment.parameter
            else:
                segment = segment.literals.setdefault(part, _Segment())
        if segment.contract not in {None, contract}:
            raise PathCollision(f"{segment.contract} and {contract} both claim {path}")
        segment.contract = contract
        segment.routes[method] = (route, tuple(names))

    def claim(self, contract: C, path: str) -> None:
        """Have the contract answer for what is no endpoint below a literal path, unless one does already."""
        segment = self._literal(path)
        segment.contract = segment.contract or contract

    def reserve(self, path: str) -> None:
        """Keep a literal path from being taken for a parameter, whether or not it leads anywhere."""
        self._literal(path)

    def _literal(self, path: str) -> _Segment[C, R]:
        segment = self._root
        for part in path.strip("/").split("/"):
            segment = segment.literals.setdefault(part, _Segment())
        return segment

    def find(self, method: str, path: str) -> "Found[C, R] | None":
        """What a request for a path, as it was sent, leads to; ``None`` if no contract claims it.

        ``HEAD`` leads wherever ``GET`` does.
        """
        segment = self._root
        contract: C | None = None
        values: list[str] = []
        # A path with none of these, as most are, cannot be read otherwise by any program.
        plain = "%" not in path and "." not in path and "\\" not in path
        for part in (path[1:-1] if path[-1:] == "/" else path[1:]).split("/"):
            following = segment.literals.get(part)
            if following is None:
                following = segment.parameter
                value = part if plain else _value(part, segment.literals)
                if following is None or not value:
                    return None if contract is None else Found(contract, None, {}, None)
                values.append(value)
            segment = following
            if segment.contract is not None:
                contract = segment.contract
        if contract is None:
            return None
        entry = segment.routes.get("GET" if method == "HEAD" else method)
        if entry is not None:
            route, names = entry
            return Found(contract, route, dict(zip(names, values, strict=True)), None)
        allowed = ", ".join("GET, HEAD" if each == "GET" else each for each in segment.routes)
        return Found(contract, None, {}, allowed or None)


def _value(part: str, literals: Container[str]) -> str | None:
    """The parameter's value; ``None`` if another program could read the path otherwise.

    It could where the value has a slash, is a step to another directory (for some, with a ``;`` behind it),
    or is a literal in disguise.
    """
    value = unquote(part)
    is_step = value.partition(";")[0] in {".", ".."}
    return None if is_step or "/" in value or "\\" in value or value in literals else value
