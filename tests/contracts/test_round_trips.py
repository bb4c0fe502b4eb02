"""What is written through one contract is what every other one shows, and what none of them loses."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contracts.client import Service, User

Facts = dict[str, Any]

CHARACTERS = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
OFFSETS = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1000, 1, 1), datetime(9998, 12, 31), timezones=OFFSETS)  # noqa: DTZ001
PRIORITIES = st.sampled_from(["low", "medium", "high"])


def titles(longest: int) -> st.SearchStrategy[str]:
    # White space at the ends would be dropped.
    return st.text(CHARACTERS, max_size=longest - 2).map("<{}>".format)


def descriptions(longest: int) -> st.SearchStrategy[str]:
    return st.text(CHARACTERS, max_size=min(longest, 300)) | st.just("ß" * longest)


@dataclass(frozen=True)
class Dialect:
    """How a contract takes and shows a task; ``created`` and ``edited`` are the fields that it takes."""

    path: Callable[[User], str]
    created: dict[str, st.SearchStrategy[Any]]
    edited: dict[str, st.SearchStrategy[Any]]
    names: dict[str, str]
    listed: Callable[[Any], list[Facts]]
    method: str = "PUT"
    key: str = "number"

    def body(self, facts: Facts) -> Facts:
        """The facts in the contract's words."""
        return {self.names.get(name, name): self._written(value) for name, value in facts.items()}

    def _written(self, value: Any) -> Any:
        if not isinstance(value, datetime):
            return value
        return {"at": value.isoformat()} if self.method == "PATCH" else value.isoformat()

    def facts(self, shown: Facts) -> Facts:
        """What it shows of the facts."""
        found = {name: shown.get(self.names.get(name, name)) for name in self.created | self.edited}
        due = found.get("due")
        if isinstance(due, dict):
            due = due["at"]
        return found | ({} if due is None else {"due": datetime.fromisoformat(due)})


def texts(title: int, description: int) -> dict[str, st.SearchStrategy[Any]]:
    return {"title": titles(title), "description": descriptions(description)}


COMPLETED = {"completed": st.booleans()}
NULLABLE = {"priority": PRIORITIES | st.none(), "due": MOMENTS | st.none()}
CLEARED = {"description": descriptions(1000) | st.none()}
TAGS = {"tags": st.lists(titles(50), max_size=3, unique=True)}

DIALECTS = {
    "scoped": Dialect(
        lambda user: f"/api/{user.id}/tasks",
        texts(200, 1000) | COMPLETED | NULLABLE,
        texts(200, 1000) | COMPLETED | NULLABLE | CLEARED,
        {"due": "due_date"},
        list,
    ),
    "versioned": Dialect(
        lambda user: "/api/v1/tasks",
        texts(200, 10_000) | COMPLETED | NULLABLE,
        texts(200, 10_000) | COMPLETED | NULLABLE | CLEARED,
        {"due": "due_date"},
        list,
    ),
    "flat": Dialect(
        lambda user: "/api/tasks",
        texts(200, 2000),
        texts(200, 2000),
        {},
        lambda body: list(body["items"]),
    ),
    "enveloped": Dialect(
        lambda user: f"/enveloped/api/{user.id}/tasks",
        texts(500, 10_000),
        texts(500, 10_000) | COMPLETED | CLEARED,
        {"completed": "is_completed"},
        lambda body: list(body["data"]),
        key="id",
    ),
    "v2": Dialect(
        lambda user: "/api/v2/tasks",
        texts(500, 10_000) | COMPLETED | NULLABLE | TAGS,
        texts(500, 10_000) | COMPLETED | NULLABLE | CLEARED | TAGS,
        {},
        lambda body: list(body["items"]),
        method="PATCH",
        key="id",
    ),
}
BLANK: Facts = {"description": None, "completed": False, "priority": None, "due": None, "tags": []}

creations = st.sampled_from(sorted(DIALECTS)).flatmap(
    lambda name: st.tuples(
        st.just(name),
        st.fixed_dictionaries(
            {"title": DIALECTS[name].created["title"]},
            optional={key: each for key, each in DIALECTS[name].created.items() if key != "title"},
        ),
    )
)
edits = st.sampled_from(sorted(DIALECTS)).flatmap(
    lambda name: st.tuples(st.just(name), st.fixed_dictionaries({}, optional=DIALECTS[name].edited))
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(creation=creations, changes=st.lists(edits, max_size=3))
def test_what_one_contract_writes_every_contract_shows(
    service: Service, creation: tuple[str, Facts], changes: list[tuple[str, Facts]]
) -> None:
    user = User(service)
    name, given = creation
    created = user.post(DIALECTS[name].path(user), DIALECTS[name].body(given))
    assert 201 == created.status, created
    [task] = user.get("/api/v2/tasks").json()["items"]
    for contract, fields in changes:
        dialect = DIALECTS[contract]
        target = f"{dialect.path(user)}/{task[dialect.key]}"
        assert 200 == user(dialect.method, target, json=dialect.body(fields)).status
        given = given | fields

    expected = {
        key: value.astimezone(UTC) if isinstance(value, datetime) else value
        for key, value in (BLANK | given).items()
    }
    for dialect in DIALECTS.values():
        [listed] = dialect.listed(user.get(dialect.path(user)).json())
        assert listed == user.get(f"{dialect.path(user)}/{task[dialect.key]}").json()
        shown = dialect.facts(listed)
        assert {key: expected[key] for key in shown} == shown
