"""What holds of each contract and between them: failures are worded, neighbours stay silent."""

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import pytest
from pydantic import ValidationError

from donebook import errors
from donebook.contracts.registry import CONTRACTS, mount_contracts
from donebook.errors import Failure
from donebook.http import failures
from donebook.http.authentication import Authenticator
from donebook.http.route import ContractRoute
from donebook.http.sealed import PathCollision
from donebook.settings import Mount, Settings
from donebook.tokens.verify import TokenVerifier
from tests.contracts.client import Reply, Service, User, serve
from tests.contracts.spoken import TASK_CONTRACTS, Spoken

RESERVED = ("v1", "v2", "tasks", "auth")


def leaves(kind: type[Failure]) -> Iterator[type[Failure]]:
    """The ways to fail that have no kinds of their own, of those that the product declares."""
    kinds = [
        each for each in kind.__subclasses__() if each.__module__ in {errors.__name__, failures.__name__}
    ]
    if not kinds:
        yield kind
    for each in kinds:
        yield from leaves(each)


FAILED_BY_THEMSELVES = (errors.Invalid, errors.TooManyRequests)
"""Failures that have kinds and are met without being one of these."""
LEAVES = sorted((*leaves(Failure), *FAILED_BY_THEMSELVES), key=lambda kind: kind.__name__)

STATUSES: Mapping[str, int] = {
    "AnswerQuotaExceeded": 403,
    "HistoryQuotaExceeded": 403,
    "TaskQuotaExceeded": 403,
    "AuthenticationFault": 500,
    "BodyTooLarge": 413,
    "BodyTooSlow": 408,
    "ChangeNotFound": 404,
    "CredentialsMalformed": 401,
    "CursorInvalid": 400,
    "DatabaseUnavailable": 503,
    "EditConflict": 409,
    "EmailTaken": 409,
    "GuessedTooOften": 429,
    "Invalid": 422,
    "InvitationMissing": 403,
    "IssuerUnavailable": 503,
    "KeyReused": 422,
    "MediaTypeUnsupported": 415,
    "MethodNotAllowed": 405,
    "NeighbourNotFound": 404,
    "OperationFailed": 409,
    "OriginForeign": 403,
    "Overloaded": 503,
    "PathUserMismatch": 403,
    "PreconditionFailed": 412,
    "ProvisioningFailed": 500,
    "ResyncRequired": 410,
    "RevisionAhead": 400,
    "RouteUnknown": 404,
    "SessionEnded": 401,
    "SignUpClosed": 403,
    "SubjectMissing": 401,
    "TaskErased": 409,
    "TaskNotFound": 404,
    "TicketInvalid": 401,
    "TokenExpired": 401,
    "TokenInvalid": 401,
    "TokenMissing": 401,
    "TokenRevoked": 401,
    "TooManyRequests": 429,
    "UndoConflict": 409,
    "Unexpected": 500,
    "UserUnknown": 404,
    "WrongCredentials": 401,
}


def fail(kind: type[Failure]) -> Failure:
    """A failure of this kind, with a reason that no answer may repeat."""
    problem = {"type": "missing", "loc": ("body", "title"), "msg": "Field required"}
    facts = {
        str: "a-secret-reason",
        str | None: "a-secret-reason",
        int: 7,
        Any: None,
        Failure: errors.TaskErased(),
        Sequence[dict[str, Any]]: [problem],
        Sequence[errors.FieldConflict]: [errors.FieldConflict("title", "Mine", "Theirs")],
        Sequence[errors.UndoObstacle]: [errors.UndoObstacle(7, None, ("title",))],
    }
    if kind is failures.MethodNotAllowed:
        return failures.MethodNotAllowed("GET")
    if kind.__init__ is Exception.__init__:
        return kind()
    return kind(*(facts[each.annotation] for each in inspect.signature(kind).parameters.values()))


def is_detail(body: Any, _: Reply) -> object:
    if isinstance(body["detail"], list):
        return {"detail"} == body.keys() and {"type", "loc", "msg"} == body["detail"][0].keys()
    return {"detail"} == body.keys() and bool(body["detail"])


def is_coded(body: Any, _: Reply) -> object:
    extra = {"errors"} if body["code"] == "VALIDATION_ERROR" else set()
    return {"detail", "code"} | extra == body.keys() and body["code"].isupper() and bool(body["detail"])


