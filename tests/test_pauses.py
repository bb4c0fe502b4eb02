"""Between two tries of what fails there is a pause, and a stop does not wait for its end."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pytest

from donebook.accounts.revocations import LOOK_SECONDS, RevocationWatch, TokenMemories
from donebook.errors import DatabaseUnavailable
from donebook.http.redis_limit import RedisLimit
from donebook.ledger.events import admission
from donebook.ledger.events.admission import FollowerAdmission
from donebook.ledger.upkeep import maintenance
from donebook.ledger.upkeep.maintenance import Maintainer, Retention
from donebook.principal import Principal
from donebook.settings import Rate
from donebook.storage import readiness
from donebook.storage.postgres_announcements import PostgresAnnouncements
from donebook.storage.readiness import Readiness
from donebook.storage.urls import parse_database_url

_sleep = asyncio.sleep


class Clock:
    """Time that passes when a test says so; what sleeps in it can be cancelled."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleeping: list[tuple[float, asyncio.Future[None]]] = []

    def monotonic(self) -> float:
        return self.now

    @property
    def sleeping(self) -> int:
        return sum(not future.done() for _, future in self._sleeping)

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._sleeping.append((self.now + seconds, future))
        await future

    async def advance(self, seconds: float) -> None:
        self.now += seconds
        for until, future in self._sleeping:
            if until <= self.now and not future.done():
                future.set_result(None)
        await settled()


async def settled() -> None:
    """Let everything go on that can."""
    for _ in range(50):
        await _sleep(0)


class Failing:
    """A database that cannot be reached, and counts how often somebody tried."""

    dialect = "sqlite"

    def __init__(self) -> None:
        self.tries = 0

    async def read(self, *_: object) -> Any:
        return self._fail()

    async def write(self, *_: object) -> Any:
        return self._fail()

    async def transact(self, *_: object) -> Any:
        return self._fail()

    def on_commit(self, _: object) -> None:
        return

    def _fail(self) -> Any:
        self.tries += 1
        raise DatabaseUnavailable("it is away")


class Trying(NamedTuple):
    """Something that tries again and again; ``pauses`` are those before its second, third, … try."""

    tries: Callable[[], int]
    pauses: list[float]
    stop: Callable[[], Awaitable[object]]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(asyncio, "sleep", clock.sleep)
    for module in ("donebook.storage.postgres_announcements", "donebook.ledger.upkeep.maintenance"):
        monkeypatch.setattr(f"{module}.random.uniform", lambda low, high: 1.0)
    return clock


async def reach_a_database(clock: Clock) -> Trying:
    del clock
    database: Any = Failing()
    service = Readiness(database, "sqlite:///nowhere.db", auto_migrate=False)
    await service.start()
    return Trying(lambda: database.tries, [readiness._RETRY_SECONDS] * 3, service.stop)


async def look_for_revocations(clock: Clock) -> Trying:
    database: Any = Failing()
    watch = RevocationWatch(
        database,
        TokenMemories(),
        now=lambda: datetime.now(UTC),
        keep_events=timedelta(days=1),
        monotonic=clock.monotonic,
    )
    watch.start()
    return Trying(lambda: database.tries, [LOOK_SECONDS] * 3, watch.stop)


async def listen_to_postgresql(clock: Clock) -> Trying:
    del clock
    tries = 0

    async def fail() -> Any:
        nonlocal tries
        tries += 1
        raise ConnectionRefusedError

    address: Any = parse_database_url("postgresql://nobody@127.0.0.1:1/none")
    database: Any = Failing()
    announcements = PostgresAnnouncements(database, listen_at=address, connect_timeout=1)
    announcements._primary.connect = fail  # type: ignore[method-assign]
    announcements.listen(lambda _: None)
    # Ever longer, up to half a minute.
    pauses = [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    return Trying(lambda: tries, pauses, announcements.close)


async def judge_followers(clock: Clock) -> Trying:
    del clock
    judged = 0

    async def judge(_: Principal) -> None:
        nonlocal judged
        judged += 1
        raise DatabaseUnavailable("it is away")

    class Feed:
        def principals(self) -> list[Principal]:
            return [Principal("ada", token_id="1")]

    feed: Any = Feed()
    followers = FollowerAdmission(feed, judge)
    followers.forget_all()
    return Trying(lambda: judged, [admission._RETRY_SECONDS] * 3, followers.aclose)


async def maintain(clock: Clock) -> Trying:
    del clock
    database: Any = Failing()
    keep = timedelta(days=1)
    retention = Retention(**dict.fromkeys(Retention.__dataclass_fields__, keep))
    maintainer = Maintainer(database, retention, lambda: datetime.now(UTC))
    maintainer.start()
    # It does not begin with a try, so that workers started together do not.
    return Trying(lambda: database.tries + 1, [maintenance._LOOK_SECONDS] * 3, maintainer.stop)


LOOPS = pytest.mark.parametrize(
    "begin", [reach_a_database, look_for_revocations, listen_to_postgresql, judge_followers, maintain]
)


@LOOPS
async def test_it_is_tried_once_and_again_after_each_pause(
    begin: Callable[[Clock], Awaitable[Trying]], clock: Clock
) -> None:
    trying = await begin(clock)
    await settled()
    assert 1 == trying.tries()

    for number, pause in enumerate(trying.pauses, 1):
        await clock.advance(pause * 0.99)
        assert number == trying.tries(), f"it did not wait for {pause} s"
        await clock.advance(pause * 0.02)
        assert number + 1 == trying.tries()
    await trying.stop()


@LOOPS
async def test_a_stop_does_not_wait_for_the_end_of_a_pause(
    begin: Callable[[Clock], Awaitable[Trying]], clock: Clock
) -> None:
    trying = await begin(clock)
    await settled()
    assert clock.sleeping

    async with asyncio.timeout(30):
        await trying.stop()

    assert 0 == clock.sleeping
    await clock.advance(3600)
    assert 1 == trying.tries()


@pytest.fixture
async def silent_redis() -> AsyncIterator[tuple[str, list[int]]]:
    """The URL of a server that takes connections and never answers, and who came."""
    came: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        held: list[socket.socket] = []
        stop = threading.Event()

        def accept() -> None:
            while not stop.is_set():
                connection, (_, port) = server.accept()
                came.append(port)
                held.append(connection)

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        port = server.getsockname()[1]
        yield f"redis://127.0.0.1:{port}", came
        stop.set()
        socket.create_connection(("127.0.0.1", port)).close()
        await asyncio.to_thread(thread.join)
        for connection in held:
            connection.close()


async def test_while_redis_hangs_nobody_waits_for_it_until_the_pause_is_over(
    silent_redis: tuple[str, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("donebook.http.redis_limit._TIMEOUT", 0.05)
    url, came = silent_redis
    clock = Clock()
    limit = RedisLimit(Rate(2, 3600), url, clock.monotonic)

    assert await limit.take("ada") is None
    tried = len(came)
    assert tried

    for _ in range(10):
        assert await limit.take("ada") is None
        clock.now += 0.199
    assert tried == len(came), "the pause did not hold"

    clock.now += 0.02
    assert await limit.take("ada") is None
    assert tried < len(came), "it was not tried again after the pause"
    await limit.aclose()
