"""What the cases share: servers that start fast, a load with its journal, databases they may break."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.faults.isolation import Tagged, make_users
from tests.faults.journal import Journal
from tests.faults.load import Connect, Load
from tests.faults.nursery import Nursery
from tests.faults.server import Server

Serve = Callable[..., Server]


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    opened = Nursery()
    yield opened
    opened.close()


@pytest.fixture
def serve(nursery: Nursery, tmp_path: Path) -> Serve:
    """Make a server: ``serve(url, broken=…, DATABASE_POOL_SIZE=…)``."""

    def make(url: str, *, broken: str | None = None, **settings: Any) -> Server:
        return Server(nursery, url, tmp_path, settings=settings, broken=broken)

    return make


@pytest.fixture
def users(rng: random.Random) -> list[Tagged]:
    return make_users(rng, 3)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal")
    yield opened
    opened.close()


@pytest.fixture
def make_load(users: list[Tagged], journal: Journal, rng: random.Random) -> Callable[..., Load]:
    """Make a load on whatever ``connect`` connects to."""

    def make(connect: Connect, kind: type[Load] = Load, **options: Any) -> Load:
        return kind(connect, users, journal, rng, **options)

    return make
