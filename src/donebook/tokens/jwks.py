"""Tokens signed by an issuer that publishes its keys, as Better Auth's ``jwt`` plugin does."""

import asyncio
import logging
import time
from collections.abc import Callable
from math import ceil

from donebook.errors import IssuerUnavailable, TokenInvalid
from donebook.tokens.claims import ClaimRules
from donebook.tokens.compact import CompactToken
from donebook.tokens.endpoint import KeySource, KeysUnreachable
from donebook.tokens.keys import KeySet, VerificationKey
from donebook.tokens.refusals import Refusal

REFETCH_INTERVAL = 10.0
"""Seconds between the starts of two fetches, whatever is asked for: how long a new key can stay unknown,
and how often unknown key ids can make us ask the issuer."""

REFRESH_AFTER = 300.0
"""Seconds after which keys in use are fetched anew, without anyone waiting: how long a key that the
issuer has withdrawn can still be accepted while the issuer answers."""

STALE_FOR = 86_400.0
"""Seconds after the last successful fetch during which its keys serve although the issuer is down."""

_log = logging.getLogger(__name__)


class JwksVerifier:
    """Checks signatures with published keys, and keeps those keys for one event loop.

    Nothing is fetched before the first token needs it, so the service starts while the issuer is down.
    At most one fetch is under way, and everyone who needs it waits for that one.
    """

    def __init__(
        self,
        source: KeySource,
        rules: ClaimRules,
        *,
        refetch_interval: float = REFETCH_INTERVAL,
        refresh_after: float = REFRESH_AFTER,
        stale_for: float = STALE_FOR,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        if rules.issuer is None or not rules.audience_required:
            # Anyone can have a token from a public issuer; only these claims say that it is for us.
            raise ValueError("published keys need an expected issuer and audience")
        self.rules = rules
        self._source = source
        self._refetch_interval = refetch_interval
        self._refresh_after = refresh_after
        self._stale_for = stale_for
        self._monotonic = monotonic
        self._keys: KeySet | None = None
        self._keys_since = 0.0
        self._attempted_at: float | None = None
        self._last_attempt_failed = False
        self._fetching: asyncio.Task[None] | None = None
        self._on_withdrawal: list[Callable[[], object]] = []

    def call_on_withdrawal(self, callback: Callable[[], object]) -> None:
        """Have ``callback`` called whenever the issuer no longer publishes a key it did before."""
        self._on_withdrawal.append(callback)

    async def check_signature(self, token: CompactToken) -> None:
        """Raise ``TokenInvalid`` unless the issuer's key made the token's signature.

        Raises ``IssuerUnavailable`` where the key is not known and the issuer cannot be asked. Waits
        for the network only if the key is not known.
        """
        key = self._known_key(token.key_id)
        if key is not None:
            self.keep_fresh()
        else:
            fetch = self._start_fetch()
            if fetch is not None:
                # Shielded: a client that goes away must not take the fetch from the others.
                await asyncio.shield(fetch)
            key = self._known_key(token.key_id)
        if key is None:
            raise self._missing_key()
        key.check_signature(token)

    def keep_fresh(self) -> None:
        """Fetch keys that have become old anew, without anyone waiting; never the first ones."""
        if self._keys is not None and self._monotonic() - self._keys_since >= self._refresh_after:
            self._start_fetch()

    async def aclose(self) -> None:
        """Give up a fetch that is under way, and close the source."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)
        await self._source.aclose()

    def _known_key(self, key_id: str | None) -> VerificationKey | None:
        if self._keys is None or self._monotonic() - self._keys_since > self._stale_for:
            return None
        key = self._keys.find(key_id)
        if key is None and key_id is None:
            raise TokenInvalid(Refusal.UNKNOWN_KEY)
        return key

    def _missing_key(self) -> Exception:
        if not self._last_attempt_failed:
            return TokenInvalid(Refusal.UNKNOWN_KEY)
        waited = self._monotonic() - (self._attempted_at or 0.0)
        return IssuerUnavailable(ceil(self._refetch_interval - waited))

    def _start_fetch(self) -> asyncio.Task[None] | None:
        """The fetch under way or a new one; ``None`` while it is too early for another."""
        if self._fetching is not None:
            return self._fetching
        now = self._monotonic()
        if self._attempted_at is not None and now - self._attempted_at < self._refetch_interval:
            return None
        self._attempted_at = now
        self._fetching = asyncio.create_task(self._fetch(), name="fetch-jwks")
        return self._fetching

    async def _fetch(self) -> None:
        self._last_attempt_failed = True
        try:
            keys = await self._source.fetch()
        except KeysUnreachable as problem:
            _log.warning("the issuer's keys could not be fetched: %s", problem)
        else:
            self._last_attempt_failed = False
            self._replace_keys(keys)
        finally:
            self._fetching = None

    def _replace_keys(self, keys: KeySet) -> None:
        previous, self._keys = self._keys, keys
        self._keys_since = self._monotonic()
        if previous is not None and not keys.keeps(previous):
            for callback in self._on_withdrawal:
                callback()
