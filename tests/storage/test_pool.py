"""Lending connections to those who may go away: none is lost, whenever they go."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from donebook.errors import DatabaseUnavailable
from donebook.storage.pool import ConnectionPool


class Connection:
    """What the pool asks of a connection."""

    def __init__(self) -> None:
        self.closed = False

    def is_closed(self) -> bool:
        return self.closed

    async def close(self, timeout: float) -> None:  # noqa: ASYNC109 - asyncpg's own signature
        del timeout
        await asyncio.sleep(0)
        self.closed = True


class Maker:
    """Makes connections, unless it is held up."""

    def __init__(self) -> None:
        self.made: list[Connection] = []
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self) -> Connection:
        await self.go.wait()
        self.made.append(Connection())
        return self.made[-1]


@pytest.fixture
async def maker() -> Maker:
    return Maker()


@pytest.fixture
async def pool(maker: Maker) -> AsyncIterator[ConnectionPool]:
    """A pool with room for one."""
    pool = ConnectionPool(maker, size=1, acquire_timeout=30)
    pool.start()
    yield pool
    await pool.close()


async def waiting(pool: ConnectionPool) -> "asyncio.Task[Connection]":
    """Somebody who waits for a connection."""
    task = asyncio.create_task(pool.acquire())
    while not pool.waiting:  # noqa: ASYNC110 - nothing to wait for but the next turn
        await asyncio.sleep(0)
    return task


async def gone(task: "asyncio.Task[Connection]") -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def borrowed(pool: ConnectionPool) -> Connection:
    """A connection, which everybody who asks gets before long."""
    async with asyncio.timeout(10):
        connection: Connection = await pool.acquire()
    return connection


async def test_who_goes_just_as_a_connection_is_handed_over_does_not_take_it_along(
    pool: ConnectionPool, maker: Maker
) -> None:
    connection = await borrowed(pool)
    waiter = await waiting(pool)

    pool.release(connection)  # it is the waiter's from here on
    await gone(waiter)

    assert connection is await borrowed(pool)
    assert 1 == len(maker.made)


async def test_it_goes_to_the_next_who_waits(pool: ConnectionPool) -> None:
    connection = await borrowed(pool)
    first, second = await waiting(pool), await waiting(pool)
    await asyncio.sleep(0)

    pool.release(connection)
    await gone(first)

    async with asyncio.timeout(10):
        assert connection is await second


async def test_who_goes_just_as_room_is_handed_over_does_not_take_it_along(
    pool: ConnectionPool, maker: Maker
) -> None:
    connection = await borrowed(pool)
    waiter = await waiting(pool)

    connection.closed = True
    pool.discard(connection)  # the room is the waiter's from here on
    await gone(waiter)

    got = await borrowed(pool)
    assert maker.made[-1] is got
    assert 1 == pool.open


async def test_who_goes_while_a_connection_is_made_leaves_the_room(
    pool: ConnectionPool, maker: Maker
) -> None:
    maker.go.clear()
    asking = asyncio.create_task(pool.acquire())
    await asyncio.sleep(0)
    assert 1 == pool.in_use
    await gone(asking)
    maker.go.set()

    await borrowed(pool)
    assert 1 == pool.open


async def test_who_goes_while_room_is_filled_that_was_handed_over_leaves_it(
    pool: ConnectionPool, maker: Maker
) -> None:
    connection = await borrowed(pool)
    waiter = await waiting(pool)
    maker.go.clear()
    connection.closed = True
    pool.discard(connection)
    await asyncio.sleep(0)
    await gone(waiter)
    maker.go.set()

    await borrowed(pool)
    assert 1 == pool.open


@pytest.mark.parametrize("give_back", [ConnectionPool.release, ConnectionPool.discard])
async def test_many_who_come_and_go_at_every_moment_leave_the_pool_as_it_was(
    maker: Maker, give_back: Callable[[ConnectionPool, Connection], None]
) -> None:
    pool = ConnectionPool(maker, size=3, acquire_timeout=30)
    pool.start()

    async def use(turns: int) -> None:
        connection = await pool.acquire()
        try:
            for _ in range(turns):
                await asyncio.sleep(0)
        finally:
            give_back(pool, connection)

    for patience in range(12):
        tasks = [asyncio.create_task(use(number % 4)) for number in range(20)]
        for _ in range(patience):
            await asyncio.sleep(0)
        for task in tasks[patience % 3 :: 2]:
            task.cancel()
        async with asyncio.timeout(10):
            await asyncio.gather(*tasks, return_exceptions=True)
    async with asyncio.timeout(10):
        while pool.in_use:  # noqa: ASYNC110 - some are still being closed
            await asyncio.sleep(0)

    assert 0 == pool.waiting
    held = [await borrowed(pool) for _ in range(3)]
    assert 3 == len(set(held)) == pool.open
    for connection in held:
        pool.release(connection)
    await pool.close()


async def test_what_is_handed_over_as_the_pool_closes_is_closed_too(pool: ConnectionPool) -> None:
    connection = await borrowed(pool)
    waiter = await waiting(pool)
    pool.release(connection)
    await pool.close()
    await gone(waiter)

    with pytest.raises(DatabaseUnavailable):
        await pool.acquire()
    async with asyncio.timeout(10):
        while not connection.closed:  # noqa: ASYNC110 - it is being closed
            await asyncio.sleep(0)
