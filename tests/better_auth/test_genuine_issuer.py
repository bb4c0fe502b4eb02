"""Tokens of a Better Auth that really runs, through the verifier that the service uses."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager

import pytest

from donebook.errors import IssuerUnavailable, SubjectMissing, TokenExpired, TokenInvalid
from donebook.tokens.claims import ClaimRules
from donebook.tokens.endpoint import JwksEndpoint
from donebook.tokens.jwks import REFETCH_INTERVAL, REFRESH_AFTER, JwksVerifier
from donebook.tokens.refusals import Refusal
from donebook.tokens.shared import SharedSecrets
from donebook.tokens.verify import TokenVerifier
from tests.better_auth.record import SESSION_DATA_COOKIE
from tests.better_auth.server import SECRET, BetterAuth, better_auth_server

pytestmark = pytest.mark.node


class Uptime:
    """The clock of the key cache, moved by hand."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def uptime() -> Uptime:
    return Uptime()


@pytest.fixture(scope="module", params=["EdDSA", "ES256", "ES512", "RS256", "PS256"])
def issuer(request: pytest.FixtureRequest) -> Iterator[BetterAuth]:
    with better_auth_server(request.param) as running:
        yield running


@asynccontextmanager
async def verifying(issuer: BetterAuth, uptime: Callable[[], float]) -> AsyncIterator[TokenVerifier]:
    """A verifier as ``BETTER_AUTH_URL`` and ``BETTER_AUTH_SECRET`` configure it."""
    rules = ClaimRules(issuer=issuer.url, audience=issuer.url, audience_required=True)
    verifier = TokenVerifier(
        shared=SharedSecrets([SECRET], rules=ClaimRules(audience=issuer.url)),
        jwks=JwksVerifier(JwksEndpoint(issuer.jwks_url), rules, monotonic=uptime),
    )
    try:
        yield verifier
    finally:
        await verifier.aclose()


async def test_a_user_who_signed_up_there_is_known_here(issuer: BetterAuth, uptime: Uptime) -> None:
    session = issuer.sign_up(f"known-{issuer.algorithm}@example.com", "Ada Example")

    async with verifying(issuer, uptime) as verifier:
        token = issuer.token(session)
        principal = await verifier.verify(token)

        assert session.user_id == principal.user_id
        assert session.email.lower() == principal.email
        assert "Ada Example" == principal.name
        assert principal is verifier.recall(token)


async def test_a_rotated_key_is_picked_up_and_the_old_one_serves_on(
    issuer: BetterAuth, uptime: Uptime
) -> None:
    session = issuer.sign_up(f"rotate-{issuer.algorithm}@example.com")
    async with verifying(issuer, uptime) as verifier:
        before = issuer.token(session)
        await verifier.verify(before)
        issuer.rotate_keys()
        after = issuer.token(session)
        with pytest.raises(TokenInvalid) as refused:
            await verifier.verify(after)
        assert Refusal.UNKNOWN_KEY == refused.value.reason

        uptime.now += REFETCH_INTERVAL

        assert session.user_id == (await verifier.verify(after)).user_id
        verifier.forget_all()
        assert session.user_id == (await verifier.verify(before)).user_id


async def test_a_withdrawn_key_is_refused_after_the_next_refresh(issuer: BetterAuth, uptime: Uptime) -> None:
    session = issuer.sign_up(f"withdraw-{issuer.algorithm}@example.com")
    async with verifying(issuer, uptime) as verifier:
        before = issuer.token(session)
        await verifier.verify(before)
        issuer.rotate_keys()
        issuer.withdraw_old_keys()
        uptime.now += REFRESH_AFTER

        await verifier.verify(issuer.token(session))

        assert verifier.recall(before) is None
        with pytest.raises(TokenInvalid) as refused:
            await verifier.verify(before)
        assert Refusal.UNKNOWN_KEY == refused.value.reason


async def test_an_issuer_that_stops_and_starts_again_is_not_missed(
    issuer: BetterAuth, uptime: Uptime
) -> None:
    session = issuer.sign_up(f"restart-{issuer.algorithm}@example.com")
    async with verifying(issuer, uptime) as verifier, verifying(issuer, uptime) as started_meanwhile:
        first, second = issuer.token(session), issuer.token(session)
        await verifier.verify(first)
        issuer.stop()
        try:
            verifier.forget_all()
            uptime.now += REFRESH_AFTER
            assert session.user_id == (await verifier.verify(second)).user_id
            with pytest.raises(IssuerUnavailable):
                await started_meanwhile.verify(first)
        finally:
            issuer.start()
        uptime.now += REFETCH_INTERVAL

        assert session.user_id == (await started_meanwhile.verify(first)).user_id
        assert session.user_id == (await verifier.verify(issuer.token(session))).user_id


async def test_a_token_of_another_better_auth_is_refused(issuer: BetterAuth, uptime: Uptime) -> None:
    with better_auth_server(issuer.algorithm) as other:
        foreign = other.token(other.sign_up("eve@example.com"))
    async with verifying(issuer, uptime) as verifier:
        with pytest.raises(TokenInvalid) as refused:
            await verifier.verify(foreign)
    assert Refusal.UNKNOWN_KEY == refused.value.reason


async def test_a_token_ends_where_better_auth_says(issuer: BetterAuth, uptime: Uptime) -> None:
    token = issuer.token(issuer.sign_up(f"ends-{issuer.algorithm}@example.com"))
    async with verifying(issuer, uptime) as verifier:
        ends = (await verifier.verify(token)).expires_at
        late = TokenVerifier(jwks=verifier._jwks, clock=lambda: ends)
        with pytest.raises(TokenExpired):
            await late.verify(token)


async def test_tokens_for_better_auths_own_use_are_refused(uptime: Uptime) -> None:
    with better_auth_server(cookie_cache="secret") as issuer:
        session = issuer.sign_up("ada@example.com")
        async with verifying(issuer, uptime) as verifier:
            for token in (issuer.verification_token(session), session.cookies[SESSION_DATA_COOKIE]):
                with pytest.raises(SubjectMissing):
                    await verifier.verify(token)
            with pytest.raises(TokenInvalid) as refused:
                await verifier.verify(session.token)
            assert Refusal.MALFORMED == refused.value.reason


async def test_a_cookie_signed_with_the_published_keys_is_refused(uptime: Uptime) -> None:
    with better_auth_server(cookie_cache="jwks") as issuer:
        session = issuer.sign_up("ada@example.com")
        async with verifying(issuer, uptime) as verifier:
            with pytest.raises(TokenInvalid) as refused:
                await verifier.verify(session.cookies[SESSION_DATA_COOKIE])
    assert Refusal.PURPOSE == refused.value.reason
