import asyncio

import pytest

from donebook.errors import TokenInvalid
from donebook.tokens.claims import ClaimRules
from donebook.tokens.compact import parse_compact
from donebook.tokens.endpoint import JwksEndpoint
from donebook.tokens.jwks import REFETCH_INTERVAL, REFRESH_AFTER, JwksVerifier
from donebook.tokens.refusals import Refusal
from tests.tokens.key_server import KeyServer
from tests.tokens.signing import ISSUER, Clock, IssuerKey, key_set


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


async def test_nothing_is_fetched_before_a_token_needs_it(
    jwks: JwksVerifier, key_server: KeyServer, issuer_key: IssuerKey
) -> None:
    assert [] == key_server.asked

    await check(jwks, issuer_key)

    assert 1 == len(key_server.asked)


async def test_the_keys_are_kept(
    jwks: JwksVerifier, key_server: KeyServer, issuer_key: IssuerKey, uptime: Clock
) -> None:
    for _ in range(100):
        await check(jwks, issuer_key)
        uptime.advance(REFRESH_AFTER / 101)

    assert 1 == len(key_server.asked)


async def test_everyone_who_needs_the_keys_waits_for_one_fetch(
    jwks: JwksVerifier, key_server: KeyServer, issuer_key: IssuerKey
) -> None:
    await asyncio.gather(*(check(jwks, issuer_key) for _ in range(100)))

    assert 1 == len(key_server.asked)


async def test_a_client_that_goes_away_does_not_take_the_fetch_from_the_others(
    jwks: JwksVerifier, key_server: KeyServer, issuer_key: IssuerKey
) -> None:
    key_server.hold()
    impatient = asyncio.create_task(check(jwks, issuer_key))
    patient = asyncio.create_task(check(jwks, issuer_key))
    await key_server.wait_until_asked(1)

    impatient.cancel()
    await asyncio.wait([impatient])
    key_server.release()
    await patient

    assert 1 == len(key_server.asked)


class TestRotation:
    async def test_a_new_key_is_known_at_once_if_the_last_fetch_is_an_interval_ago(
        self, jwks: JwksVerifier, key_server: KeyServer, issuer_key: IssuerKey, uptime: Clock
    ) -> None:
        await check(jwks, issuer_key)
        new = IssuerKey("key-2")
        key_server.publish(key_set(issuer_key, new))
        uptime.advance(REFETCH_INTERVAL)

        await check(jwks, new)
        await check(jwks, issuer_key)

        assert 2 == len(key_server.asked)

    async def test_a_new_key_is_known_after_the_interval_at_the_latest(
        self, jwks: JwksVerifier, key_server: KeyServer, issuer_key: IssuerKey, uptime: Clock
    ) -> None:
        await check(jwks, issuer_key)
        new = IssuerKey("key-2")
        key_server.publish(key_set(issuer_key, new))
        uptime.advance(REFETCH_INTERVAL - 0.001)
        assert Refusal.UNKNOWN_KEY == await refusal_of(jwks, new)

        uptime.advance(0.001)
        await check(jwks, new)

    async def test_a_withdrawn_key_is_refused_after_the_next_refresh(
        self, jwks: JwksVerifier, key_server: KeyServer, issuer_key: IssuerKey, uptime: Clock
    ) -> None:
        withdrawals: list[str] = []
        jwks.call_on_withdrawal(lambda: withdrawals.append("withdrawn"))
        await check(jwks, issuer_key)
        key_server.publish(key_set(IssuerKey("key-2")))
        uptime.advance(REFRESH_AFTER)

        await check(jwks, issuer_key)  # served while the keys are fetched anew
        await settle(jwks)

        assert ["withdrawn"] == withdrawals
        assert Refusal.UNKNOWN_KEY == await refusal_of(jwks, issuer_key)

    async def test_an_added_key_withdraws_nothing(
        self, jwks: JwksVerifier, key_server: KeyServer, issuer_key: IssuerKey, uptime: Clock
    ) -> None:
        withdrawals: list[str] = []
        jwks.call_on_withdrawal(lambda: withdrawals.append("withdrawn"))
        await check(jwks, issuer_key)
        new = IssuerKey("key-2")
        key_server.publish(key_set(issuer_key, new))
        uptime.advance(REFETCH_INTERVAL)

        await check(jwks, new)

        assert [] == withdrawals

    async def test_hundreds_of_published_keys_are_all_usable(
        self, jwks: JwksVerifier, key_server: KeyServer
    ) -> None:
        keys = [IssuerKey(f"key-{number}") for number in range(720)]
        key_server.publish(key_set(*keys))

        await check(jwks, keys[0])
        await check(jwks, keys[-1])


