from collections.abc import AsyncIterator

import pytest

from donebook.tokens.claims import ClaimRules
from donebook.tokens.endpoint import JwksEndpoint
from donebook.tokens.jwks import JwksVerifier
from donebook.tokens.shared import SharedSecrets
from donebook.tokens.verify import TokenVerifier
from tests.tokens.key_server import KeyServer, running_key_server
from tests.tokens.signing import ISSUER, OLD_SECRET, SECRET, Clock, IssuerKey, key_set


@pytest.fixture
def clock() -> Clock:
    """The time of day."""
    return Clock()


@pytest.fixture
def uptime() -> Clock:
    """The clock that only ever goes forward."""
    return Clock(1000.0)


@pytest.fixture
async def key_server() -> AsyncIterator[KeyServer]:
    async with running_key_server() as server:
        yield server


@pytest.fixture
async def jwks(key_server: KeyServer, uptime: Clock) -> AsyncIterator[JwksVerifier]:
    rules = ClaimRules(issuer=ISSUER, audience=ISSUER, audience_required=True)
    verifier = JwksVerifier(JwksEndpoint(key_server.url), rules, monotonic=uptime)
    yield verifier
    await verifier.aclose()


@pytest.fixture
def shared() -> SharedSecrets:
    return SharedSecrets([SECRET, OLD_SECRET], rules=ClaimRules(audience=ISSUER))


@pytest.fixture
def verifier(shared: SharedSecrets, jwks: JwksVerifier, clock: Clock) -> TokenVerifier:
    """Both sources at once, as where local accounts and Better Auth live side by side."""
    return TokenVerifier(shared=shared, jwks=jwks, clock=clock)


@pytest.fixture
def issuer_key(key_server: KeyServer) -> IssuerKey:
    """The one published key."""
    key = IssuerKey("key-1")
    key_server.publish(key_set(key))
    return key
