"""The whole service in the test's own process, spoken to as a front end speaks to it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
from asgi_lifespan import LifespanManager

from donebook.app import create_app
from donebook.settings import Settings

SECRET = "a secret that only this test run's tokens are signed with"


def bearer(user: str, **claims: Any) -> dict[str, str]:
    """The Authorization header of a user."""
    token = jwt.encode({"sub": user, "exp": datetime.now(UTC) + timedelta(hours=1), **claims}, SECRET)
    return {"Authorization": f"Bearer {token}"}


class Service:
    """A running service; ``client(user)`` speaks as one of its users, ``client(None)`` as nobody."""

    def __init__(self, app: Any) -> None:
        self.app = app

    def client(self, user: str | None, **options: Any) -> httpx.AsyncClient:
        headers = bearer(user) if user is not None else {}
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://service", headers=headers, **options)


@asynccontextmanager
async def run_service(database_url: str, **settings: Any) -> AsyncIterator[Service]:
    """Start the service on a database and stop it afterwards."""
    app = create_app(Settings(**({"database_url": database_url, "jwt_secret": SECRET} | settings)))
    async with LifespanManager(app):
        yield Service(app)
