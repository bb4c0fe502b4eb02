"""What the edge needs to know and to keep about who is asking."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from starlette.types import Receive, Scope

from donebook import errors
from donebook.accounts.attempts import take_attempt
from donebook.accounts.events import EventKind, Origin
from donebook.accounts.hashing import PasswordHashing
from donebook.accounts.recorder import EventRecorder
from donebook.errors import TooManyRequests, Unauthenticated
from donebook.http.client_address import ClientAddresses, limit_group
from donebook.http.rate_limit import UserLimit, limit_headers
from donebook.http.requests import header
from donebook.principal import Principal
from donebook.settings import Rate, SignUp
from donebook.storage.database import Database
from donebook.tokens.shared import SharedSecrets

LIMIT_HEADERS = "limit_headers"
"""Where in a scope the edge finds the header fields of the limit that the request has met."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Made once by the composition root.

    ``secrets`` are what tokens of local accounts are signed with, ``sign_up`` says who may have one.
    ``allows_origin`` says whether pages of an origin may call this service; ``secure_cookies`` go by TLS
    alone.
    """

    addresses: ClientAddresses
    events: EventRecorder
    hashing: PasswordHashing
    secrets: SharedSecrets | None
    auth_rate: Rate
    user_limit: UserLimit | None
    sign_up: SignUp
    allows_origin: Callable[[str], bool]
    secure_cookies: bool

    async def aclose(self) -> None:
        """Finish what is under way and let go of threads and connections."""
        await self.events.aclose()
        self.hashing.close()
        if self.user_limit is not None:
            await self.user_limit.aclose()

    def origin(self, scope: Scope, receive: Receive) -> Origin:
        """Where the request came from, for the record."""
        address = self.addresses.find(scope, receive)
        return Origin(
            address=str(address),
            user_agent=header(scope, b"user-agent"),
            request_id=scope["request_id"],
            network=limit_group(address),
        )

    def note_refused(self, scope: Scope, receive: Receive, refused: Unauthenticated) -> None:
        """Record that a token was refused; that there was none is no event."""
        reason = _reason(refused)
        if reason is not None:
            user_id = refused.user_id if isinstance(refused, errors.TokenRevoked) else None
            origin = self.origin(scope, receive)
            self.events.note(EventKind.TOKEN_REFUSED, origin, user_id=user_id, reason=reason)

    async def limit_attempts(self, database: Database, scope: Scope, receive: Receive, now: datetime) -> None:
        """Count an attempt to sign up or in against the client's address; raises `TooManyRequests`."""
        group = limit_group(self.addresses.find(scope, receive))
        allowance = await take_attempt(database, f"auth:{group}", self.auth_rate, now)
        scope[LIMIT_HEADERS] = limit_headers("auth", self.auth_rate, allowance)
        if not allowance.allowed:
            reason = "attempts to sign up or in"
            self.events.note(EventKind.LIMIT_HIT, self.origin(scope, receive), reason=reason)
            raise TooManyRequests(allowance.seconds)

    async def limit_user(
        self, limit: UserLimit, scope: Scope, receive: Receive, principal: Principal
    ) -> None:
        """Count a request of the user; raises `TooManyRequests`."""
        allowance = await limit.take(principal.user_id)
        if allowance is None:
            return
        scope[LIMIT_HEADERS] = limit_headers("api", limit.rate, allowance)
        if not allowance.allowed:
            origin = self.origin(scope, receive)
            self.events.note(
                EventKind.LIMIT_HIT, origin, user_id=principal.user_id, reason="requests of the user"
            )
            raise TooManyRequests(allowance.seconds)


def _reason(refused: Unauthenticated) -> str | None:
    match refused:
        case errors.TokenInvalid() | errors.TokenRevoked():
            return refused.reason
        case errors.TokenExpired():
            return "expired"
        case errors.SubjectMissing():
            return "no subject"
    return None
