"""From a bearer token to the principal it names."""

import time
from collections.abc import Awaitable, Callable

from donebook.errors import TokenInvalid
from donebook.principal import Principal
from donebook.tokens.claims import ClaimRules, read_principal
from donebook.tokens.compact import CompactToken, parse_compact
from donebook.tokens.jwks import JwksVerifier
from donebook.tokens.keys import KEY_SET_ALGORITHMS
from donebook.tokens.refusals import Refusal
from donebook.tokens.remembered import CAPACITY, RememberedTokens
from donebook.tokens.shared import SharedSecrets

Admit = Callable[[Principal], Awaitable[object]]


class TokenVerifier:
    """Verifies tokens of the configured sources and remembers the principals, for one event loop.

    ``admit`` is awaited with the principal of each token that proved genuine, before it is remembered;
    it refuses by raising (a revocation, a disabled user). ``clock`` gives Unix seconds.
    """

    def __init__(
        self,
        *,
        shared: SharedSecrets | None = None,
        jwks: JwksVerifier | None = None,
        admit: Admit | None = None,
        capacity: int = CAPACITY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._shared = shared
        self._jwks = jwks
        self._admit = admit
        self._clock = clock
        self._remembered = RememberedTokens(capacity)
        self._forgotten = 0
        if jwks is not None:
            jwks.call_on_withdrawal(self.forget_all)

    def recall(self, token: str) -> Principal | None:
        """The principal of a token that was verified before and has neither expired nor been forgotten."""
        if self._jwks is not None:
            # Where all that come are remembered, nothing else would notice that their key was withdrawn.
            self._jwks.keep_fresh()
        return self._remembered.recall(token, self._clock())

    async def verify(self, token: str) -> Principal:
        """The principal that ``token`` names.

        Raises ``TokenInvalid`` (its reason is a :class:`~donebook.tokens.refusals.Refusal`),
        ``TokenExpired``, ``SubjectMissing``, ``IssuerUnavailable``, and whatever ``admit`` raises.
        """
        forgotten = self._forgotten
        parsed = parse_compact(token)
        rules = await self._check_signature(parsed)
        principal = read_principal(parsed, rules, self._clock())
        if self._admit is not None:
            await self._admit(principal)
        # Whoever revoked something while we waited may have meant this token: then it is not kept, and
        # its next use asks again.
        if forgotten == self._forgotten:
            self._remembered.remember(token, principal)
        return principal

    def call_on_withdrawal(self, callback: Callable[[], object]) -> None:
        """Have ``callback`` called whenever keys that tokens were verified by are published no more."""
        if self._jwks is not None:
            self._jwks.call_on_withdrawal(callback)

    def forget(self, token_id: str) -> None:
        """No longer recall the token with this id."""
        self._forgotten += 1
        self._remembered.forget_token(token_id)

    def forget_user(self, user_id: str) -> None:
        """No longer recall any token of this user."""
        self._forgotten += 1
        self._remembered.forget_user(user_id)

    def forget_all(self) -> None:
        """Recall nothing."""
        self._forgotten += 1
        self._remembered.forget_all()

    async def aclose(self) -> None:
        """Give up whatever is under way."""
        if self._jwks is not None:
            await self._jwks.aclose()

    async def _check_signature(self, token: CompactToken) -> ClaimRules:
        # The two sources share no algorithm: what a token says here only tells them apart, and each
        # source then insists on the algorithm of its own secret or key.
        if self._shared is not None and token.algorithm == self._shared.algorithm:
            self._shared.check_signature(token)
            return self._shared.rules
        if self._jwks is not None and token.algorithm in KEY_SET_ALGORITHMS:
            await self._jwks.check_signature(token)
            return self._jwks.rules
        raise TokenInvalid(Refusal.ALGORITHM)
