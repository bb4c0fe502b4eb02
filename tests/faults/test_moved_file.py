"""Case 64: the SQLite file is moved away under the service, and put back."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.conftest import Serve
from tests.faults.durability import assert_durable, require_none
from tests.faults.journal import read_promises
from tests.faults.load import Load
from tests.faults.programme import Tries
from tests.faults.server import Server, eventually

MakeLoad = Callable[..., Load]


def move(path: Path, there: Path) -> None:
    path.rename(there)


async def is_not_ready_because(server: Server, reason: str) -> bool:
    answer = await server.ask("GET", "/health/ready")
    return bool(answer.status == 503 and reason in answer.json()["reason"])


@pytest.mark.parametrize("suffix", ["", "-wal"])
async def test_a_file_that_was_moved_away_is_refused_and_loses_nothing_when_it_is_back(
    sqlite_url: str, serve: Serve, make_load: MakeLoad, tries: Tries, suffix: str
) -> None:
    path = Path(sqlite_url.removeprefix("sqlite:///") + suffix)
    elsewhere = path.with_name("elsewhere")
    server = serve(sqlite_url)
    load = make_load(server.connect)

    with server:
        await server.ready()
        async with load:
            for _ in range(2):
                await load.acknowledged(20)
                move(path, elsewhere)
                await load.refused(20)
                await eventually(lambda: is_not_ready_because(server, "was moved or deleted"), "it says why")
                move(elsewhere, path)
                await eventually(server.is_ready, "it is ready again")
            await load.acknowledged(20)
    await assert_durable(read_promises(load.journal.path), sqlite_url)
    require_none(load.violations)
    tries(2, "times moved away")
