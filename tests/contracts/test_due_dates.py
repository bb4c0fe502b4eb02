"""A due date is what it was in every dialect: all day, in its time zone, at its instant."""

from typing import Any

import pytest

from tests.contracts.client import User
from tests.contracts.spoken import SCOPED, VERSIONED, Spoken

TASKS = "/api/v2/tasks"
ALL_DAY = {"date": "2026-12-01"}
ZONED = {"at": "2026-12-01T08:30:00Z", "time_zone": "Europe/Berlin"}
PRECISE = {"at": "2026-12-01T08:30:00.123456Z", "time_zone": "Asia/Kathmandu"}
SHOWN = [
    (ALL_DAY, "2026-12-01T00:00:00Z"),
    (ALL_DAY, "2026-12-01"),
    (ALL_DAY, "2026-12-01T00:00"),
    (ALL_DAY, "2026-12-01T00:00:00.000Z"),
    (ALL_DAY, "2026-12-01T01:00:00+01:00"),
    (ZONED, "2026-12-01T08:30:00Z"),
    (ZONED, "2026-12-01 08:30:00.000000+00:00"),
    (ZONED, "2026-12-01T08:30"),
    (ZONED, "2026-12-01T09:30:00+01:00"),
    (ZONED, "2026-11-30T22:30:00-10:00"),
    (PRECISE, "2026-12-01T08:30:00.123456Z"),
]


def made(user: User, due: Any) -> dict[str, Any]:
    reply = user.post(TASKS, {"title": "x", "due": due})
    assert 201 == reply.status
    return dict(reply.json())


def read(user: User, task: dict[str, Any]) -> dict[str, Any]:
    return dict(user.get(f"{TASKS}/{task['id']}").json())


@pytest.fixture(params=[SCOPED, VERSIONED], ids=str)
def instants(request: pytest.FixtureRequest) -> Spoken:
    """Each contract that shows a due date as an instant."""
    found: Spoken = request.param
    return found


@pytest.mark.parametrize(("due", "sent"), SHOWN)
def test_the_instant_that_is_shown_sent_back_keeps_the_due_date(
    ada: User, instants: Spoken, due: Any, sent: str
) -> None:
    task = made(ada, due)
    address = f"{instants.tasks(ada)}/{task['number']}"

    same = ada.put(address, {"due_date": sent})
    assert (200, '"1"') == (same.status, same.etag)
    assert task == read(ada, task)

    changed = ada.put(address, {"title": "changed", "priority": "high", "due_date": sent})
    assert (200, '"2"') == (changed.status, changed.etag)
    assert (due, "changed") == (read(ada, task)["due"], read(ada, task)["title"])
    [written] = ada.get("/api/v2/changes?since=1").json()["items"][0]["changes"]
    assert {"title", "priority"} == written["fields"].keys()


def test_a_task_read_and_sent_back_whole_is_unchanged(ada: User, instants: Spoken) -> None:
    for due in (ALL_DAY, ZONED, PRECISE):
        task = made(ada, due)
        address = f"{instants.tasks(ada)}/{task['number']}"
        assert 200 == ada.put(address, ada.get(address).json()).status
        assert task == read(ada, task)


@pytest.mark.parametrize("due", [ALL_DAY, ZONED, None])
@pytest.mark.parametrize("sent", ["2026-12-02T00:00:00Z", "2026-12-01T08:30:00.000001Z"])
def test_another_instant_is_that_instant(ada: User, instants: Spoken, due: Any, sent: str) -> None:
    task = made(ada, due)
    ada.put(f"{instants.tasks(ada)}/{task['number']}", {"due_date": sent})
    assert {"at": sent, "time_zone": None} == read(ada, task)["due"]


@pytest.mark.parametrize("due", [ALL_DAY, ZONED, None])
def test_null_clears_the_due_date_with_all_of_it(ada: User, instants: Spoken, due: Any) -> None:
    task = made(ada, due)
    address = f"{instants.tasks(ada)}/{task['number']}"
    assert ada.put(address, {"due_date": None}).json()["due_date"] is None
    assert read(ada, task)["due"] is None
    ada.put(address, {"due_date": "2026-12-01T00:00:00Z"})
    assert {"at": "2026-12-01T00:00:00Z", "time_zone": None} == read(ada, task)["due"]


def test_the_condition_that_the_task_is_as_read_holds_beside_it(ada: User, instants: Spoken) -> None:
    task = made(ada, ALL_DAY)
    address = f"{instants.tasks(ada)}/{task['number']}"
    body = {"title": "y", "due_date": "2026-12-01"}
    assert 412 == ada.put(address, body, headers={"If-Match": '"9"'}).status
    assert 200 == ada.put(address, body, headers={"If-Match": '"1"'}).status
    assert ALL_DAY == read(ada, task)["due"]


