from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest

from donebook.errors import TokenInvalid
from donebook.settings import Settings
from donebook.tokens.configure import jwks_verifier_from, shared_secrets_from, verifier_from
from donebook.tokens.issue import issue_token
from donebook.tokens.refusals import Refusal
from donebook.tokens.verify import TokenVerifier
from tests.tokens.key_server import KeyServer
from tests.tokens.signing import NOW, OLD_SECRET, SECRET, Clock, IssuerKey, claims, key_set, sign_shared

Verifying = Callable[..., AbstractAsyncContextManager[TokenVerifier]]


@pytest.fixture
def verifying(clock: Clock) -> Verifying:
    @asynccontextmanager
    async def with_settings(**values: Any) -> AsyncIterator[TokenVerifier]:
        settings = Settings(**values)
        verifier = verifier_from(settings, shared=shared_secrets_from(settings, SECRET), clock=clock)
        try:
            yield verifier
        finally:
            await verifier.aclose()

    return with_settings


async def refusal_of(verifier: TokenVerifier, token: str) -> str:
    with pytest.raises(TokenInvalid) as refused:
        await verifier.verify(token)
    return refused.value.reason


@pytest.mark.parametrize("slash", ["", "/"])
async def test_better_auths_address_is_enough(
    key_server: KeyServer, verifying: Verifying, slash: str
) -> None:
    origin = f"http://127.0.0.1:{key_server.port}"
    key = IssuerKey("key-1")
    key_server.publish(key_set(key))

    async with verifying(better_auth_url=origin + slash) as verifier:
        assert "user-1" == (await verifier.verify(key.token(claims(iss=origin, aud=origin)))).user_id
        assert Refusal.ISSUER == await refusal_of(verifier, key.token(claims(aud=origin)))
        assert Refusal.AUDIENCE == await refusal_of(verifier, key.token(claims(iss=origin)))
    assert ["/api/auth/jwks"] == key_server.asked


async def test_keys_issuer_and_audience_can_be_named_one_by_one(
    key_server: KeyServer, verifying: Verifying
) -> None:
    key = IssuerKey("key-1")
    key_server.publish(key_set(key))
    jwks_url = f"http://127.0.0.1:{key_server.port}/keys.json"

    async with verifying(
        jwks_url=jwks_url, jwt_issuer="https://id.example", jwt_audience="tasks"
    ) as verifier:
        token = key.token(claims(iss="https://id.example", aud=["tasks", "mail"]))
        assert "user-1" == (await verifier.verify(token)).user_id
        assert Refusal.ISSUER == await refusal_of(verifier, key.token(claims(aud="tasks")))
    assert ["/keys.json"] == key_server.asked


def test_without_an_issuer_there_are_no_published_keys() -> None:
    assert jwks_verifier_from(Settings()) is None


async def test_a_shared_secret_token_may_omit_issuer_and_audience(verifying: Verifying) -> None:
    async with verifying() as verifier:
        assert "user-1" == (await verifier.verify(sign_shared(claims(iss=..., aud=...)))).user_id
        assert "user-1" == (await verifier.verify(sign_shared(claims(iss="anybody", aud=...)))).user_id
        assert Refusal.AUDIENCE == await refusal_of(verifier, sign_shared(claims()))


async def test_a_shared_secret_token_may_carry_better_auths_audience(verifying: Verifying) -> None:
    async with verifying(better_auth_url="http://localhost:3000") as verifier:
        for audience in (..., "http://localhost:3000"):
            token = sign_shared(claims(iss=..., aud=audience))
            assert "user-1" == (await verifier.verify(token)).user_id
        assert Refusal.AUDIENCE == await refusal_of(verifier, sign_shared(claims()))


async def test_a_named_issuer_and_audience_are_demanded_of_shared_secret_tokens_too(
    verifying: Verifying,
) -> None:
    async with verifying(jwt_issuer="front-end", jwt_audience="tasks") as verifier:
        sound = claims(iss="front-end", aud="tasks")
        assert "user-1" == (await verifier.verify(sign_shared(sound))).user_id
        for change, reason in (({"iss": ...}, Refusal.ISSUER), ({"aud": ...}, Refusal.AUDIENCE)):
            wrong = {name: value for name, value in (sound | change).items() if value is not ...}
            assert reason == await refusal_of(verifier, sign_shared(wrong))


async def test_previous_secrets_verify(verifying: Verifying) -> None:
    token = sign_shared(claims(aud=...), secret=OLD_SECRET)
    async with verifying(jwt_previous_secrets=(OLD_SECRET,)) as verifier:
        assert "user-1" == (await verifier.verify(token)).user_id
    async with verifying() as verifier:
        assert Refusal.SIGNATURE == await refusal_of(verifier, token)


@pytest.mark.parametrize("algorithm", ["HS256", "HS384", "HS512"])
async def test_our_own_tokens_are_accepted_whatever_is_set(verifying: Verifying, algorithm: str) -> None:
    named: dict[str, Any] = {"jwt_issuer": "front-end", "jwt_audience": "tasks"}
    for values in ({}, {"jwt_issuer": "front-end"}, named):
        settings = Settings(jwt_algorithm=algorithm, **values)
        shared = shared_secrets_from(settings, SECRET)
        issued = issue_token(shared, user_id="user-1", email=None, name=None, now=NOW)
        async with verifying(jwt_algorithm=algorithm, **values) as verifier:
            assert "user-1" == (await verifier.verify(issued.token)).user_id
