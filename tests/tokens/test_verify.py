import asyncio
from collections.abc import Callable

import pytest

from donebook.errors import (
    IssuerUnavailable,
    SubjectMissing,
    TokenExpired,
    TokenInvalid,
    TokenRevoked,
)
from donebook.principal import Principal
from donebook.tokens.compact import parse_compact
from donebook.tokens.jwks import REFRESH_AFTER
from donebook.tokens.refusals import Refusal
from donebook.tokens.shared import SharedSecrets
from donebook.tokens.verify import TokenVerifier
from tests.tokens.key_server import KeyServer
from tests.tokens.signing import (
    ISSUER,
    NOW,
    OLD_SECRET,
    SECRET,
    Clock,
    IssuerKey,
    claims,
    key_set,
    segment,
    sign_shared,
)

PATIENCE = 30.0
"""Seconds after which something that has to happen counts as not happening."""


async def refusal_of(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(TokenInvalid) as refused:
        await verifier.verify(token)
    assert verifier.recall(token) is None
    return refused.value.reason


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256", "ES512", "RS256", "PS256"])
async def test_a_token_of_the_issuer_names_its_user(
    verifier: TokenVerifier, key_server: KeyServer, algorithm: str
) -> None:
    key = IssuerKey("key-1", algorithm)
    key_server.publish(key_set(key))

    principal = await verifier.verify(key.token(claims(jti="token-1")))

    expected = Principal("user-1", "ada@example.com", "Ada", None, "token-1", NOW + 900, issued_at=NOW)
    assert expected == principal


@pytest.mark.parametrize("secret", [SECRET, OLD_SECRET])
async def test_a_token_by_shared_secret_names_its_user(
    verifier: TokenVerifier, key_server: KeyServer, secret: str
) -> None:
    principal = await verifier.verify(sign_shared(claims(iss=..., aud=...), secret=secret))

    assert "user-1" == principal.user_id
    assert [] == key_server.asked


class TestClaims:
    async def test_published_keys_need_issuer_and_audience_and_secrets_do_not(
        self, verifier: TokenVerifier, issuer_key: IssuerKey
    ) -> None:
        for missing, reason in (("iss", Refusal.ISSUER), ("aud", Refusal.AUDIENCE)):
            payload = claims(**{missing: ...})
            assert reason == await refusal_of(verifier, issuer_key.token(payload))
            assert "user-1" == (await verifier.verify(sign_shared(payload))).user_id

    async def test_a_foreign_audience_is_refused_from_either_source(
        self, verifier: TokenVerifier, issuer_key: IssuerKey
    ) -> None:
        payload = claims(aud="https://another-service.example")

        assert Refusal.AUDIENCE == await refusal_of(verifier, issuer_key.token(payload))
        assert Refusal.AUDIENCE == await refusal_of(verifier, sign_shared(payload))

    async def test_an_expired_token_is_expired_and_not_invalid(
        self, verifier: TokenVerifier, issuer_key: IssuerKey
    ) -> None:
        for token in (issuer_key.token(claims(exp=NOW)), sign_shared(claims(exp=NOW))):
            with pytest.raises(TokenExpired):
                await verifier.verify(token)

    async def test_a_forged_token_is_invalid_even_if_it_says_that_it_is_expired(
        self, verifier: TokenVerifier, issuer_key: IssuerKey
    ) -> None:
        forged = IssuerKey("key-1").token(claims(exp=NOW - 1))

        assert Refusal.SIGNATURE == await refusal_of(verifier, forged)

    async def test_a_token_that_names_nobody_is_refused(
        self, verifier: TokenVerifier, issuer_key: IssuerKey
    ) -> None:
        for token in (issuer_key.token(claims(sub=...)), sign_shared(claims(sub=...))):
            with pytest.raises(SubjectMissing):
                await verifier.verify(token)


class TestMemory:
    async def test_a_verified_token_is_recalled_until_it_expires(
        self, verifier: TokenVerifier, issuer_key: IssuerKey, clock: Clock
    ) -> None:
        token = issuer_key.token()
        assert verifier.recall(token) is None

        principal = await verifier.verify(token)

        clock.now = NOW + 899.999
        assert principal is verifier.recall(token)
        clock.now = NOW + 900
        assert verifier.recall(token) is None
        with pytest.raises(TokenExpired):
            await verifier.verify(token)

    async def test_a_forgotten_token_is_not_recalled(self, verifier: TokenVerifier) -> None:
        first, second = sign_shared(claims(jti="1")), sign_shared(claims(jti="2", sub="user-2"))
        forgetting: list[Callable[[], None]] = [
            lambda: verifier.forget("1"),
            lambda: verifier.forget_user("user-1"),
        ]
        for forget in forgetting:
            await verifier.verify(first)
            await verifier.verify(second)

            forget()

            assert verifier.recall(first) is None
            assert verifier.recall(second) is not None
        verifier.forget_all()
        assert verifier.recall(second) is None

    async def test_the_second_spelling_of_an_ecdsa_signature_is_the_same_token(
        self, verifier: TokenVerifier, key_server: KeyServer
    ) -> None:
        key = IssuerKey("key-1", "ES256")
        key_server.publish(key_set(key))
        token = key.token()
        respelled = _negate_s(token)

        principals = [await verifier.verify(spelling) for spelling in (token, respelled)]
        verifier.forget(principals[0].token_id)

        assert token != respelled
        assert principals[0] == principals[1]
        assert verifier.recall(token) is verifier.recall(respelled) is None

    async def test_a_withdrawn_key_takes_its_remembered_tokens_along(
        self, verifier: TokenVerifier, key_server: KeyServer, issuer_key: IssuerKey, uptime: Clock
    ) -> None:
        token = issuer_key.token()
        await verifier.verify(token)
        new = IssuerKey("key-2")
        key_server.publish(key_set(new))
        uptime.advance(REFRESH_AFTER)

        await verifier.verify(new.token())

        assert verifier.recall(token) is None
        assert Refusal.UNKNOWN_KEY == await refusal_of(verifier, token)

    async def test_a_withdrawn_key_is_noticed_although_only_remembered_tokens_come(
        self, verifier: TokenVerifier, key_server: KeyServer, issuer_key: IssuerKey, uptime: Clock
    ) -> None:
        token = issuer_key.token()
        await verifier.verify(token)
        key_server.publish(key_set(IssuerKey("key-2")))
        withdrawn = asyncio.Event()
        verifier.call_on_withdrawal(withdrawn.set)

        uptime.advance(REFRESH_AFTER)
        assert verifier.recall(token) is not None
        async with asyncio.timeout(PATIENCE):
            await withdrawn.wait()

        assert verifier.recall(token) is None
        assert Refusal.UNKNOWN_KEY == await refusal_of(verifier, token)

    async def test_memory_is_bounded(self, shared: SharedSecrets, clock: Clock) -> None:
        verifier = TokenVerifier(shared=shared, capacity=3, clock=clock)
        tokens = [sign_shared(claims(sub=f"user-{number}")) for number in range(10)]

        for token in tokens:
            await verifier.verify(token)

        assert [False] * 7 + [True] * 3 == [verifier.recall(token) is not None for token in tokens]


class TestAdmission:
    async def test_a_token_is_remembered_only_once_it_is_admitted(
        self, shared: SharedSecrets, clock: Clock
    ) -> None:
        asked: list[str] = []

        async def refuse(principal: Principal) -> None:
            asked.append(principal.user_id)
            raise TokenRevoked

        verifier = TokenVerifier(shared=shared, admit=refuse, clock=clock)
        token = sign_shared(claims())

        for _ in range(2):
            with pytest.raises(TokenRevoked):
                await verifier.verify(token)
            assert verifier.recall(token) is None
        assert ["user-1", "user-1"] == asked

    async def test_an_admitted_token_is_not_asked_about_again(
        self, shared: SharedSecrets, clock: Clock
    ) -> None:
        asked: list[str] = []

        async def admit(principal: Principal) -> None:
            asked.append(principal.user_id)

        verifier = TokenVerifier(shared=shared, admit=admit, clock=clock)
        token = sign_shared(claims())

        await verifier.verify(token)

        assert verifier.recall(token) is not None
        assert ["user-1"] == asked

    async def test_a_revocation_while_a_token_is_being_admitted_is_not_outlived(
        self, shared: SharedSecrets, clock: Clock
    ) -> None:
        async def admit_and_revoke(principal: Principal) -> None:
            verifier.forget(principal.token_id)

        verifier = TokenVerifier(shared=shared, admit=admit_and_revoke, clock=clock)
        token = sign_shared(claims())

        await verifier.verify(token)

        assert verifier.recall(token) is None


async def test_while_the_issuer_is_down_shared_secrets_still_verify(
    verifier: TokenVerifier, key_server: KeyServer
) -> None:
    with pytest.raises(IssuerUnavailable):
        await verifier.verify(IssuerKey("key-1").token())

    assert "user-1" == (await verifier.verify(sign_shared(claims()))).user_id


async def test_a_verifier_without_a_source_refuses_everything(clock: Clock) -> None:
    verifier = TokenVerifier(clock=clock)

    for token in (sign_shared(claims()), IssuerKey("key-1").token()):
        assert Refusal.ALGORITHM == await refusal_of(verifier, token)


async def test_a_token_whose_audience_is_only_similar_is_refused(
    verifier: TokenVerifier, issuer_key: IssuerKey
) -> None:
    for similar in (f"{ISSUER}.evil.example", ISSUER.upper(), f"{ISSUER}/", ISSUER[:-1]):
        assert Refusal.AUDIENCE == await refusal_of(verifier, issuer_key.token(claims(aud=similar)))
        assert Refusal.ISSUER == await refusal_of(verifier, issuer_key.token(claims(iss=similar)))


def _negate_s(token: str) -> str:
    """The other valid ECDSA signature over the same content."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    signature = parse_compact(token).signature
    s = order - int.from_bytes(signature[32:], "big")
    return f"{token.rpartition('.')[0]}.{segment(signature[:32] + s.to_bytes(32, 'big'))}"
