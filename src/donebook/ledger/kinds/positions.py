"""Positions: texts that sort, byte for byte, as the tasks are arranged.

A position is sixteen hexadecimal digits, the rank that `rank_text` gives to a number, and further
digits where a task was put between two others. Ranks are the user's revisions: a task put last at
revision 7 has rank 7, one put first has rank -7, so that both ends are always beyond all there is and
no neighbour has to be looked at.

Between two positions there is always a third, longer one. Putting task after task into one gap
lengthens them by a digit for every four moves; where one would grow beyond `LONGEST`, the tasks around
the gap are spread out anew.
"""

from donebook.storage.types import RANK_ORIGIN

RANK_DIGITS = 16
LONGEST = 48
SPREAD = 32
"""How long positions may be at most that tasks are spread out to, so that the next moves find room."""


def rank(number: int) -> str:
    """The position of a rank, as `rank_text` has it in SQL."""
    return f"{RANK_ORIGIN + number:016x}"


def first_of(revision: int, nth: int) -> str:
    """The ``nth`` (from 0) position that one revision gives out at the beginning of the list."""
    # Beyond the first, what lies between the rank of this revision and that of the next, downwards.
    return rank(-revision) if nth == 0 else f"{rank(-revision - 1)}{0x10000 - nth:04x}"


def last_of(revision: int, nth: int) -> str:
    """The ``nth`` (from 0) position that one revision gives out at the end of the list."""
    # Four digits, so that as many tasks as fit in a request stay in order.
    return rank(revision) if nth == 0 else f"{rank(revision)}{nth:04x}"


def between(low: str, high: str, count: int, longest: int) -> list[str] | None:
    """So many positions, evenly between two others; ``None`` if they would be longer than allowed.

    Two tasks may even share a position, if one was in the trash: there is nothing between them.
    """
    digits = RANK_DIGITS + 2
    while True:
        if digits > longest:
            return None
        start, end = _cut_up(low, digits), _cut_down(high, digits)
        if end - start > count:
            break
        digits += 1
    gap = end - start
    return [f"{start + gap * number // (count + 1):0{digits}x}" for number in range(1, count + 1)]


def _cut_down(position: str, digits: int) -> int:
    return int(position[:digits].ljust(digits, "0"), 16)


def _cut_up(position: str, digits: int) -> int:
    return _cut_down(position, digits) + (1 if position[digits:].strip("0") else 0)
