"""Principals of tokens that have been verified, so that a token is verified once."""

from collections import OrderedDict, defaultdict
from hashlib import sha256

from donebook.principal import Principal

CAPACITY = 8192


class RememberedTokens:
    """A bounded map from token digest to principal; the least recently used goes first.

    Tokens themselves are not kept, only their SHA-256. For one event loop; not for several threads.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self._capacity = capacity
        self._principals: OrderedDict[bytes, Principal] = OrderedDict()
        self._by_token_id: defaultdict[str, set[bytes]] = defaultdict(set)
        self._by_user_id: defaultdict[str, set[bytes]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self._principals)

    def recall(self, token: str, now: float) -> Principal | None:
        """The principal remembered for ``token``, unless its time is over."""
        # No token with a character outside ASCII is ever remembered, so "?" for it finds nothing.
        digest = sha256(token.encode("ascii", "replace")).digest()
        principal = self._principals.get(digest)
        if principal is None:
            return None
        if now >= principal.expires_at:
            self._drop(digest)
            return None
        self._principals.move_to_end(digest)
        return principal

    def remember(self, token: str, principal: Principal) -> None:
        """Keep ``principal`` for ``token``."""
        digest = sha256(token.encode("ascii")).digest()
        self._drop(digest)
        self._principals[digest] = principal
        self._by_token_id[principal.token_id].add(digest)
        self._by_user_id[principal.user_id].add(digest)
        if len(self._principals) > self._capacity:
            self._drop(next(iter(self._principals)))

    def forget_token(self, token_id: str) -> None:
        """Drop every spelling of the token with this id."""
        for digest in tuple(self._by_token_id.get(token_id, ())):
            self._drop(digest)

    def forget_user(self, user_id: str) -> None:
        """Drop every token of this user."""
        for digest in tuple(self._by_user_id.get(user_id, ())):
            self._drop(digest)

    def forget_all(self) -> None:
        """Drop everything."""
        self._principals.clear()
        self._by_token_id.clear()
        self._by_user_id.clear()

    def _drop(self, digest: bytes) -> None:
        principal = self._principals.pop(digest, None)
        if principal is None:
            return
        _discard(self._by_token_id, principal.token_id, digest)
        _discard(self._by_user_id, principal.user_id, digest)


def _discard(index: defaultdict[str, set[bytes]], key: str, digest: bytes) -> None:
    index[key].discard(digest)
    if not index[key]:
        del index[key]
