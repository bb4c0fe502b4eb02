from donebook.principal import Principal
from donebook.tokens.claims import ClaimRules
from donebook.tokens.compact import parse_compact, read_json_object
from donebook.tokens.issue import IssuedToken, issue_token
from donebook.tokens.shared import SharedSecrets
from donebook.tokens.verify import TokenVerifier
from tests.tokens.signing import ISSUER, NOW, OLD_SECRET, SECRET, Clock

SHARED = SharedSecrets([SECRET])


def issue(shared: SharedSecrets = SHARED, now: float = NOW) -> IssuedToken:
    return issue_token(shared, user_id="user-1", email="ada@example.com", name="Ada", now=now)


def test_a_token_carries_the_published_claims_for_24_hours() -> None:
    issued = issue(now=NOW + 0.7)

    parsed = parse_compact(issued.token)
    assert "HS256" == parsed.algorithm
    assert {
        "sub": "user-1",
        "user_id": "user-1",
        "email": "ada@example.com",
        "name": "Ada",
        "iat": int(NOW),
        "exp": int(NOW) + 86_400,
        "jti": issued.token_id,
        "iss": "donebook",
    } == read_json_object(parsed.claims)
    assert int(NOW) + 86_400 == issued.expires_at


async def test_our_own_verifier_accepts_it() -> None:
    issued = issue()

    principal = await TokenVerifier(shared=SHARED, clock=Clock()).verify(issued.token)

    expected = Principal(
        "user-1", "ada@example.com", "Ada", None, issued.token_id, float(issued.expires_at), issued_at=NOW
    )
    assert expected == principal


async def test_it_satisfies_the_issuer_and_audience_the_settings_demand() -> None:
    rules = ClaimRules(issuer=ISSUER, audience="tasks", audience_required=True)
    shared = SharedSecrets([SECRET], rules=rules)

    principal = await TokenVerifier(shared=shared, clock=Clock()).verify(issue(shared).token)

    assert "user-1" == principal.user_id


async def test_it_outlives_a_change_of_the_secret() -> None:
    issued = issue(SharedSecrets([OLD_SECRET]))
    rotated = SharedSecrets([SECRET, OLD_SECRET])

    assert "user-1" == (await TokenVerifier(shared=rotated, clock=Clock()).verify(issued.token)).user_id


def test_no_two_tokens_share_an_id() -> None:
    assert 100 == len({issue().token_id for _ in range(100)})
