"""The list of contracts to serve, and where each one answers."""

import re
from dataclasses import dataclass
from itertools import combinations

from donebook.settings.lists import parse_list, raise_mistakes

_USER = "{user_id}"

# What each contract claims below its base: every URL that begins with these segments.
_CLAIMS = {
    "v2": ("api", "v2"),
    "versioned": ("api", "v1", "tasks"),
    "flat": ("api", "tasks"),
    "scoped": ("api", _USER, "tasks"),
    "auth": ("api", "auth"),
    "enveloped": ("api", _USER, "tasks"),
}

# A path never reads these as a user id, so a literal of a neighbour is not claimed by a placeholder.
_NOT_USER_IDS = frozenset({"v1", "v2", "tasks", "auth"})

_SERVICE_PATHS = frozenset(
    {"docs", "redoc", "openapi.json", "health", "metrics", ".well-known", "app", "mcp"}
)
_BASE = re.compile(r"(/[A-Za-z0-9._~-]+)*")

DEFAULT_CONTRACTS = "v2,versioned,flat,scoped,auth,enveloped@/enveloped"


@dataclass(frozen=True, slots=True)
class Mount:
    """A contract served below ``base``, which is empty or begins with a slash and never ends with one."""

    name: str
    base: str = ""

    def __str__(self) -> str:
        return f"{self.name}@{self.base}" if self.base else self.name

    @property
    def claim(self) -> tuple[str, ...]:
        """The leading path segments that are this contract's alone."""
        return (*self.base.split("/")[1:], *_CLAIMS[self.name])


def parse_mounts(value: object) -> tuple[Mount, ...]:
    """Mounts from ``name`` or ``name@/base`` items; mounts that are already parsed are only checked.

    Raises ``ValueError`` with one line for each unknown name, bad base and pair that claims one URL.
    """
    if isinstance(value, tuple | list) and all(isinstance(item, Mount) for item in value):
        items = [str(item) for item in value]
    else:
        items = parse_list(value)
    mistakes: list[str] = []
    mounts: list[Mount] = []
    for item in items:
        name, _, base = item.partition("@")
        if mistake := _mistake(item, name, base.rstrip("/")):
            mistakes.append(mistake)
        else:
            mounts.append(Mount(name, base.rstrip("/")))
    if not items:
        mistakes.append(f"names no contract; choose from {', '.join(_CLAIMS)}")
    mistakes += [
        f'"{one}" and "{other}" claim the same URLs (/{"/".join(one.claim)}); '
        f'leave one out or give it a base of its own, for example "{other.name}@/{other.name}"'
        for one, other in combinations(mounts, 2)
        if _overlap(one.claim, other.claim)
    ]
    raise_mistakes(mistakes)
    return tuple(mounts)


def _mistake(item: str, name: str, base: str) -> str | None:
    if name not in _CLAIMS:
        return f'"{item}" names no contract this server speaks; choose from {", ".join(_CLAIMS)}'
    segments = base.split("/")[1:]
    if not _BASE.fullmatch(base) or {".", ".."} & set(segments):
        return f'"{item}" has a bad base; write {name}@/base, of letters, digits and . _ ~ - only'
    if segments and segments[0] in _SERVICE_PATHS:
        return f'"{item}" has a base the server keeps for itself (/{segments[0]}); choose another'
    return None


def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether some URL begins with both claims; the longer one may lie inside the shorter."""
    return all(_meet(left, right) for left, right in zip(one, other, strict=False))


def _meet(left: str, right: str) -> bool:
    if left == right:
        return True
    if left == _USER:
        return right not in _NOT_USER_IDS
    return right == _USER and left not in _NOT_USER_IDS
