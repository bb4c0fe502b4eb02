"""How many requests a user may make: in this process's memory, or in Redis for all processes."""

import logging
import time
from collections.abc import Callable
from hashlib import sha256
from math import ceil, floor
from typing import Protocol

from limits import RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio import ConnectionPool

from taskledger.accounts.attempts import Allowance
from taskledger.settings import Rate

log = logging.getLogger("taskledger.limits")

Headers = list[tuple[bytes, bytes]]

_REDIS_TIMEOUT = 0.5
_REDIS_PAUSE = 2.0


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


class RedisLimit:
    """Counts in Redis, for every process that names it.

    Where Redis does not answer, requests pass uncounted: the limit protects the service, and must not
    be what stops it.
    """

    def __init__(self, rate: Rate, url: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._monotonic = monotonic
        self._item = RateLimitItemPerSecond(rate.amount, rate.seconds)
        self._connections = ConnectionPool.from_url(
            url, socket_timeout=_REDIS_TIMEOUT, socket_connect_timeout=_REDIS_TIMEOUT
        )
        storage = RedisStorage(
            f"async+{url}",
            implementation="redispy",
            key_prefix="taskledger",
            connection_pool=self._connections,  # type: ignore[arg-type]  # as its docstring says
        )
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._paused_until = 0.0
        self._failing = False

    async def take(self, user_id: str) -> Allowance | None:
        if self._monotonic() < self._paused_until:
            return None
        # A digest, because the key's parts are told apart by slashes and a user's id may have some.
        key = sha256(user_id.encode()).hexdigest()[:32]
        try:
            allowed = await self._limiter.hit(self._item, "api", key)
            reset, remaining = await self._limiter.get_window_stats(self._item, "api", key)
        except Exception as failure:  # noqa: BLE001 - each client library has failures of its own
            self._paused_until = self._monotonic() + _REDIS_PAUSE
            if not self._failing:
                log.warning(
                    "RATE_LIMIT_STORAGE does not answer: nothing is limited (%s)", type(failure).__name__
                )
            self._failing = True
            return None
        if self._failing:
            log.warning("RATE_LIMIT_STORAGE answers again")
            self._failing = False
        return Allowance(allowed, remaining, max(1, ceil(reset - time.time())))

    async def aclose(self) -> None:
        await self._connections.aclose()
