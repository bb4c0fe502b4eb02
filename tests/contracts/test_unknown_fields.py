"""What the README says of fields that a contract does not know is what the contract does."""

import re
from collections.abc import Iterator

import pytest

from tests.contracts.client import Service, User, serve
from tests.contracts.conformance import conforms_to
from tests.process.program import ROOT

TOLD = dict(
    re.findall(
        r"^\| `(\w+)` \|.*\| (refused|ignored)[^|]*\|$", (ROOT / "README.md").read_text(), re.MULTILINE
    )
)
ACCOUNT = {"email": "ada@example.com", "password": "Correct-horse-7"}


@pytest.fixture
def service(database_url: str) -> Iterator[Service]:
    """On a database of its own, where no other test's attempts to sign up count."""
    with serve(database_url, check=conforms_to()) as service:
        yield service


@pytest.mark.parametrize("contract", ["v2", "versioned", "flat", "scoped", "enveloped", "auth"])
def test_an_unknown_field_is_treated_as_the_readme_says(service: Service, contract: str) -> None:
    user = User(service)
    paths = {
        "v2": "/api/v2/tasks",
        "versioned": "/api/v1/tasks",
        "flat": "/api/tasks",
        "scoped": f"/api/{user.path}/tasks",
        "enveloped": f"/enveloped/api/{user.path}/tasks",
        "auth": "/api/auth/signup",
    }
    body = ACCOUNT if contract == "auth" else {"title": "Buy groceries"}
    reply = user.post(paths[contract], body | {"colour": "red"})
    assert {"refused": 422, "ignored": 201}[TOLD[contract]] == reply.status