class TestUnknownKeys:
    async def test_a_thousand_random_key_ids_cause_one_fetch_per_interval_and_harm_no_good_user(
        self, jwks: JwksVerifier, key_server: KeyServer, issuer_key: IssuerKey, uptime: Clock
    ) -> None:
        await check(jwks, issuer_key)
        forger = IssuerKey("forged")
        for number in range(1000):
            forger.key_id = f"random-{number}"
            assert Refusal.UNKNOWN_KEY == await refusal_of(jwks, forger)
            await check(jwks, issuer_key)
            uptime.advance(REFETCH_INTERVAL / 1001)

        assert 1 == len(key_server.asked)
        uptime.advance(REFETCH_INTERVAL / 1000)
        assert Refusal.UNKNOWN_KEY == await refusal_of(jwks, forger)
        assert Refusal.UNKNOWN_KEY == await refusal_of(jwks, forger)
        assert 2 == len(key_server.asked)

    async def test_a_thousand_at_once_share_a_fetch(
        self, jwks: JwksVerifier, key_server: KeyServer, issuer_key: IssuerKey
    ) -> None:
        forger = IssuerKey("forged")

        refusals = await asyncio.gather(*(refusal_of(jwks, forger) for _ in range(1000)))

        assert {Refusal.UNKNOWN_KEY} == set(refusals)
        assert 1 == len(key_server.asked)
        await check(jwks, issuer_key)

    async def test_a_missing_key_id_needs_no_fetch_to_be_refused_among_several_keys(
        self, jwks: JwksVerifier, key_server: KeyServer, issuer_key: IssuerKey, uptime: Clock
    ) -> None:
        key_server.publish(key_set(issuer_key, IssuerKey("key-2")))
        await check(jwks, issuer_key)
        uptime.advance(REFETCH_INTERVAL)

        with pytest.raises(TokenInvalid) as refused:
            await jwks.check_signature(parse_compact(issuer_key.token(kid=...)))

        assert Refusal.UNKNOWN_KEY == refused.value.reason
        assert 1 == len(key_server.asked)


async def test_closing_gives_up_a_fetch_under_way(
    jwks: JwksVerifier, key_server: KeyServer, issuer_key: IssuerKey
) -> None:
    key_server.hold()
    waiting = asyncio.create_task(check(jwks, issuer_key))
    await key_server.wait_until_asked(1)

    await jwks.aclose()

    await asyncio.wait([waiting])
    assert waiting.cancelled()


@pytest.mark.parametrize(
    "rules",
    [
        ClaimRules(),
        ClaimRules(issuer=ISSUER),
        ClaimRules(issuer=ISSUER, audience=ISSUER),
        ClaimRules(audience=ISSUER, audience_required=True),
    ],
)
async def test_published_keys_are_not_used_without_an_expected_issuer_and_audience(
    key_server: KeyServer, rules: ClaimRules
) -> None:
    endpoint = JwksEndpoint(key_server.url)

    with pytest.raises(ValueError, match="issuer and audience"):
        JwksVerifier(endpoint, rules)
    await endpoint.aclose()
