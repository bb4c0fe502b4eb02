"""Cases 58 and 72: what clients keep of a history that was lost never matches what comes after it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command

from donebook.storage.migrate import alembic_config, migrate
from tests.cli.commands import CommandLine
from tests.faults.conftest import Serve
from tests.faults.lost_histories import OWNER, Client, Seen, Vault, matches_of_lost_history, served
from tests.faults.server import SECRET, token_for
from tests.servers.postgres import call_in_thread


@pytest.fixture
def vault(
    request: pytest.FixtureRequest, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Vault]:
    on_file = database_url.startswith("sqlite")
    postgres = None if on_file else request.getfixturevalue("postgres_server")
    commands = CommandLine(monkeypatch, DATABASE_URL=database_url, JWT_SECRET=SECRET)
    opened = Vault(database_url, tmp_path, postgres, commands)
    yield opened
    opened.close()


async def test_after_a_restore_nothing_of_the_lost_history_matches(vault: Vault, serve: Serve) -> None:
    async with served(serve, vault.url) as client:
        kept, changed = [await client.create(title) for title in ("kept", "changed")]
        before = await client.revision()
        exact = (await client.ask("GET", f"/api/v2/tasks/{kept}")).headers["etag"]
    vault.back_up()
    async with served(serve, vault.url) as client:
        lost = await live_on(client, changed, "lost")
        assert set(range(before + 1, before + 5)) == lost.revisions

    vault.restore()

    async with served(serve, vault.url) as client:
        # As many other writes, so that a count that went on would stand where it did.
        again = await live_on(client, changed, "other")
        assert not lost.revisions & again.revisions
        lost.tags.pop(kept, None)
        assert [] == await matches_of_lost_history(client, lost)

        # What was the same in both histories is what it was.
        assert 304 == (await client.ask("GET", f"/api/v2/tasks/{kept}", If_None_Match=exact)).status
        edit = await client.ask("PATCH", f"/api/v2/tasks/{kept}", {"title": "known"}, If_Match=exact)
        assert 200 == edit.status
        assert 410 == (await client.ask("GET", f"/api/v2/sync?since={before}")).status
        assert [] == await matches_of_lost_history(client, Seen(revisions=lost.revisions))


async def live_on(client: Client, task: str, word: str) -> Seen:
    """Write four times, and look after each."""
    for number in range(2):
        await client.retitle(task, f"{word} {number}")
        await client.look()
        await client.create(f"{word} {number}")
        await client.look()
    return client.seen


async def test_after_a_database_was_made_again_nothing_of_the_old_one_matches(
    request: pytest.FixtureRequest, vault: Vault, serve: Serve
) -> None:
    kind = "sqlite_file" if vault.url.startswith("sqlite") else "postgres_database"
    async with served(serve, vault.url) as client:
        lost = await live_on(client, await client.create("old"), "old")

    vault.make_again(request.getfixturevalue(f"migrated_{kind}"))

    async with served(serve, vault.url) as client:
        await live_on(client, await client.create("new"), "new")
        assert [] == await matches_of_lost_history(client, lost)


@pytest.mark.parametrize("down_to", ["-1", "0005", "0002"])
async def test_after_a_downgrade_and_an_upgrade_clients_are_told_to_begin_anew(
    vault: Vault, serve: Serve, down_to: str
) -> None:
    async with served(serve, vault.url) as client:
        gone, kept = [await client.create(title) for title in ("gone", "kept")]
        await client.look()
        for path in (f"/api/v2/tasks/{gone}", f"/api/v2/trash/{gone}"):
            assert 204 == (await client.ask("DELETE", path)).status
            await client.look()

    call_in_thread(command.downgrade, alembic_config(vault.url), down_to)
    call_in_thread(migrate, vault.url)

    async with served(serve, vault.url) as again:
        for revision in client.seen.revisions:
            for path in (f"/api/v2/sync?since={revision}", f"/api/v2/events?since={revision}"):
                assert 410 == (await again.ask("GET", path)).status, path
        everything = (await again.ask("GET", "/api/v2/sync")).json()
        assert [kept] == [task["id"] for task in everything["tasks"]]
        assert 200 == (await again.ask("GET", f"/api/v2/sync?since={everything['revision']}")).status


async def test_an_open_stream_is_ended_when_revisions_are_renewed(vault: Vault, serve: Serve) -> None:
    with serve(vault.url) as server:
        await server.ready()
        client = Client(server)
        await client.create("before")
        seen = await client.revision()
        async with await server.connect() as connection:
            stream = asyncio.create_task(
                connection.request("GET", f"/api/v2/events?since={seen}", token=token_for(OWNER))
            )
            # It stands: what is written is told.
            await client.create("during")
            await asyncio.to_thread(vault.renew)
            told = await asyncio.wait_for(stream, 30)

        assert 200 == told.status
        assert b"synchronise from the start" in told.body
        resumed = await client.ask("GET", "/api/v2/events", Last_Event_ID=str(seen + 1))
        assert 410 == resumed.status
        await server.leave()
