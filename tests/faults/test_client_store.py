"""Case 71: what the browser's client keeps catches up after IndexedDB refused a write or was cleared."""

from pathlib import Path

import pytest

from tests.clients.package import NODE, build, copy_package, run
from tests.faults.conftest import Serve
from tests.faults.server import SECRET

pytestmark = pytest.mark.node

TESTS = Path("build", "test", "integration", "store.test.js")
ONE_TEST = "--test-timeout=10000"


async def run_tests(directory: Path, serve: Serve, url: str, status: int) -> None:
    build(directory)
    with serve(url) as server:
        await server.ready()
        environment = {"DONEBOOK_URL": f"http://127.0.0.1:{server.port}", "DONEBOOK_SECRET": SECRET}
        command = (*NODE, str(TESTS)) if status == 0 else (*NODE[:-1], ONE_TEST, str(TESTS))
        run(directory, *command, status=status, environment=environment)
        await server.leave()


async def test_a_store_that_was_refused_a_write_or_cleared_catches_up(
    database_url: str, serve: Serve, tmp_path: Path
) -> None:
    await run_tests(copy_package(tmp_path), serve, database_url, status=0)


@pytest.mark.slow_faults
async def test_a_client_that_gives_up_after_one_refusal_is_caught(
    sqlite_url: str, serve: Serve, tmp_path: Path
) -> None:
    directory = copy_package(tmp_path)
    writer = directory / "src" / "keeping.ts"
    source = writer.read_text()
    careless = source.replace("this.#failures > 0", "this.#failures < 0").replace(
        "kept < next.revision", "kept > next.revision"
    )
    assert 2 == sum(one != other for one, other in zip(source, careless, strict=True))
    writer.write_text(careless)

    await run_tests(directory, serve, sqlite_url, status=1)
