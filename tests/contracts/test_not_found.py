"""Addresses that are nobody's: whose words their 404 is in, and what is no contract's at all."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from donebook.settings import Settings
from tests.contracts.client import Reply, Service, User, serve
from tests.contracts.spoken import SCOPED, VERSIONED

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
CODED = {"detail": "Not found", "code": "NOT_FOUND"}
DETAIL = {"detail": "Not Found"}
BELOW_V2 = [
    "",
    "/",
    "/nothing",
    "/nothing/",
    "/tasks/x/nothing",
    "/tasks//",
    "/trash/x/y",
    "/events/ticket/x",
]
BELOW_V1 = ["", "/", "/nothing", "/nothing/", "/task", "/tasks/1/nothing", "/a/b/c/d"]
BELOW_AUTH = ["", "/", "/nothing", "/nothing/", "/login/x", "/me/tasks"]
BELOW_ENVELOPED = [
    "",
    "/",
    "/nothing",
    "/api",
    "/api/",
    "/api/u",
    "/api/u/nothing",
    "/api/v1/tasks",
    "/api/tasks",
]


def is_problem(reply: Reply) -> bool:
    body = reply.json()
    return (404, "not_found", "application/problem+json") == (
        body["status"],
        body["code"],
        reply.headers["content-type"],
    )


def is_envelope(reply: Reply) -> bool:
    error = reply.json()["error"]
    return ("NOT_FOUND", "Not found", reply.headers["x-request-id"]) == (
        error["code"],
        error["message"],
        error["request_id"],
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("base", "ends", "words"),
    [
        ("/api/v2", BELOW_V2, is_problem),
        ("/api/v1", BELOW_V1, lambda reply: reply.json() == CODED),
        ("/api/auth", BELOW_AUTH, lambda reply: reply.json() == DETAIL),
        ("/enveloped", BELOW_ENVELOPED, is_envelope),
        ("/enveloped/api/auth", BELOW_AUTH, is_envelope),
        (
            "/api",
            ["", "/", "/nothing", "/u/nothing", "/v3", "/v3/tasks/1/x/y"],
            lambda reply: reply.json() == DETAIL,
        ),
    ],
)
def test_an_address_that_is_no_endpoint_is_404_in_the_contracts_shape(
    any_service: Service, method: str, base: str, ends: list[str], words: Callable[[Reply], bool]
) -> None:
    user = User(any_service)
    for end in ends:
        for caller in (user, any_service.request):
            reply = caller(method, base + end)
            assert 404 == reply.status, end
            assert method == "HEAD" or words(reply), end


@pytest.mark.parametrize("path", ["/app", "/app/", "/app/x", "/mcp", "/mcp/", "/mcp/x", "/nothing"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_is_nobodys_is_404(any_service: Service, path: str, method: str) -> None:
    reply = User(any_service)(method, path)
    assert (404, DETAIL) == (reply.status, reply.json())
    assert "contract" not in reply.scope


@pytest.mark.parametrize("word", ["v1", "v2", "tasks", "auth"])
@pytest.mark.parametrize("base", ["", "/enveloped"])
@pytest.mark.parametrize(
    "end", ["/tasks", "/tasks/", "/tasks/7", "/tasks/7/", "/tasks/7/complete", "/tasks/7/complete/"]
)
def test_a_reserved_word_is_no_user_id(any_service: Service, word: str, base: str, end: str) -> None:
    user = User(any_service, word)
    for method in METHODS:
        reply = user(method, f"{base}/api/{word}{end}", body=b'{"title":"x"}')
        routed = reply.scope.get("route")
        assert routed is None or "{user_id}" not in routed.path, method


@pytest.mark.parametrize("name", ["v1", "app", "mcp", "docs"])
def test_other_words_of_the_service_are_user_ids_where_they_may_be(service: Service, name: str) -> None:
    user = User(service, name)
    if name != "v1":
        assert name == SCOPED.create(user)["user_id"]
    assert name == VERSIONED.create(user)["user_id"]


@pytest.mark.parametrize("base", ["/app", "/mcp", "/mcp/x", "/docs", "/health"])
def test_no_contract_is_mounted_on_what_is_kept(base: str) -> None:
    with pytest.raises(
        ValidationError, match=f"a base the server keeps for itself \\(/{base.split('/')[1]}\\)"
    ):
        Settings(contracts=f"flat@{base}")


@pytest.mark.parametrize(
    ("contracts", "paths"),
    [
        ("flat@/x", {"/x/nothing": "flat", "/x": "flat", "/nothing": None}),
        (
            "flat@/x,scoped@/x",
            {"/x/nothing": None, "/x/api/tasks/1/y": "flat", "/x/api/u/tasks/1/y": "scoped"},
        ),
        ("flat@/x,v2@/x/y", {"/x/nothing": "flat", "/x/y/nothing": "v2", "/x/y/api/v2/nothing": "v2"}),
        ("v2@/x,auth@/x", {"/x/nothing": "v2", "/x/api/auth/nothing": "auth", "/x/api/v2/nothing": "v2"}),
        ("auth@/x", {"/x/nothing": "auth", "/x/api/v1/nothing": "auth"}),
        ("flat", {"/api/v2/nothing": None, "/api/v1/nothing": None, "/api/auth/nothing": None}),
        ("versioned,flat@/api/v1", {"/api/v1/nothing": "versioned", "/api/v1/api/tasks/1/y": "flat"}),
    ],
)
def test_a_base_belongs_to_the_one_contract_that_is_mounted_there(
    sqlite_service_url: str, contracts: str, paths: dict[str, str | None]
) -> None:
    with serve(sqlite_service_url, contracts=contracts) as service:
        for path, name in paths.items():
            reply = service.get(path)
            found = reply.scope.get("contract")
            assert (404, name) == (reply.status, None if found is None else found.name), path
