"""Places between two events, and their names."""

import re
from typing import NamedTuple

WHOLE = 2**63 - 1
PATTERN = r"(0|[1-9][0-9]{0,17})(?:\.([1-9][0-9]{0,17}))?"
_NAME = re.compile(PATTERN, re.ASCII)


class Position(NamedTuple):
    """The place after the event of task ``number`` in ``revision``; `WHOLE` is the end of the revision.

    Events are in the order of their positions.
    """

    revision: int
    number: int

    @property
    def behind(self) -> int:
        """The last revision that is behind one as a whole."""
        return self.revision if self.number == WHOLE else self.revision - 1

    def __str__(self) -> str:
        """``41`` after revision 41; ``41.7`` after the event of task 7 in the midst of revision 42.

        So the number before the dot is always the last revision that is behind one as a whole.
        """
        return str(self.behind) if self.number == WHOLE else f"{self.behind}.{self.number}"


def after_revision(revision: int) -> Position:
    """The place after a whole revision."""
    return Position(revision, WHOLE)


def parse_position(name: str) -> Position:
    """The position that a name stands for; raises `ValueError`."""
    match = _NAME.fullmatch(name)
    if match is None:
        raise ValueError("Input should be a revision or the id of an event")
    whole = int(match[1])
    return after_revision(whole) if match[2] is None else Position(whole + 1, int(match[2]))
