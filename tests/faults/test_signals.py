"""Case 66: signals that are no order to stop, and one that is."""

import asyncio
import signal
from collections.abc import Callable

import pytest

from tests.faults.conftest import Serve
from tests.faults.durability import assert_durable, require_none
from tests.faults.journal import read_promises
from tests.faults.load import Load
from tests.faults.programme import Tries

MakeLoad = Callable[..., Load]


async def test_hang_ups_and_users_signals_end_nothing_and_a_quit_is_a_good_end(
    database_url: str, serve: Serve, make_load: MakeLoad, tries: Tries
) -> None:
    ignored = [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2]
    server = serve(database_url)
    load = make_load(server.connect)
    with server:
        await server.ready()
        async with load:
            for number in ignored:
                await load.acknowledged(20)
                server.signal(number)
            await load.acknowledged(20)
            assert server.ended() is None
        assert 0 == load.lost
        async with load:
            await load.acknowledged(20)
            server.signal(signal.SIGQUIT)
            assert 0 == await asyncio.to_thread(server.wait)

    await assert_durable(read_promises(load.journal.path), database_url)
    require_none(load.violations)
    tries(len(ignored) + 1, "signals")


@pytest.mark.slow_faults
async def test_a_hang_up_amid_a_load_again_and_again_loses_nothing(
    database_url: str, serve: Serve, make_load: MakeLoad, tries: Tries
) -> None:
    server = serve(database_url)
    load = make_load(server.connect)
    with server:
        await server.ready()
        async with load:
            for _ in range(50):
                await load.acknowledged(5)
                server.signal(signal.SIGHUP)
    await assert_durable(read_promises(load.journal.path), database_url)
    require_none(load.violations)
    assert 0 == load.lost
    tries(50, "hang-ups")
