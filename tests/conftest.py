from collections.abc import Iterator

import pytest
from hypothesis import settings

pytest_plugins = [
    "pytester",
    "tests.external_tools",
    "tests.databases",
    "tests.faults.programme",
    "tests.cluster.programme",
]

settings.register_profile("deep", max_examples=2000)  # for an hour of digging: --hypothesis-profile=deep


@pytest.fixture(scope="session", autouse=True)
def ledgers_that_begin_at_0() -> Iterator[None]:
    """So that a test can say which revision it means; a service that runs as a process has real ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("donebook.spaces.revisions.first_revision", lambda now: 0)
        yield
