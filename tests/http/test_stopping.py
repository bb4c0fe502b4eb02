"""Hearing of a signal to stop, before and beside the server."""

import asyncio
import signal
from collections.abc import Iterator
from types import FrameType

import pytest

from donebook.http.stopping import on_stop_signal, outlive_signals


class Server:
    """Has a handler of its own, as servers do."""

    def __init__(self) -> None:
        self.signals: list[int] = []

    def handle(self, number: int, frame: FrameType | None) -> None:
        del frame
        self.signals.append(number)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    before = {number: signal.signal(number, server.handle) for number in (signal.SIGTERM, signal.SIGINT)}
    yield server
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_is_heard_here_and_by_the_server(server: Server, number: signal.Signals) -> None:
    heard = asyncio.Event()
    with on_stop_signal(heard.set):
        signal.raise_signal(number)
        await asyncio.wait_for(heard.wait(), 20)
    assert [number] == server.signals


async def test_afterwards_the_server_has_its_handler_back(server: Server) -> None:
    with on_stop_signal(lambda: None):
        pass
    assert signal.getsignal(signal.SIGTERM) == server.handle


async def test_a_handler_that_was_set_later_stays(server: Server) -> None:
    with on_stop_signal(lambda: None):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_IGN


async def test_a_signal_that_is_ignored_stays_so(server: Server) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    heard = asyncio.Event()
    with on_stop_signal(heard.set):
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(heard.wait(), 20)


async def test_outside_the_main_thread_there_are_no_signals_to_hear() -> None:
    before = signal.getsignal(signal.SIGTERM)

    async def serve() -> None:
        with on_stop_signal(lambda: None):
            assert signal.getsignal(signal.SIGTERM) == before

    await asyncio.to_thread(asyncio.run, serve())


OTHERS = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGQUIT)


@pytest.fixture
def defaults() -> Iterator[None]:
    """Signals as a new process has them."""
    before = {number: signal.signal(number, signal.SIG_DFL) for number in OTHERS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("defaults")
def test_a_quit_is_a_signal_to_stop_and_the_others_are_nothing(server: Server) -> None:
    outlive_signals()

    for number in OTHERS[:3]:
        signal.raise_signal(number)
    assert [] == server.signals

    signal.raise_signal(signal.SIGQUIT)
    assert [signal.SIGTERM] == server.signals


@pytest.mark.usefixtures("defaults")
def test_a_signal_that_somebody_else_uses_is_left_to_them(server: Server) -> None:
    signal.signal(signal.SIGHUP, server.handle)

    outlive_signals()
    signal.raise_signal(signal.SIGHUP)

    assert [signal.SIGHUP] == server.signals
