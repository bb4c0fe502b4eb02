"""Going on for a while after the signal to stop, so that load balancers can look elsewhere first."""

import asyncio
import logging
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

log = logging.getLogger("donebook.serve")


class Farewell:
    """Delays what SIGTERM does by ``delay`` seconds, and calls ``leave`` at once.

    SIGINT is not delayed: a person who presses Ctrl-C does not want to wait.
    """

    def __init__(self, delay: float, leave: Callable[[], None]) -> None:
        self._delay = delay
        self._leave = leave
        self._server: Any = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._begun = False

    def __enter__(self) -> None:
        self.start()

    def __exit__(self, *raised: object) -> None:
        self.stop()

    def start(self) -> None:
        """Come before the server's own handler of the signal; to be called once that is in place."""
        if self._delay <= 0 or threading.current_thread() is not threading.main_thread():
            return
        server = signal.getsignal(signal.SIGTERM)
        if callable(server):
            self._server = server
            self._loop = asyncio.get_running_loop()
            signal.signal(signal.SIGTERM, self._hear)

    def stop(self) -> None:
        """Leave the signal to the server again."""
        if self._server is not None and signal.getsignal(signal.SIGTERM) == self._hear:
            signal.signal(signal.SIGTERM, self._server)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        if self._begun:
            return
        self._begun = True
        assert self._loop is not None
        log.info("stopping in %g seconds", self._delay)
        self._leave()
        self._loop.call_later(self._delay, self._server, signal.SIGTERM, None)
