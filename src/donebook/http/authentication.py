"""From an Authorization header to a principal whose row exists."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from donebook.accounts.revocations import RevocationWatch
from donebook.accounts.usecases import provision_user
from donebook.errors import CredentialsMalformed, Failure, TokenMissing
from donebook.http.failures import AuthenticationFault
from donebook.principal import Principal
from donebook.storage.database import Database

log = logging.getLogger("donebook.requests")

_REMEMBERED_USERS = 50_000


class Verifier(Protocol):
    """What tells a genuine token from others."""

    def recall(self, token: str) -> Principal | None:
        """The principal of a token verified before and still valid."""

    async def verify(self, token: str) -> Principal:
        """Verify a token; raises `Unauthenticated` failures."""

    def forget(self, token_id: str) -> None:
        """Recall the token with this id no more."""

    def forget_user(self, user_id: str) -> None:
        """Recall no token of this user, until it is verified again."""


class Authenticator:
    """Verifies tokens and provisions their users.

    A user whose row was written in this process, with these claims, costs no further query; nor does a
    token that was verified before, because the watch has the verifier forget what has ended since.
    """

    def __init__(
        self, verifier: Verifier, watch: RevocationWatch, database: Database, now: Callable[[], datetime]
    ) -> None:
        self._verifier = verifier
        self._watch = watch
        self._database = database
        self._now = now
        self._provisioned: OrderedDict[str, tuple[str | None, str | None, str | None]] = OrderedDict()

    async def authenticate(self, credentials: str | None) -> Principal:
        """The principal of an ``Authorization`` header.

        Raises `Unauthenticated`, `Unavailable`, `ProvisioningFailed`, `AuthenticationFault`.
        """
        if credentials is None:
            raise TokenMissing
        scheme, _, token = credentials.partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise CredentialsMalformed
        self._watch.in_use = True
        principal = self._verifier.recall(token)
        if principal is None:
            principal = await self._verify(token)
            self._watch.wake()
        claims = (principal.email, principal.name, principal.avatar_url)
        if self._provisioned.get(principal.user_id) != claims:
            await self._provision(principal, claims)
        return principal

    def stay_alert(self) -> None:
        """Have the watch look out for tokens that end, although no request comes with one."""
        self._watch.in_use = True
        self._watch.wake()

    def forget(self, principal: Principal) -> None:
        """Accept the principal's token no more, as far as this process remembers it."""
        self._verifier.forget(principal.token_id)

    def forget_user(self, principal: Principal) -> None:
        """Judge all tokens of the principal's user anew, as far as this process remembers them."""
        self._verifier.forget_user(principal.user_id)

    async def _verify(self, token: str) -> Principal:
        try:
            return await self._verifier.verify(token)
        except Failure:
            raise
        except Exception as error:
            log.exception("a token could not be judged")
            raise AuthenticationFault from error

    async def provision_again(self, principal: Principal) -> None:
        """Write the user's row anew: it has gone since it was last seen.

        Raises `TokenRevoked` if it has gone for good.
        """
        self._provisioned.pop(principal.user_id, None)
        await self._provision(principal, (principal.email, principal.name, principal.avatar_url))

    async def _provision(
        self, principal: Principal, claims: tuple[str | None, str | None, str | None]
    ) -> None:
        await provision_user(self._database, principal, self._now())
        self._provisioned[principal.user_id] = claims
        if len(self._provisioned) > _REMEMBERED_USERS:
            self._provisioned.popitem(last=False)