def test_what_v2_sets_is_what_it_says(ada: User) -> None:
    task = made(ada, ALL_DAY)
    plain = {"at": "2026-12-01T00:00:00Z", "time_zone": None}
    assert plain == ada.patch(f"{TASKS}/{task['id']}", json={"due": plain}).json()["due"]


@pytest.mark.parametrize(
    ("at", "time_zone", "instant"),
    [
        ("2026-12-01T09:30:00", "Europe/Berlin", "2026-12-01T08:30:00Z"),
        ("2026-07-01T09:30", "Europe/Berlin", "2026-07-01T07:30:00Z"),
        ("2026-07-01 09:30:00.25", "Asia/Kathmandu", "2026-07-01T03:45:00.250000Z"),
        ("2026-07-01", "America/New_York", "2026-07-01T04:00:00Z"),
        # Twice on the clocks: the first of the two.
        ("2026-10-25T02:30:00", "Europe/Berlin", "2026-10-25T00:30:00Z"),
        ("2026-11-01T01:30:00", "America/New_York", "2026-11-01T05:30:00Z"),
        # With an offset it is what it says, whatever the zone's.
        ("2026-12-01T09:30:00Z", "Europe/Berlin", "2026-12-01T09:30:00Z"),
        ("2026-12-01T09:30:00-05:00", "Europe/Berlin", "2026-12-01T14:30:00Z"),
        ("2026-10-25T02:30:00+01:00", "Europe/Berlin", "2026-10-25T01:30:00Z"),
        ("2026-03-29T02:30:00+01:00", "Europe/Berlin", "2026-03-29T01:30:00Z"),
        # Without a zone it is UTC.
        ("2026-12-01T09:30:00", None, "2026-12-01T09:30:00Z"),
    ],
)
def test_without_an_offset_it_is_the_local_time_of_the_zone_beside_it(
    ada: User, at: str, time_zone: str | None, instant: str
) -> None:
    task = made(ada, {"at": at, "time_zone": time_zone})
    expected = {"at": instant, "time_zone": time_zone}
    assert expected == task["due"] == read(ada, task)["due"]

    moved = made(ada, None)
    assert (
        expected
        == ada.patch(f"{TASKS}/{moved['id']}", json={"due": {"time_zone": time_zone, "at": at}}).json()["due"]
    )


@pytest.mark.parametrize(
    ("at", "time_zone"),
    [
        ("2026-03-29T02:30:00", "Europe/Berlin"),
        ("2026-03-29T02:00:00", "Europe/Berlin"),
        ("2026-03-08T02:59:59.999999", "America/New_York"),
        ("2026-09-06", "America/Santiago"),
        ("2011-12-30T12:00:00", "Pacific/Apia"),
    ],
)
def test_a_local_time_that_the_clocks_skip_is_422(ada: User, at: str, time_zone: str) -> None:
    due = {"at": at, "time_zone": time_zone}
    batch = {"operations": [{"op": "create", "task": {"title": "x", "due": due}}]}
    for reply in (ada.post(TASKS, {"title": "x", "due": due}), ada.post("/api/v2/batch", batch)):
        assert 422 == reply.status
        [problem] = reply.json()["errors"]
        assert "at" == problem["loc"][-1]
        assert "Input should be a time that the clocks of the time zone show" == problem["msg"]
    assert [] == ada.get(TASKS).json()["items"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("due_before=2026-12-01T09:30:01&time_zone=Europe/Berlin", 1),
        ("due_before=2026-12-01T09:30:00&time_zone=Europe/Berlin", 0),
        ("due_after=2026-12-01T09:30:00&time_zone=Europe/Berlin", 1),
        ("due_after=2026-12-01T08:30:00", 1),
        ("due_after=2026-12-01T08:30:01", 0),
        ("due_after=2026-12-01T08:30:00Z&time_zone=Europe/Berlin", 1),
    ],
)
def test_a_bound_without_an_offset_is_local_beside_a_zone_too(ada: User, query: str, found: int) -> None:
    made(ada, ZONED)
    assert found == len(ada.get(f"{TASKS}?{query}").json()["items"])


def test_a_bound_that_the_clocks_skip_is_422(ada: User) -> None:
    reply = ada.get(f"{TASKS}?due_before=2026-03-29T02:30:00&time_zone=Europe/Berlin")
    assert (422, ["query", "due_before"]) == (reply.status, reply.json()["errors"][0]["loc"])
