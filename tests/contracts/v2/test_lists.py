"""``GET /api/v2/tasks``: selecting, ordering, paging."""

import itertools
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.contracts.v2.conftest import TASKS, Lister


def pages(ada: Lister, query: str, limit: int) -> list[list[str]]:
    """The titles of each page of a list."""
    found: list[list[str]] = []
    cursor = ""
    while True:
        page = ada.get(f"{TASKS}?{query}&limit={limit}{cursor}").json()
        found.append([task["title"] for task in page["items"]])
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


@pytest.fixture
def mixed(ada: Lister) -> list[dict[str, Any]]:
    """Tasks that differ in everything one can sort by, some without it and some alike."""
    dues = [None, {"date": "2026-12-01"}, {"at": "2026-11-30T12:00:00Z"}, {"date": "2026-12-01"}, None]
    priorities = ["low", None, "high", "medium", "low"]
    titles = ["pear", "Äpfel", "apple", "Zebra", "apple"]
    tasks = [
        ada.made(title, priority=priority, due=due)
        for title, priority, due in zip(titles, priorities, dues, strict=True)
    ]
    ada.changed(tasks[1], description="later")
    return tasks


SORTS = ["position", "created", "updated", "due", "priority", "title"]


@pytest.mark.parametrize("sort", [*SORTS, *(f"-{sort}" for sort in SORTS)])
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_of_every_order_make_up_the_list(
    ada: Lister, mixed: list[dict[str, Any]], sort: str, limit: int
) -> None:
    whole = ada.titles(f"?sort={sort}&limit=200")

    found = pages(ada, f"sort={sort}", limit)

    assert whole == list(itertools.chain.from_iterable(found))
    assert sorted(task["title"] for task in mixed) == sorted(whole)
    assert {limit} == {len(page) for page in found[:-1]}


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("priority", ["pear", "apple", "Zebra", "apple", "Äpfel"]),
        ("-priority", ["apple", "Zebra", "apple", "pear", "Äpfel"]),
        ("due", ["apple", "Äpfel", "Zebra", "pear", "apple"]),
        ("-due", ["Zebra", "Äpfel", "apple", "apple", "pear"]),
        ("title", ["apple", "apple", "pear", "Zebra", "Äpfel"]),
        ("-updated", ["Äpfel", "apple", "Zebra", "apple", "pear"]),
    ],
)
def test_what_lacks_the_key_comes_last_in_both_directions(
    ada: Lister, mixed: list[dict[str, Any]], sort: str, expected: list[str]
) -> None:
    assert expected == ada.titles(f"?sort={sort}")


def test_what_stays_is_met_once_while_others_write(ada: Lister, mixed: list[dict[str, Any]]) -> None:
    staying = [ada.made(f"staying {number}") for number in range(6)]
    met: list[str] = []
    cursor = ""
    for number in range(100):
        page = ada.get(f"{TASKS}?limit=2{cursor}").json()
        met += [task["title"] for task in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
        if number < 4:
            ada.deleted(mixed[number])
            ada.made(f"new {number}")
            ada.turned(mixed[4], "move", {"to": ("first", "last")[number % 2]})

    assert [task["title"] for task in staying] == [title for title in met if title.startswith("staying")]


def test_a_cursor_is_good_for_its_user_and_its_query_only(ada: Lister, bob: Lister) -> None:
    for user in (ada, bob):
        for title in "abc":
            user.made(title, priority="low")
    cursor = ada.get(f"{TASKS}?limit=1&priority=low").json()["next_cursor"]

    assert ["b", "c"] == ada.titles(f"?priority=low&cursor={cursor}")
    for user, query in (
        (bob, f"?limit=1&priority=low&cursor={cursor}"),
        (ada, f"?limit=1&cursor={cursor}"),
        (ada, f"?limit=1&priority=low&sort=title&cursor={cursor}"),
        (ada, f"?limit=1&priority=low&q=b&cursor={cursor}"),
    ):
        refused = user.get(TASKS + query)
        assert (400, "cursor_invalid") == (refused.status, refused.json()["code"])
    assert 400 == ada.get(f"/api/v2/trash?cursor={cursor}").status


def test_a_cursor_that_was_tampered_with_is_refused(ada: Lister) -> None:
    for title in "abc":
        ada.made(title)
    cursor = ada.get(f"{TASKS}?limit=1").json()["next_cursor"]
    sealed = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    changed = [
        urlsafe_b64encode(sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :])
        .rstrip(b"=")
        .decode()
        for place in range(len(sealed))
    ]

    for forged in (*changed, "", "x", cursor[:-4], cursor + "AAAA", "=" * 50, "A" * 20_000, quote("é€")):
        assert 400 == ada.get(f"{TASKS}?limit=1&cursor={forged}").status, forged


def test_a_cursor_outlives_a_restart(ada: Lister, lasting_url: str) -> None:
    from tests.contracts.client import serve

    for title in "ab":
        ada.made(title)
    cursor = ada.get(f"{TASKS}?limit=1").json()["next_cursor"]

    with serve(lasting_url) as another:
        elsewhere = another.get(f"{TASKS}?limit=1&cursor={cursor}", token=ada.token)

    assert ["b"] == [task["title"] for task in elsewhere.json()["items"]]


