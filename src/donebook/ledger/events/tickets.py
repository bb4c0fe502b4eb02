"""Tickets: a browser's `EventSource` sends no headers, and a token does not belong into a URL."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from secrets import token_urlsafe

from donebook.errors import TicketInvalid, TokenExpired, UserUnknown
from donebook.ledger.events import statements
from donebook.principal import Principal
from donebook.storage.database import Database, Transaction

TICKET_SECONDS = 60
LONGEST_TICKET = 2000


async def issue_ticket(database: Database, principal: Principal, now: datetime) -> str:
    """A new ticket, good once and for a minute, on every worker; raises `UserUnknown`.

    It names its owner, so that it is looked for among that user's alone, and a secret.
    """
    owner = urlsafe_b64encode(principal.user_id.encode()).decode().rstrip("=")
    ticket = f"{owner}.{token_urlsafe(32)}"
    issued_at = principal.issued_at
    values = {
        "owner": principal.user_id,
        "digest": _digest(ticket),
        "token_id": principal.token_id,
        "token_issued_at": None if issued_at is None else datetime.fromtimestamp(issued_at, UTC),
        "token_expires_at": datetime.fromtimestamp(principal.expires_at, UTC),
        "expires_at": now + timedelta(seconds=TICKET_SECONDS),
    }

    async def issue(transaction: Transaction) -> None:
        await transaction.fetch(statements.DROP_TICKETS, {"owner": principal.user_id, "now": now})
        if not await transaction.fetch(statements.ISSUE_TICKET, values):
            raise UserUnknown

    await database.transact(issue)
    return ticket


async def redeem_ticket(database: Database, ticket: str, now: datetime) -> Principal:
    """Whom the ticket was issued to; nobody can redeem it again.

    Raises `TicketInvalid`; `TokenExpired` if the token that it was issued for has ended meanwhile.
    """
    owner = _owner_of(ticket)
    rows = await database.write(statements.REDEEM_TICKET, {"owner": owner, "digest": _digest(ticket)})
    if not rows:
        raise TicketInvalid
    token_id, issued_at, token_expires_at, expires_at = rows[0]
    if expires_at <= now:
        raise TicketInvalid
    if token_expires_at <= now:
        raise TokenExpired
    return Principal(
        owner,
        token_id=token_id,
        expires_at=token_expires_at.timestamp(),
        issued_at=None if issued_at is None else issued_at.timestamp(),
    )


def _owner_of(ticket: str) -> str:
    encoded, dot, _ = ticket.partition(".")
    if not dot or len(ticket) > LONGEST_TICKET:
        raise TicketInvalid
    try:
        owner = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except ValueError:
        raise TicketInvalid from None
    if "\0" in owner:
        raise TicketInvalid
    return owner


def _digest(ticket: str) -> str:
    return sha256(ticket.encode("utf-8", "replace")).hexdigest()
