"""The IANA time zones."""

from functools import cache
from zoneinfo import available_timezones


def is_time_zone(name: str) -> bool:
    """Whether a zone of that name exists; never a look at the file system by a client's text."""
    return name in _names()


@cache
def _names() -> frozenset[str]:
    return frozenset(available_timezones())
