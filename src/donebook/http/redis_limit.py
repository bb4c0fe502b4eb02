"""How many requests a user may make, counted in Redis for all processes that name it."""

import logging
import time
from collections.abc import Callable
from hashlib import sha256
from math import ceil

from limits import RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio import ConnectionPool

from donebook.accounts.attempts import Allowance
from donebook.settings import Rate

log = logging.getLogger("donebook.limits")

_TIMEOUT = 0.5
_PAUSE = 2.0


class RedisLimit:
    """A sliding window over two counters.

    Where Redis does not answer, requests pass uncounted: the limit protects the service, and must not
    be what stops it.
    """

    def __init__(self, rate: Rate, url: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._monotonic = monotonic
        self._item = RateLimitItemPerSecond(rate.amount, rate.seconds)
        self._connections = ConnectionPool.from_url(
            url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT
        )
        storage = RedisStorage(
            f"async+{url}",
            implementation="redispy",
            key_prefix="donebook",
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
            self._paused_until = self._monotonic() + _PAUSE
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