def is_envelope(body: Any, reply: Reply) -> object:
    error = body["error"]
    return (
        {"error"} == body.keys()
        and ["code", "message", "details", "timestamp", "request_id"] == list(error)
        and error["code"]
        in {
            "UNAUTHORIZED",
            "FORBIDDEN",
            "NOT_FOUND",
            "VALIDATION_ERROR",
            "CONFLICT",
            "RATE_LIMITED",
            "UNAVAILABLE",
            "INTERNAL_ERROR",
        }
        and (error["details"] is not None) == (reply.status == 422)
        and error["timestamp"].endswith("Z")
        and reply.headers["x-request-id"] == error["request_id"]
    )


def is_problem(body: Any, reply: Reply) -> object:
    return {"type", "title", "status", "code", "instance"} <= body.keys() and reply.status == body["status"]


SHAPES: Mapping[str, Callable[[Any, Reply], object]] = {
    "scoped": is_detail,
    "versioned": is_coded,
    "flat": is_detail,
    "enveloped": is_envelope,
    "v2": is_problem,
    "auth": is_detail,
}


@pytest.mark.parametrize("kind", LEAVES)
@pytest.mark.parametrize("name", CONTRACTS)
def test_every_failure_has_words_of_its_own(name: str, kind: type[Failure]) -> None:
    voice: Any = CONTRACTS[name].voice
    # The broken rules are worded from what they are, a failed operation by what it failed for.
    assert kind in voice._WORDS or issubclass(kind, errors.Invalid | errors.OperationFailed)


@cache
def routes_of(name: str) -> list[ContractRoute]:
    """The contract's routes at the root."""
    return CONTRACTS[name].routes()


def guarded_address(name: str, user: User) -> tuple[str, str]:
    """A method and a path of the contract that ask for a token."""
    route = next(each for each in routes_of(name) if not each.public)
    (method,) = route.methods or {"GET"}
    path = route.path.replace("{user_id}", user.path).replace("{task_id}", "1")
    return method, f"/enveloped{path}" if name == "enveloped" else path


