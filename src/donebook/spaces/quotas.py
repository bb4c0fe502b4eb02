"""How much a space may hold."""

from dataclasses import dataclass

_NO_LIMIT = 2**63 - 1

ENTRY_BYTES = 200
"""What a version counts for beside its texts, as do a tombstone and a stored answer: about what its row and
index entries take."""


@dataclass(frozen=True, slots=True)
class Quotas:
    """The limits of every space: a write that adds to what has reached its limit is refused.

    So the limit on bytes can be passed by one write, and no further. ``tasks`` counts those in the trash too.
    """

    tasks: int = _NO_LIMIT
    history_bytes: int = _NO_LIMIT
    answer_bytes: int = _NO_LIMIT


UNLIMITED = Quotas()
