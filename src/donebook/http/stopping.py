"""Knowing that the server is about to stop while there is still time to do something about it.

A server that is told to stop waits for the answers under way before it ends the application's
lifespan. An answer without an end has to hear of it earlier: from the signal itself.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def on_stop_signal(call: Callable[[], None]) -> Iterator[None]:
    """Call ``call`` on this event loop when a signal to stop arrives, and then the server's own handler.

    Outside the main thread, where Python delivers no signals, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    handlers: dict[int, Any] = {number: signal.getsignal(number) for number in _SIGNALS}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(call)
        before = handlers[number]
        if callable(before):
            before(number, frame)
        elif before == signal.SIG_DFL:
            # Nobody else would end the process.
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    for number in handlers:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, before in handlers.items():
            if signal.getsignal(number) is handle:
                signal.signal(number, before)


def outlive_signals() -> None:
    """Let no other signal end the process at once, as it would by default.

    SIGHUP, which a terminal sends when it is closed, and SIGUSR1 and SIGUSR2 are ignored; SIGQUIT is SIGTERM.
    What somebody else has made of a signal is left as it is.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    meanings: dict[str, Any] = {
        "SIGHUP": signal.SIG_IGN,
        "SIGUSR1": signal.SIG_IGN,
        "SIGUSR2": signal.SIG_IGN,
        "SIGQUIT": _stop,
    }
    for name, meaning in meanings.items():
        number = getattr(signal, name, None)  # Windows has none of them
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, meaning)


def _stop(number: int, frame: FrameType | None) -> None:
    del number, frame
    signal.raise_signal(signal.SIGTERM)
