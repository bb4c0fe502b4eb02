"""Recording what can come in floods: refused tokens and limits that were hit."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from datetime import datetime

from donebook.accounts.events import EventKind, Origin, printable, record_event
from donebook.errors import DatabaseUnavailable
from donebook.storage.database import Database

log = logging.getLogger("donebook.identity")

WINDOW_SECONDS = 60.0
EACH_PER_WINDOW = 5
ALL_PER_WINDOW = 200


class EventRecorder:
    """Records refusals in the background, and under attack only a sample of them.

    In any minute at most `EACH_PER_WINDOW` of one kind from one address and `ALL_PER_WINDOW` in all are
    recorded and logged; of the rest their number is, within a minute. A refusal waits for no database.
    """

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database = database
        self._now = now
        self._window_ends = 0.0
        self._seen: Counter[tuple[EventKind, str | None]] = Counter()
        self._recorded = 0
        self._left_out: Counter[EventKind] = Counter()
        self._window_end: asyncio.TimerHandle | None = None
        self._waiting: set[asyncio.Task[None]] = set()

    def note(
        self, kind: EventKind, origin: Origin, *, user_id: str | None = None, reason: str | None = None
    ) -> None:
        """Record the event, unless there were too many like it."""
        now = self._now()
        if now.timestamp() >= self._window_ends:
            self._begin_window(now)
        which = (kind, origin.address)
        self._seen[which] += 1
        if self._seen[which] > EACH_PER_WINDOW or self._recorded >= ALL_PER_WINDOW:
            self._left_out[kind] += 1
            if self._window_end is None:
                # An attack may end with this one, and its extent is to be known all the same.
                loop = asyncio.get_running_loop()
                self._window_end = loop.call_later(WINDOW_SECONDS, self._count_left_out)
            if len(self._seen) > ALL_PER_WINDOW * 10:
                self._seen.clear()
            return
        self._recorded += 1
        log.warning(
            "%s: %s (from %s, request %s)",
            kind,
            printable(reason or "-"),
            origin.address or "-",
            origin.request_id or "-",
        )
        self._record(kind, origin, now, user_id, reason)

    async def aclose(self) -> None:
        """Record what is still to be."""
        self._count_left_out()
        await self.settle()

    async def settle(self) -> None:
        """Wait until what was noted is recorded, or has failed to be."""
        while self._waiting:
            await asyncio.gather(*self._waiting)

    def _begin_window(self, now: datetime) -> None:
        self._count_left_out()
        self._window_ends = now.timestamp() + WINDOW_SECONDS
        self._seen.clear()
        self._recorded = 0

    def _count_left_out(self) -> None:
        if self._window_end is not None:
            self._window_end.cancel()
            self._window_end = None
        if self._left_out:
            counts = ", ".join(f"{count} {kind}" for kind, count in sorted(self._left_out.items()))
            log.warning("not recorded one by one: %s", counts)
            self._record(EventKind.NOT_RECORDED, Origin(), self._now(), None, counts)
            self._left_out.clear()

    def _record(
        self, kind: EventKind, origin: Origin, now: datetime, user_id: str | None, reason: str | None
    ) -> None:
        task = asyncio.create_task(self._write(kind, origin, now, user_id, reason))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def _write(
        self, kind: EventKind, origin: Origin, now: datetime, user_id: str | None, reason: str | None
    ) -> None:
        try:
            await record_event(self._database, kind, origin, now, user_id=user_id, reason=reason)
        except DatabaseUnavailable as failure:
            log.warning("an event could not be recorded: %s", failure)
        except Exception:
            log.exception("an event could not be recorded")
