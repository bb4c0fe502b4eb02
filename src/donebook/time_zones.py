"""The IANA time zones."""

from functools import cache
from zoneinfo import available_timezones

_NO_ZONES = frozenset({"Factory", "localtime", "posixrules"})
"""Files beside the zones: each means what this machine is set to, or that it is set to nothing."""

_NO_REGIONS = ("posix/", "right/")
"""Copies of all zones, the second with leap seconds, which timestamps do not have."""


def is_time_zone(name: str) -> bool:
    """Whether a zone of that name exists, in that letter case.

    Never looks at the file system by a client's text, nor means another zone on another machine.
    """
    return name in _names()


@cache
def _names() -> frozenset[str]:
    return frozenset(
        name for name in available_timezones() if name not in _NO_ZONES and not name.startswith(_NO_REGIONS)
    )
