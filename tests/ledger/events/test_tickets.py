"""Tickets: good once, for a minute, wherever they were issued."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from donebook.errors import TicketInvalid, TokenExpired, UserUnknown
from donebook.ledger.events.tickets import TICKET_SECONDS, issue_ticket, redeem_ticket
from donebook.principal import Principal
from tests.ledger.events.conftest import Process, StartProcess, signed_in
from tests.tasks.actors import Actor

NOW = datetime.now(UTC)


async def test_any_process_redeems_what_another_issued(start_process: StartProcess, alice: Actor) -> None:
    here, there = await start_process(), await start_process()
    principal = signed_in(alice.principal, token_id="token 7")

    ticket = await issue_ticket(here.database, principal, NOW)
    redeemed = await redeem_ticket(there.database, ticket, NOW)
    assert (principal.user_id, "token 7") == (redeemed.user_id, redeemed.token_id)
    assert principal.expires_at == pytest.approx(redeemed.expires_at, abs=0.001)
    with pytest.raises(TicketInvalid):
        await redeem_ticket(here.database, ticket, NOW)


async def test_a_ticket_is_good_for_a_minute(process: Process, alice: Actor) -> None:
    ticket = await issue_ticket(process.database, signed_in(alice.principal), NOW)
    with pytest.raises(TicketInvalid):
        await redeem_ticket(process.database, ticket, NOW + timedelta(seconds=TICKET_SECONDS))
    ticket = await issue_ticket(process.database, signed_in(alice.principal), NOW)
    await redeem_ticket(process.database, ticket, NOW + timedelta(seconds=TICKET_SECONDS - 1))


async def test_a_ticket_is_good_no_longer_than_its_token(process: Process, alice: Actor) -> None:
    principal = dataclasses.replace(alice.principal, expires_at=(NOW + timedelta(seconds=5)).timestamp())
    late, timely = [await issue_ticket(process.database, principal, NOW) for _ in range(2)]
    with pytest.raises(TokenExpired):
        await redeem_ticket(process.database, late, NOW + timedelta(seconds=5))
    redeemed = await redeem_ticket(process.database, timely, NOW + timedelta(seconds=4))
    assert principal.expires_at == redeemed.expires_at


@pytest.mark.parametrize(
    "ticket",
    ["", "no such ticket", ".", "YWxpY2U.", "YWxpY2U.secret", "Y.x", "\ud800.x", "_w.x", "AA.x", "A" * 5000],
)
async def test_an_unknown_ticket_is_refused(process: Process, ticket: str) -> None:
    with pytest.raises(TicketInvalid):
        await redeem_ticket(process.database, ticket, NOW)


async def test_a_ticket_is_not_good_for_another_user(process: Process, alice: Actor, bob: Actor) -> None:
    (_, _, secret), (name, _, _) = [
        (await issue_ticket(process.database, signed_in(each.principal), NOW)).partition(".")
        for each in (alice, bob)
    ]
    with pytest.raises(TicketInvalid):
        await redeem_ticket(process.database, f"{name}.{secret}", NOW)


async def test_every_ticket_is_another(process: Process, alice: Actor) -> None:
    tickets = {await issue_ticket(process.database, signed_in(alice.principal), NOW) for _ in range(5)}
    assert 5 == len(tickets)


async def test_nobody_unknown_is_issued_a_ticket(process: Process) -> None:
    with pytest.raises(UserUnknown):
        await issue_ticket(process.database, signed_in(Principal("nobody")), NOW)


async def test_old_tickets_are_not_kept(process: Process, alice: Actor) -> None:
    from sqlalchemy import func, select

    from donebook.ledger.events.model import event_tickets
    from donebook.storage.statement import Statement

    for minutes in range(5):
        now = NOW + timedelta(minutes=2 * minutes)
        await issue_ticket(process.database, signed_in(alice.principal), now)
    counted = Statement("count", select(func.count()).select_from(event_tickets))
    assert 1 == (await process.database.read(counted, {}))[0][0]
