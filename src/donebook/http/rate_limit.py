"""How many requests a user may make, counted in this process's memory."""

import time
from collections.abc import Callable
from math import ceil, floor
from typing import Protocol

from donebook.accounts.attempts import Allowance
from donebook.settings import Rate

Headers = list[tuple[bytes, bytes]]


class UserLimit(Protocol):
    """A limit that is counted for each user."""

    rate: Rate

    async def take(self, user_id: str) -> Allowance | None:
        """Count a request, if it is allowed; ``None`` where the count cannot be had."""

    async def aclose(self) -> None:
        """Let go of connections."""


def limit_headers(name: str, rate: Rate, allowance: Allowance) -> Headers:
    """The fields of draft-ietf-httpapi-ratelimit-headers-10."""
    policy = f'"{name}";q={rate.amount};w={rate.seconds}'
    left = f'"{name}";r={allowance.remaining};t={allowance.seconds}'
    return [(b"ratelimit-policy", policy.encode()), (b"ratelimit", left.encode())]


class MemoryLimit:
    """Counts in two windows that follow each other; the older one counts by how much of it is still near.

    The same reckoning as `RedisLimit` has. It is here because a request must not pay for it: the memory
    storage of ``limits`` looks through all its keys again and again.
    """

    def __init__(self, rate: Rate, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._monotonic = monotonic
        self._window = 0
        self._before: dict[str, int] = {}
        self._counts: dict[str, int] = {}

    async def take(self, user_id: str) -> Allowance:
        amount, seconds = self.rate.amount, self.rate.seconds
        window, elapsed = divmod(self._monotonic(), seconds)
        if window != self._window:
            self._before = self._counts if window == self._window + 1 else {}
            self._counts = {}
            self._window = int(window)
        count = self._counts.get(user_id, 0)
        before = self._before.get(user_id, 0)
        rest = seconds - elapsed
        used = floor(before * rest / seconds + count)
        if used < amount:
            self._counts[user_id] = count + 1
            return Allowance(True, amount - used - 1, ceil(rest))
        # The older window fades until there is room; where it is not what fills the limit, this one has
        # to become the older one first.
        wait = rest - (amount - count) * seconds / before if count < amount else rest
        return Allowance(False, 0, floor(wait) + 1)

    async def aclose(self) -> None:
        """Nothing to let go of."""