def test_filters_are_combined(ada: Lister) -> None:
    ada.made("Call Zoë", priority="high", tags=["home", "phone"])
    ada.made("call bank", priority="low", tags=["phone"], description="about zoë")
    ada.made("Write", tags=["home"], completed=True)

    for query, expected in {
        "status=pending": ["Call Zoë", "call bank"],
        "status=completed": ["Write"],
        "status=all": ["Call Zoë", "call bank", "Write"],
        "priority=high": ["Call Zoë"],
        "priority=high&priority=low": ["Call Zoë", "call bank"],
        "priority=high,low": ["Call Zoë", "call bank"],
        "tag=home": ["Call Zoë", "Write"],
        "tag=home&tag=phone": ["Call Zoë"],
        "tag=Home": [],
        "tag=hom": [],
        "q=ZO%C3%8B": ["Call Zoë", "call bank"],
        "q=zoe%CC%88+CALL": ["Call Zoë", "call bank"],
        "q=zo%C3%AB+bank": ["call bank"],
        "q=+": ["Call Zoë", "call bank", "Write"],
        "q=call&tag=phone&priority=low&status=pending": ["call bank"],
        "q=%25": [],
        "q=_": [],
    }.items():
        assert expected == ada.titles(f"?{query}"), query


DUES = {
    "day 1": {"date": "2026-12-01"},
    "day 2": {"date": "2026-12-02"},
    "noon 1": {"at": "2026-12-01T12:00:00Z"},
    "23:30 1": {"at": "2026-12-01T23:30:00Z"},
    "never": None,
}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("due_before=2026-12-01", []),
        ("due_before=2026-12-02", ["day 1", "noon 1", "23:30 1"]),
        ("due_after=2026-12-02", ["day 2"]),
        ("due_after=2026-12-01&due_before=2026-12-02", ["day 1", "noon 1", "23:30 1"]),
        ("due_before=2026-12-01T12:00:00Z", []),
        ("due_before=2026-12-01T12:00:01Z", ["noon 1"]),
        ("due_after=2026-12-01T12:00:00Z", ["day 1", "day 2", "noon 1", "23:30 1"]),
        # In Berlin the last half hour of the first day in UTC is the second.
        ("due_before=2026-12-02&time_zone=Europe/Berlin", ["day 1", "noon 1"]),
        ("due_after=2026-12-02&time_zone=Europe/Berlin", ["day 2", "23:30 1"]),
        ("due_after=2026-12-02T00:00:00%2B01:00&time_zone=Europe/Berlin", ["day 2", "23:30 1"]),
    ],
)
def test_due_dates_are_compared_as_days_and_as_moments(ada: Lister, query: str, expected: list[str]) -> None:
    for title, due in DUES.items():
        ada.made(title, due=due)

    assert expected == ada.titles(f"?{query}")


def _day(days: float) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def test_overdue_is_what_is_open_and_was_due(ada: Lister) -> None:
    hour = timedelta(hours=1)
    now = datetime.now(UTC)
    ada.made("an hour ago", due={"at": (now - hour).isoformat()})
    ada.made("in an hour", due={"at": (now + hour).isoformat()})
    ada.made("done", due={"at": (now - hour).isoformat()}, completed=True)
    ada.made("the other day", due={"date": _day(-2)})
    ada.made("the day after tomorrow", due={"date": _day(2)})
    ada.made("never")

    assert ["an hour ago", "the other day"] == ada.titles("?overdue=true")
    others = ["in an hour", "done", "the day after tomorrow", "never"]
    assert others == ada.titles("?overdue=false")


def test_a_day_is_over_where_the_user_is(service: Any) -> None:
    """At any moment it is another date in Kiribati (+14) than on Niue (-11)."""
    ahead, behind = Lister(service, zoneinfo="Pacific/Kiritimati"), Lister(service, zoneinfo="Pacific/Niue")
    day = (datetime.now(UTC) - timedelta(hours=11)).date().isoformat()
    for user in (ahead, behind):
        user.made("today on Niue", due={"date": day})

    assert ["today on Niue"] == ahead.titles("?overdue=true")
    assert [] == behind.titles("?overdue=true")
    assert ["today on Niue"] == behind.titles("?overdue=true&time_zone=Pacific/Kiritimati")
    assert [] == ahead.titles("?overdue=true&time_zone=Pacific/Niue")


@pytest.mark.parametrize(
    "query",
    [
        "status=open",
        "priority=urgent",
        "priority=low,urgent",
        "sort=rank",
        "limit=0",
        "limit=201",
        "limit=x",
        "due_before=tomorrow",
        "due_before=2026-13-01",
        "due_before=0001-01-01",
        "due_before=1733000000",
        "due_after=0001-01-01T00:00:01Z&time_zone=America/New_York",
        "time_zone=Europe/Nowhere",
        "time_zone=../../etc/passwd",
        "q=" + "a+" * 11,
        "q=%00",
        "tag=",
        "status=all&status=all",
        "overdue=perhaps",
        "&".join(["tag=a"] * 21),
    ],
)
def test_a_query_that_means_nothing_is_refused(ada: Lister, query: str) -> None:
    refused = ada.get(f"{TASKS}?{query}")

    assert (422, "invalid") == (refused.status, refused.json()["code"])


def test_an_empty_list_is_a_page_too(ada: Lister) -> None:
    assert {"items": [], "next_cursor": None, "revision": 0} == ada.get(TASKS).json()

    ada.made()
    assert {"items": [], "next_cursor": None, "revision": 1} == ada.get(f"{TASKS}?q=none").json()
