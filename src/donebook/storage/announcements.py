"""Word of commits: from this process at once, from other processes through the database.

A statement announces the value it names (`Statement.announces`). Listeners take what they hear as a
hint to look: word may come twice or for nothing, and a periodic hint makes up for word that is lost.
"""

from collections.abc import Callable
from typing import Protocol

Hear = Callable[[str | None], None]
"""Called on the event loop with an announced value, or with ``None``: any may have been announced."""


class Announcements(Protocol):
    """What brings word of the commits of all processes on one database."""

    def listen(self, hear: Hear) -> None:
        """Bring ``hear`` word from now on; ``None`` comes first, once others are heard too."""

    def stop_listening(self) -> None:
        """Bring no more word; what this process commits is still announced to others."""

    async def close(self) -> None:
        """Let go of everything."""
