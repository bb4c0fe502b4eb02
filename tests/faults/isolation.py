"""Invariant B: whatever a user writes carries that user's tag, and nobody else is ever shown it."""

import random
import re
from pathlib import Path
from typing import NamedTuple

_TAG = re.compile(rb"tag[0-9a-f]{16}")
_WRITTEN = "text-"


class Tagged(NamedTuple):
    """A user whose id and whose every text carry the tag."""

    tag: str

    @property
    def id(self) -> str:
        return f"id-{self.tag}"

    def text(self, text: str) -> str:
        """A text for this user to write."""
        return f"{_WRITTEN}{self.tag} {text}"


def make_users(rng: random.Random, count: int) -> list[Tagged]:
    return [Tagged(f"tag{rng.randrange(16**16):016x}") for _ in range(count)]


def foreign_tags(user: Tagged, shown: bytes) -> set[str]:
    """The tags of others in what was shown to the user: an answer with its headers, an event."""
    return {tag.decode() for tag in _TAG.findall(shown)} - {user.tag}


def log_violations(log: Path) -> list[str]:
    """Lines of a log that hold a text that a user wrote, or that are about several users at once."""
    return [
        line
        for line in log.read_text(errors="replace").splitlines()
        if _WRITTEN in line or len(set(_TAG.findall(line.encode()))) > 1
    ]
