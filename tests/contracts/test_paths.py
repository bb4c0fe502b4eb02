"""A path is judged as it was sent, so that a proxy with a rule on a path cannot be walked around."""

import re
from collections.abc import Callable

import pytest

from tests.contracts.client import Service, User
from tests.contracts.conftest import NewUser
from tests.contracts.spoken import Spoken

PROTECTED = ["/api/v1/tasks", "/api/v2/tasks", "/api/v2/events", "/api/tasks", "/api/auth/me"]
"""Paths that a rule of a proxy may name."""

DISGUISES: dict[str, Callable[[str], str]] = {
    "an encoded slash": lambda path: path[0] + path[1:].replace("/", "%2F"),
    "an encoded slash, in lower case": lambda path: path[0] + path[1:].replace("/", "%2f", 1),
    "another encoded slash": lambda path: "%2F".join(path.rsplit("/", 1)),
    "a slash in front": lambda path: "/%2F" + path[1:],
    "an encoded backslash": lambda path: "%5C".join(path.rsplit("/", 1)),
    "a backslash": lambda path: "\\".join(path.rsplit("/", 1)),
    "an encoded letter": lambda path: path[:-1] + f"%{ord(path[-1]):x}",
    "an encoded word": lambda path: "/api/" + re.sub(r"[a-z0-9]", _encode, path.removeprefix("/api/")),
    "twice encoded": lambda path: path[:-1] + f"%25{ord(path[-1]):x}",
    "a dot": lambda path: "/." + path,
    "a step": lambda path: "/api/open/.." + path.removeprefix("/api"),
    "an encoded step": lambda path: "/api/open/%2e%2E" + path.removeprefix("/api"),
    "a step with a parameter": lambda path: "/api/open/..;" + path.removeprefix("/api"),
    "a parameter": lambda path: path + ";a=b",
    "an encoded parameter": lambda path: path + "%3Ba=b",
    "two slashes": lambda path: "/" + path,
    "two slashes within": lambda path: "//".join(path.rsplit("/", 1)),
    "an encoded end": lambda path: path + "%00",
    "encoded space": lambda path: path + "%20",
    "an encoded query": lambda path: path + "%3Fa=b",
}


def _encode(match: re.Match[str]) -> str:
    return f"%{ord(match[0]):02x}"


@pytest.mark.parametrize("path", PROTECTED)
@pytest.mark.parametrize("disguise", DISGUISES)
def test_a_disguised_path_leads_nowhere(ada: User, path: str, disguise: str) -> None:
    reply = ada.get(DISGUISES[disguise](path))

    assert 404 == reply.status


@pytest.mark.parametrize("slash", ["%2F", "%2f", "%5C", "%5c", "\\"])
def test_an_encoded_slash_does_not_lead_to_a_task(ada: User, spoken: Spoken, slash: str) -> None:
    task = spoken.create(ada)
    before = ada.stored()
    path = spoken.task(ada, task)
    for at in range(1, path.count("/")):
        parts = path.split("/")
        target = "/".join(parts[: at + 1]) + slash + "/".join(parts[at + 1 :])
        for method in ("GET", "PUT", "DELETE"):
            reply = ada(method, target, **({"json": {"title": "x"}} if method == "PUT" else {}))
            assert 404 == reply.status, target
    assert before == ada.stored()


@pytest.mark.parametrize("step", [".", "..", "%2e", "%2E%2e", ".%2e", "..;", "..;a", "%2e%2e%3b"])
def test_a_step_is_no_user_and_no_task(ada: User, spoken: Spoken, step: str) -> None:
    assert 404 == ada.get(f"{spoken.tasks(ada)}/{step}").status
    if "{user_id}" in spoken.pattern:
        assert 404 == ada.get(spoken.pattern.format(user_id=step)).status


@pytest.mark.parametrize(
    "path",
    [
        "/%64ocs",
        "/docs%2F",
        "/health%2Fready",
        "/%68ealth",
        "/openapi%2ejson",
        "/%2Fdocs",
        "/%6Dcp",
        "/%61pp",
    ],
)
def test_a_disguised_page_is_not_found(service: Service, path: str) -> None:
    reply = service.get(path)

    assert (404, {"detail": "Not Found"}) == (reply.status, reply.json())


@pytest.mark.parametrize("user_id", ["a b", "a@b.example", "ä", "100%", "a;b", "..a", "a.", "%2F", "-", "~"])
def test_a_user_id_is_written_in_a_path_as_urls_have_it(
    new_user: NewUser, spoken: Spoken, user_id: str
) -> None:
    user = new_user(user_id)
    task = spoken.create(user)

    assert task == user.get(spoken.task(user, task)).json()


def test_a_disguised_log_in_is_no_attempt(service: Service) -> None:
    for _ in range(8):
        reply = service.request("POST", "/api/%61uth/login", json={"email": "a@b.example", "password": "x"})
        assert 404 == reply.status
        assert "ratelimit" not in reply.headers
