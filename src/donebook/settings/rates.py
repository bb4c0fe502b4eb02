"""Rates such as ``600/minute``."""

import re
from dataclasses import dataclass

LARGEST_EXACT_AMOUNT = 1000
"""An exact limit keeps the time of each attempt in one row of the database."""

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
_PATTERN = re.compile(r"([1-9]\d{0,8})\s*/\s*([1-9]\d{0,4})?\s*(second|minute|hour|day)s?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Rate:
    """At most ``amount`` in any window of ``seconds``."""

    amount: int
    seconds: int


def parse_rate(value: object) -> object:
    """``5/minute`` or ``100/15 minutes`` as a ``Rate``; anything but text is passed through."""
    if not isinstance(value, str):
        return value
    match = _PATTERN.fullmatch(value.strip().lower())
    if match is None:
        raise ValueError(f'"{value}" is not a rate; write for example 5/minute, 600/minute or 100/15 minutes')
    amount, windows, unit = match.groups()
    return Rate(int(amount), int(windows or 1) * _SECONDS[unit])


def check_exact_rate(rate: Rate) -> Rate:
    """Refuse what cannot be counted attempt by attempt."""
    if rate.amount > LARGEST_EXACT_AMOUNT:
        raise ValueError(f"{rate.amount} is too many; the most is {LARGEST_EXACT_AMOUNT}")
    return rate
