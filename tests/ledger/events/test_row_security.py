"""Events and tickets where PostgreSQL itself walls users off."""

from datetime import UTC, datetime

import pytest

from donebook.ledger.events.tickets import issue_ticket, redeem_ticket
from donebook.settings import Settings
from donebook.storage.migrate import migrate
from tests.ledger.events.conftest import Process, StartProcess, signed_in, take
from tests.servers.postgres import call_in_thread
from tests.tasks.actors import Actor


@pytest.fixture
def settings(postgresql_url: str) -> Settings:
    call_in_thread(migrate, postgresql_url, row_security=True)
    return Settings(database_url=postgresql_url, database_row_security=True)


async def test_followers_in_every_process_are_told(start_process: StartProcess, alice: Actor) -> None:
    here, there = await start_process(), await start_process()
    followers = [await here.follow(alice), await there.follow(alice)]
    await here.acting(alice).create("Tea")
    for follower in followers:
        assert ["1 created Tea"] == await take(follower, 1)


async def test_a_hint_to_look_finds_the_news(process: Process, alice: Actor) -> None:
    follower = await process.follow(alice)
    process.feed._announcements.stop_listening()
    await alice.create("Tea")
    process.feed._hear(None)
    assert ["1 created Tea"] == await take(follower, 1)


async def test_a_ticket_is_redeemed(process: Process, alice: Actor) -> None:
    now = datetime.now(UTC)
    ticket = await issue_ticket(process.database, signed_in(alice.principal), now)
    assert alice.principal.user_id == (await redeem_ticket(process.database, ticket, now)).user_id