@pytest.mark.parametrize("kind", LEAVES)
@pytest.mark.parametrize("name", CONTRACTS)
def test_every_failure_is_answered_in_the_contracts_shape(
    any_service: Service, name: str, kind: type[Failure], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def authenticate(*_: Any) -> None:
        raise fail(kind)

    monkeypatch.setattr(Authenticator, "authenticate", authenticate)
    monkeypatch.setattr(any_service, "_check", None)
    method, target = guarded_address(name, User(any_service))
    reply = any_service.request(method, target)
    assert STATUSES[kind.__name__] == reply.status
    assert SHAPES[name](reply.json(), reply)
    assert b"a-secret-reason" not in reply.body
    assert (reply.status in {429, 503}) == ("retry-after" in reply.headers)
    assert (reply.status == 405) == ("allow" in reply.headers)
    assert (reply.status == 401) == ("www-authenticate" in reply.headers)


@pytest.mark.parametrize("name", CONTRACTS)
@pytest.mark.parametrize("place", [(TokenVerifier, "verify"), (Authenticator, "authenticate")], ids=str)
def test_a_fault_of_ours_tells_nothing(
    any_service: Service, name: str, place: tuple[type, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> None:
        raise RuntimeError("SELECT secret FROM users; /srv/app/secret.py; Bearer secret")

    monkeypatch.setattr(*place, fail)
    user = User(any_service)
    method, target = guarded_address(name, user)
    reply = user(method, target)
    assert 500 == reply.status
    assert SHAPES[name](reply.json(), reply)
    assert not any(word in reply.body for word in (b"secret", b"Traceback", b"RuntimeError"))


def test_every_contract_has_its_shape_here() -> None:
    assert SHAPES.keys() >= CONTRACTS.keys()
    assert {each.name for each in TASK_CONTRACTS} == CONTRACTS.keys() - {"v2", "auth"}
    assert STATUSES.keys() == {kind.__name__ for kind in LEAVES}


def addresses(name: str, user_id: str) -> list[tuple[str, str]]:
    """Every method and path of a contract at the root."""
    fill = {"{user_id}": user_id, "{task_id}": "7"}
    found = []
    for route in routes_of(name):
        path = route.path
        for placeholder, value in fill.items():
            path = path.replace(placeholder, value)
        found += [(method, path) for method in route.methods or ()]
    return found


def share_addresses(one: str, other: str) -> bool:
    return {one, other} == {"scoped", "enveloped"}


@pytest.mark.parametrize("alone", CONTRACTS)
def test_what_is_not_mounted_does_not_exist(sqlite_service_url: str, alone: str) -> None:
    with serve(sqlite_service_url, contracts=alone) as service:
        user = User(service)
        for name in (each for each in CONTRACTS if not share_addresses(alone, each)):
            for subject in (user.id, *RESERVED):
                caller = User(service, subject)
                for method, path in addresses(name, user.id):
                    reply = caller(method, path, json={"title": "x"})
                    routed = reply.scope.get("route")
                    answered_by = getattr(getattr(routed, "contract", None), "name", None)
                    assert (alone if name == alone else None) == answered_by, f"{method} {path}"
                    assert name == alone or reply.status == 404, f"{method} {path}"
        documented = service.get("/openapi.json").json()["paths"]
        assert {route.path for route in routes_of(alone) if route.include_in_schema} == {
            path for path in documented if path.startswith("/api")
        }
        tags = {tag for each in documented.values() for call in each.values() for tag in call["tags"]}
        assert {alone, "health"} == tags


def test_side_by_side_each_address_is_answered_by_its_contract(ada: User) -> None:
    for name in CONTRACTS:
        base = "/enveloped" if name == "enveloped" else ""
        for method, path in addresses(name, ada.id):
            reply = ada(method, base + path, body=b"{}")
            assert name == reply.scope["route"].contract.name, f"{method} {base + path}"


@pytest.mark.parametrize("name", ["scoped", "enveloped"])
def test_reserved_words_are_no_user_ids(sqlite_service_url: str, name: str) -> None:
    with serve(sqlite_service_url, contracts=name) as service:
        for word in RESERVED:
            user = User(service, word)
            before = user.stored()
            for method, path in addresses(name, word):
                for target in (path, f"{path}/"):
                    reply = user(method, target, json={"title": "x"})
                    assert 404 == reply.status, f"{method} {target}"
            assert before == user.stored()


def test_a_user_id_that_only_looks_like_a_neighbour_is_one(service: Service) -> None:
    for user_id in ("V1", "v1.0", "v3", "Tasks", "task", "authority", "api", "health", "docs"):
        user = User(service, user_id)
        for spoken in (each for each in TASK_CONTRACTS if "{user_id}" in each.pattern):
            assert user_id == spoken.create(user)["user_id"]


@pytest.mark.parametrize("spoken", TASK_CONTRACTS, ids=str)
def test_a_contract_works_below_a_base_of_its_own(sqlite_service_url: str, spoken: Spoken) -> None:
    pattern = spoken.pattern.removeprefix("/enveloped")
    with serve(sqlite_service_url, contracts=f"{spoken.name}@/some/base") as service:
        user = User(service)
        tasks = "/some/base" + pattern.format(user_id=user.id)
        created = user.post(tasks, {"title": "x"})
        assert 201 == created.status
        assert created.json() == user.get(f"{tasks}/{created.json()['id']}").json()
        if "location" in created.headers:
            assert f"{tasks}/{created.json()['id']}" == created.headers["location"]
        assert 404 == user.get(pattern.format(user_id=user.id)).status


@pytest.mark.parametrize(
    ("contracts", "names"),
    [
        ("scoped,enveloped", ("scoped", "enveloped")),
        ("enveloped,flat,scoped", ("scoped", "enveloped")),
        ("flat,flat", ("flat", "flat")),
        ("scoped@/x,enveloped@/x/", ("scoped@/x", "enveloped@/x")),
    ],
)
def test_two_contracts_on_one_address_refuse_to_start_and_are_named(
    contracts: str, names: tuple[str, str]
) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(contracts=contracts)
    assert all(f'"{name}"' in str(refused.value) for name in names)


def test_mounting_refuses_a_collision_too() -> None:
    with pytest.raises(PathCollision, match=r"scoped and enveloped both claim /api/{user_id}/tasks"):
        mount_contracts((Mount("scoped"), Mount("enveloped")))
