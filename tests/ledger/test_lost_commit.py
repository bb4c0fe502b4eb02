"""A connection that is cut during COMMIT: the client cannot know, asks again, and has one effect."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.service import run_service

COMMIT = b"COMMIT;"


class CuttingProxy:
    """Passes everything on to PostgreSQL, and cuts one connection when its client commits."""

    def __init__(self, target: str) -> None:
        self._address = urlsplit(target)
        self._committing = False
        self._committed = asyncio.Event()
        self.cut: str | None = None
        """``before`` the server hears of the commit, or ``after`` it; ``None`` for no cut (again)."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await self._connect()
        questions = asyncio.create_task(self._ask(reader, far_writer))
        answers = asyncio.create_task(self._pass(far_reader, writer))
        try:
            await asyncio.wait([questions, answers], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (questions, answers):
                task.cancel()
            await asyncio.gather(questions, answers, return_exceptions=True)
            for each in (far_writer, writer):
                each.transport.abort()

    async def _ask(self, reader: asyncio.StreamReader, far_writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65536):
            if self.cut is not None and COMMIT in chunk:
                cut, self.cut = self.cut, None
                if cut == "after":
                    self._committing = True
                    far_writer.write(chunk)
                    await self._committed.wait()
                return
            far_writer.write(chunk)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await reader.read(65536):
            if self._committing:
                # The server's answer means that it has committed; nobody hears it.
                self._committing = False
                self._committed.set()
                return
            writer.write(chunk)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        socket = parse_qs(self._address.query).get("host", [""])[0]
        if socket.startswith("/"):
            return await asyncio.open_unix_connection(f"{socket}/.s.PGSQL.{self._address.port or 5432}")
        return await asyncio.open_connection(self._address.hostname, self._address.port)


@asynccontextmanager
async def cutting_proxy(url: str) -> AsyncIterator[tuple[CuttingProxy, str]]:
    proxy = CuttingProxy(url)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    parts = urlsplit(url)
    user = f"{parts.username}:{parts.password or ''}@" if parts.username else ""
    try:
        yield proxy, f"postgresql://{user}127.0.0.1:{port}{parts.path}?sslmode=disable"
    finally:
        server.close()


@pytest.mark.parametrize("cut", ["before", "after"])
@pytest.mark.parametrize("target", ["/api/v2/tasks", "/api/v1/tasks", "/api/tasks"])
async def test_a_request_sent_again_after_a_cut_commit_has_one_effect(
    postgresql_url: str, cut: str, target: str
) -> None:
    async with (
        cutting_proxy(postgresql_url) as (proxy, url),
        run_service(url, auto_migrate=False, log_requests=False) as service,
        service.client("ann") as ann,
    ):
        await ann.get("/api/v2/tasks")
        proxy.cut = cut
        key = {"Idempotency-Key": "k-1"}

        lost = await ann.post(target, json={"title": "Tea"}, headers=key)
        again = await ann.post(target, json={"title": "Tea"}, headers=key)

        assert [503, 201] == [lost.status_code, again.status_code]
        assert (cut == "after") == ("idempotent-replayed" in again.headers)
        delta = (await ann.get("/api/v2/sync")).json()
        assert (1, ["Tea"]) == (delta["revision"], [task["title"] for task in delta["tasks"]])
