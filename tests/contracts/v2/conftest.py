from collections.abc import AsyncIterator

import httpx
import pytest

from tests.service import Service, run_service


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    async with run_service(database_url) as running:
        yield running


@pytest.fixture
async def ann(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client("ann") as client:
        yield client


@pytest.fixture
async def bob(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client("bob") as client:
        yield client
