"""The pytest plugin of the cluster's tests: they take seconds, and with ``--cluster`` minutes."""

import pytest

SHORT, LONG = 2, 10


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cluster", action="store_true", help="run the cluster's tests for minutes")


@pytest.fixture
def rounds(request: pytest.FixtureRequest) -> int:
    """How often a replica is replaced or lost."""
    return LONG if request.config.getoption("--cluster") else SHORT


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--cluster"):
        return
    slow = [item for item in items if item.get_closest_marker("slow_cluster")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in slow]
