"""What one user does at once: some of it, and the rest in turn."""

import asyncio
from collections import deque

from donebook.errors import DatabaseUnavailable


class UserTurns:
    """Lets a user do ``at_once`` of something; what is more waits in order.

    All writes of a user wait for that user's row. Without turns they would wait on connections, and keep
    every other user's requests from having one. Who has waited for ``patience`` seconds gets
    `DatabaseUnavailable`, as one who waits for a connection does.
    """

    def __init__(self, *, at_once: int, patience: float) -> None:
        self._at_once = at_once
        self._patience = patience
        self._counts: dict[str, int] = {}
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    def enter(self, user_id: str) -> bool:
        """Take a turn if there is one free; who got it, here or by `wait`, has to `leave`."""
        count = self._counts.get(user_id, 0)
        if count >= self._at_once:
            return False
        self._counts[user_id] = count + 1
        return True

    async def wait(self, user_id: str) -> None:
        """Wait for a turn that somebody leaves; raises `DatabaseUnavailable`."""
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self._waiting.setdefault(user_id, deque()).append(waiter)
        expiry = loop.call_later(self._patience, _expire, waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self.leave(user_id)  # it was handed over in the moment that its taker was cancelled
            raise
        finally:
            expiry.cancel()

    def leave(self, user_id: str) -> None:
        """Hand the turn to whoever waits first."""
        queue = self._waiting.get(user_id)
        if queue is not None:
            while queue:
                waiter = queue.popleft()
                if not waiter.done():
                    waiter.set_result(None)
                    return
            del self._waiting[user_id]
        count = self._counts[user_id] - 1
        if count:
            self._counts[user_id] = count
        else:
            del self._counts[user_id]


def _expire(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_exception(DatabaseUnavailable("the user's other requests did not end in time"))
