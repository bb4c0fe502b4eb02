"""One authenticated request on its way through a contract, and what it may use."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.types import Receive, Scope

from donebook.accounts.events import Origin
from donebook.http.authentication import Authenticator
from donebook.http.bounds.answers import AnswerRoom
from donebook.http.bounds.bodies import BodyMemory
from donebook.http.bounds.turns import UserTurns
from donebook.http.identity import Identity
from donebook.http.requests import list_header
from donebook.http.stopwatch import StopwatchDatabase
from donebook.ledger.events.feed import Feed
from donebook.ledger.keys import ServiceKeys
from donebook.principal import Principal
from donebook.spaces.quotas import Quotas
from donebook.storage.database import Database

bearer = HTTPBearer(
    scheme_name="BearerToken",
    description="A token of the configured issuer, or of `donebook token`.",
    auto_error=False,
)


@dataclass(frozen=True, slots=True)
class Services:
    """What requests are served with; made once by the composition root."""

    database: Database
    authenticator: Authenticator
    keys: ServiceKeys
    identity: Identity
    now: Callable[[], datetime]
    body_limit: int
    body_seconds: float
    feed: Feed[Any]
    quotas: Quotas
    bodies: BodyMemory
    writes: UserTurns
    answers: AnswerRoom


class CallContext:
    """The request's scope and body, whose it is, and the services."""

    __slots__ = ("contract", "database", "principal", "receive", "scope", "services")

    def __init__(
        self, scope: Scope, receive: Receive, services: Services, contract: str, principal: Principal
    ) -> None:
        self.scope = scope
        self.receive = receive
        self.services = services
        self.contract = contract
        self.principal = principal
        self.database: Database = StopwatchDatabase(services.database, services.writes, principal.user_id)

    def within(self, database: Database) -> "CallContext":
        """The same call, as part of a transaction."""
        call = CallContext(self.scope, self.receive, self.services, self.contract, self.principal)
        call.database = database
        return call

    @property
    def origin(self) -> Origin:
        """Where the request came from, for the record."""
        return self.services.identity.origin(self.scope, self.receive)

    def condition(self, name: bytes) -> str | None:
        """The entity tags of a (lower-case) conditional header, on however many lines."""
        return list_header(self.scope, name)


def _describe_credentials(
    _: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> Any:
    raise RuntimeError("a contract's route makes its call itself; this only describes it in OpenAPI")


Call = Annotated[CallContext, Depends(_describe_credentials)]


def _describe_nothing() -> Any:
    raise RuntimeError("a contract's route makes its call itself")


PublicCall = Annotated[CallContext, Depends(_describe_nothing)]
"""The call of an endpoint that needs no token."""
