"""The values of a task's fields."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Priority = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class Due:
    """When a task is due: an instant, shown in ``time_zone`` if given, or a whole day.

    Of a whole day ``at`` is midnight UTC and there is no zone. The first and the last microsecond
    that a `datetime` can name are not allowed: to asyncpg they mean minus and plus infinity.
    """

    at: datetime
    all_day: bool = False
    time_zone: str | None = None
