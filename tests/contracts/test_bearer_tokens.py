"""Who may ask: the 401 rules, in each contract and on each of its endpoints."""

import base64
import json
import time
from typing import Any

import pytest

from tests.contracts.client import SECRET, Reply, User, serve, sign
from tests.contracts.conformance import conforms_to
from tests.contracts.spoken import TASK_CONTRACTS, Refused, Spoken

LATER = int(time.time()) + 3600


def unsigned(claims: dict[str, Any], algorithm: str) -> str:
    parts = [json.dumps(part).encode() for part in ({"alg": algorithm, "typ": "JWT"}, claims)]
    return b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts).decode() + "."


def assert_refused(spoken: Spoken, reply: Reply, kind: Refused) -> None:
    presented = kind not in {"no token", "not a bearer"}
    assert 401 == reply.status
    assert spoken.refusal(kind, reply) == reply.json()
    assert ('Bearer error="invalid_token"' if presented else "Bearer") == reply.headers["www-authenticate"]


def test_every_endpoint_needs_a_token(ada: User, spoken: Spoken) -> None:
    task = spoken.task(ada, spoken.create(ada))
    before = ada.stored()
    calls = [("GET", spoken.tasks(ada), None), ("POST", spoken.tasks(ada), {"title": "x"})]
    for method, target, body in [*calls, *spoken.calls(task), *spoken.calls(f"{spoken.tasks(ada)}/x")]:
        options = {} if body is None else {"json": body}
        assert_refused(spoken, ada.service.request(method, target, **options), "no token")
        wrong = ada.service.request(method, target, token="wrong", **options)
        assert_refused(spoken, wrong, "bad token")
    assert before == ada.stored()


def test_without_a_token_nothing_of_the_request_is_looked_at(ada: User, spoken: Spoken) -> None:
    for options in ({"body": b"{"}, {"body": b"x", "headers": {"Content-Type": "text/plain"}}):
        assert_refused(spoken, ada.service.request("POST", spoken.tasks(ada), **options), "no token")
    assert_refused(spoken, ada.service.get(f"{spoken.tasks(ada)}?status=nonsense"), "no token")


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "bEaReR"])
def test_the_scheme_is_case_insensitive(ada: User, spoken: Spoken, scheme: str) -> None:
    reply = ada.service.get(spoken.tasks(ada), headers={"Authorization": f"{scheme} {ada.token}"})
    assert 200 == reply.status


@pytest.mark.parametrize(
    "credentials",
    ["", "Bearer", "Bearer ", "Bearer    ", "Basic YTpi", "Token {token}", "{token}", "Bearer:{token}"],
)
def test_what_is_no_bearer_token_is_401(ada: User, spoken: Spoken, credentials: str) -> None:
    header = {"Authorization": credentials.format(token=ada.token)}
    assert_refused(spoken, ada.service.get(spoken.tasks(ada), headers=header), "not a bearer")


def test_a_token_of_another_time_is_401(ada: User, spoken: Spoken) -> None:
    now = int(time.time())
    for expired in (now - 1, now - 3600, 0):
        token = sign({"sub": ada.id, "exp": expired})
        assert_refused(spoken, ada.service.get(spoken.tasks(ada), token=token), "expired")
    for claims in ({"nbf": now + 600}, {"iat": now + 600}, {"exp": None}, {"exp": "soon"}):
        token = sign({"sub": ada.id, "exp": LATER} | claims)
        assert_refused(spoken, ada.service.get(spoken.tasks(ada), token=token), "bad token")


FORGED = [
    sign({"sub": "x", "exp": LATER}, secret="another-secret-that-is-long-enough-too"),
    sign({"sub": "x", "exp": LATER}, secret=SECRET + "x"),
    sign({"sub": "x", "exp": LATER}, algorithm="HS512"),
    sign({"sub": "x", "exp": LATER})[:-1],
    sign({"sub": "x", "exp": LATER}) + "=",
    sign({"sub": "x", "exp": LATER}) + "x",
    sign({"sub": "x", "exp": LATER}, crit=["exp"]),
    sign({"sub": "x", "exp": LATER, "aud": "somebody-else"}),
    sign({"sub": "x"}),
    sign({"sub": 7, "exp": LATER}),
    sign({"sub": "x" * 10_000, "exp": LATER}),
    sign({"sub": "a\x00b", "exp": LATER}),
    unsigned({"sub": "x", "exp": LATER}, "none"),
    unsigned({"sub": "x", "exp": LATER}, "nOnE"),
    unsigned({"sub": "x", "exp": LATER}, "HS256"),
    "x",
    "..",
    "a.b.c",
    "two words",
    "\xff\xfe",
    "x" * 20_000,
]


def test_a_token_that_is_not_genuine_is_401(ada: User, spoken: Spoken) -> None:
    for token in FORGED:
        reply = ada.service.get(spoken.tasks(ada), token=token)
        assert_refused(spoken, reply, "bad token")
        assert token.encode("latin-1") not in reply.body


@pytest.mark.parametrize("claims", [{}, {"sub": None}, {"sub": ""}, {"sub": " "}, {"email": "a@example.com"}])
def test_a_token_that_names_nobody_is_401(ada: User, spoken: Spoken, claims: dict[str, Any]) -> None:
    token = sign({"exp": LATER} | {name: value for name, value in claims.items() if value is not None})
    assert_refused(spoken, ada.service.get(spoken.tasks(ada), token=token), "nobody")


def test_issuer_and_audience_must_be_those_of_the_settings(lasting_url: str) -> None:
    with serve(lasting_url, check=conforms_to(), jwt_issuer="us", jwt_audience="tasks") as service:
        for spoken in TASK_CONTRACTS:
            user = User(service, iss="us", aud=["others", "tasks"])
            target = spoken.tasks(user)
            assert 200 == user.get(target).status
            for claims in ({"iss": "them"}, {"iss": None}, {"aud": "others"}, {"aud": ["others"]}):
                token = sign({name: value for name, value in (user.claims | claims).items() if value})
                assert_refused(spoken, service.get(target, token=token), "bad token")


def test_the_user_id_claim_serves_where_there_is_no_subject(ada: User, spoken: Spoken) -> None:
    task = spoken.create(ada)
    token = sign({"user_id": ada.id, "exp": LATER})
    assert [task] == spoken.listed(ada.service.get(spoken.tasks(ada), token=token))
