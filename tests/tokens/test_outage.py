"""The key cache while the issuer is down, slow or answers nonsense."""

import asyncio

import pytest

from donebook.errors import IssuerUnavailable, TokenInvalid
from donebook.tokens.claims import ClaimRules
from donebook.tokens.compact import parse_compact
from donebook.tokens.endpoint import JwksEndpoint
from donebook.tokens.jwks import REFETCH_INTERVAL, REFRESH_AFTER, STALE_FOR, JwksVerifier
from donebook.tokens.refusals import Refusal
from tests.tokens.key_server import KeyServer, response
from tests.tokens.signing import ISSUER, Clock, IssuerKey, key_set

BAD_ANSWERS = {
    "503": response(b"", "503 Service Unavailable"),
    "garbage": response(b"<!doctype html><title>Sign in</title>"),
    "empty": response(b'{"keys":[]}'),
    "nothing": b"",
}


async def check(jwks: JwksVerifier, key: IssuerKey) -> None:
    await jwks.check_signature(parse_compact(key.token()))


async def refusal_of(jwks: JwksVerifier, key: IssuerKey) -> str:
    with pytest.raises(TokenInvalid) as refused:
        await check(jwks, key)
    return refused.value.reason


async def settle(jwks: JwksVerifier) -> None:
    """Let a fetch that nobody waits for come to its end."""
    if jwks._fetching is not None:
        await jwks._fetching


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
async def test_known_keys_serve_on_for_a_day(
    jwks: JwksVerifier, key_server: KeyServer, issuer_key: IssuerKey, uptime: Clock, answer: bytes
) -> None:
    await check(jwks, issuer_key)
    key_server.answer = answer
    for _ in range(24):
        uptime.advance(STALE_FOR / 24)
        await check(jwks, issuer_key)
        await settle(jwks)

    assert 25 == len(key_server.asked)


async def test_keys_are_not_believed_for_ever(
    jwks: JwksVerifier, key_server: KeyServer, issuer_key: IssuerKey, uptime: Clock
) -> None:
    await check(jwks, issuer_key)
    key_server.answer = BAD_ANSWERS["503"]
    uptime.advance(STALE_FOR + 1)

    with pytest.raises(IssuerUnavailable):
        await check(jwks, issuer_key)


@pytest.mark.parametrize("answer", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
async def test_without_any_keys_the_issuer_is_unavailable_and_not_the_token_invalid(
    jwks: JwksVerifier, key_server: KeyServer, uptime: Clock, answer: bytes
) -> None:
    key = IssuerKey("key-1")
    key_server.answer = answer
    with pytest.raises(IssuerUnavailable) as unavailable:
        await check(jwks, key)
    assert REFETCH_INTERVAL == unavailable.value.retry_after

    uptime.advance(REFETCH_INTERVAL - 2.5)
    with pytest.raises(IssuerUnavailable) as unavailable:
        await check(jwks, key)
    assert 3 == unavailable.value.retry_after
    assert 1 == len(key_server.asked)


async def test_an_issuer_that_comes_up_later_is_found_within_the_interval(
    jwks: JwksVerifier, key_server: KeyServer, uptime: Clock
) -> None:
    key = IssuerKey("key-1")
    with pytest.raises(IssuerUnavailable):
        await check(jwks, key)
    key_server.publish(key_set(key))
    uptime.advance(REFETCH_INTERVAL)

    await check(jwks, key)


async def test_a_new_key_cannot_be_judged_while_the_issuer_is_down(
    jwks: JwksVerifier, key_server: KeyServer, issuer_key: IssuerKey, uptime: Clock
) -> None:
    await check(jwks, issuer_key)
    key_server.answer = BAD_ANSWERS["503"]
    uptime.advance(REFETCH_INTERVAL)

    with pytest.raises(IssuerUnavailable):
        await check(jwks, IssuerKey("key-2"))
    await check(jwks, issuer_key)


async def test_known_keys_serve_while_a_fetch_hangs(
    jwks: JwksVerifier, key_server: KeyServer, issuer_key: IssuerKey, uptime: Clock
) -> None:
    await check(jwks, issuer_key)
    key_server.hold()
    uptime.advance(REFRESH_AFTER)
    unknown = asyncio.create_task(refusal_of(jwks, IssuerKey("key-2")))
    await key_server.wait_until_asked(2)

    for _ in range(100):
        await check(jwks, issuer_key)

    assert not unknown.done()
    key_server.release()
    assert Refusal.UNKNOWN_KEY == await unknown
    assert 2 == len(key_server.asked)


async def test_an_issuer_that_hangs_is_given_up(key_server: KeyServer, uptime: Clock) -> None:
    rules = ClaimRules(issuer=ISSUER, audience=ISSUER, audience_required=True)
    jwks = JwksVerifier(JwksEndpoint(key_server.url, timeout=0.05), rules, monotonic=uptime)
    key_server.hold()

    with pytest.raises(IssuerUnavailable):
        await check(jwks, IssuerKey("key-1"))
    await jwks.aclose()


async def test_a_failed_fetch_is_logged_without_the_token(
    jwks: JwksVerifier, caplog: pytest.LogCaptureFixture
) -> None:
    key = IssuerKey("key-1")
    with pytest.raises(IssuerUnavailable):
        await check(jwks, key)

    assert ["the issuer's keys could not be fetched: status 503"] == [
        record.getMessage() for record in caplog.records if record.levelname == "WARNING"
    ]
