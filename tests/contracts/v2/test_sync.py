"""``GET /api/v2/sync``: what changed since a revision."""

from typing import Any

import pytest

from tests.contracts.v2.conftest import TASKS, Lister


def sync(user: Lister, query: str = "") -> dict[str, Any]:
    reply = user.get(f"/api/v2/sync{query}")
    assert 200 == reply.status, reply.body
    delta: dict[str, Any] = reply.json()
    return delta


def titles(delta: dict[str, Any]) -> list[str]:
    return [task["title"] for task in delta["tasks"]]


def batch(user: Lister, *names: str) -> list[str]:
    operations = [{"op": "create", "task": {"title": name}} for name in names]
    results = user.post("/api/v2/batch", {"operations": operations}).json()["results"]
    return [task["id"] for task in results]


def test_without_since_it_is_everything_and_nothing_deleted(ada: Lister) -> None:
    a, _ = ada.made("a"), ada.made("b")
    ada.deleted(a)

    delta = sync(ada)

    assert (["b"], [], 3, False) == (titles(delta), delta["deleted"], delta["revision"], delta["more"])
    assert delta == sync(ada, "?since=0")


def test_a_user_with_nothing_is_at_revision_0(ada: Lister) -> None:
    assert {"tasks": [], "deleted": [], "revision": 0, "more": False} == sync(ada)


def test_since_is_what_was_made_changed_or_deleted_after_it(ada: Lister) -> None:
    a, b, c = (ada.made(title) for title in "abc")
    ada.changed(b, title="B")
    ada.deleted(c)

    delta = sync(ada, "?since=3")

    assert [ada.read(b)] == delta["tasks"]
    assert [{"id": c["id"], "revision": 5}] == delta["deleted"]
    assert (5, False) == (delta["revision"], delta["more"])
    assert {"tasks": [], "deleted": [], "revision": 5, "more": False} == sync(ada, "?since=5")
    ada.turned(c, "restore")
    assert ["c"] == titles(sync(ada, "?since=5"))
    assert ["a", "B", "c"] == titles(sync(ada))
    assert a == sync(ada)["tasks"][0]


def test_what_is_deleted_for_good_is_told_again(ada: Lister) -> None:
    a = ada.made("a")
    ada.deleted(a)
    ada.delete(f"/api/v2/trash/{a['id']}")

    for since in (1, 2):
        assert [{"id": a["id"], "revision": 3}] == sync(ada, f"?since={since}")["deleted"]
    assert ([], 3) == (sync(ada, "?since=3")["deleted"], sync(ada)["revision"])


def test_pages_go_from_revision_to_revision(ada: Lister) -> None:
    for title in "abcde":
        ada.made(title)

    first = sync(ada, "?limit=2")
    second = sync(ada, f"?limit=2&since={first['revision']}")
    third = sync(ada, f"?limit=2&since={second['revision']}")

    assert [["a", "b"], ["c", "d"], ["e"]] == [titles(page) for page in (first, second, third)]
    assert [(2, True), (4, True), (5, False)] == [
        (page["revision"], page["more"]) for page in (first, second, third)
    ]


def test_a_page_never_ends_within_a_revision(ada: Lister) -> None:
    ada.made("a")
    batch(ada, *"bcdef")
    ada.made("g")

    pages = [sync(ada, "?limit=3")]
    while pages[-1]["more"]:
        pages.append(sync(ada, f"?limit=3&since={pages[-1]['revision']}"))

    assert [["a"], ["b", "c", "d", "e", "f"], ["g"]] == [titles(page) for page in pages]
    assert [1, 2, 3] == [page["revision"] for page in pages]


def test_a_batch_of_a_hundred_is_one_page_of_any_limit(ada: Lister) -> None:
    ids = batch(ada, *(f"{number}" for number in range(100)))
    ada.post(
        "/api/v2/batch",
        {"operations": [{"op": "delete" if n % 2 else "complete", "id": ids[n]} for n in range(100)]},
    )

    delta = sync(ada, "?limit=10&since=1")

    assert ({2}, 50, 50) == (
        {each["revision"] for each in [*delta["tasks"], *delta["deleted"]]},
        len(delta["tasks"]),
        len(delta["deleted"]),
    )
    assert (2, False) == (delta["revision"], delta["more"])


def test_a_task_that_changes_between_pages_is_met_at_its_new_revision(ada: Lister) -> None:
    a, b, _ = (ada.made(title) for title in "abc")

    first = sync(ada, "?limit=1")
    ada.changed(b, title="B")
    ada.deleted(a)
    pages = [first]
    while pages[-1]["more"]:
        pages.append(sync(ada, f"?limit=1&since={pages[-1]['revision']}"))

    assert [["a"], ["c"], ["B"], []] == [titles(page) for page in pages]
    assert [a["id"]] == [gone["id"] for gone in pages[-1]["deleted"]]


def test_a_revision_from_the_future_is_refused(ada: Lister) -> None:
    ada.made()

    refused = ada.get("/api/v2/sync?since=2")

    assert (400, "revision_ahead", 1) == (
        refused.status, refused.json()["code"], refused.json()["revision"]
    )  # fmt: skip


@pytest.mark.parametrize("query", ["since=-1", "since=x", "limit=0", "limit=1001", f"since={2**63}"])
def test_a_query_that_means_nothing_is_refused(ada: Lister, query: str) -> None:
    assert 422 == ada.get(f"/api/v2/sync?{query}").status


def test_other_users_are_another_world(ada: Lister, bob: Lister) -> None:
    ada.made("a")
    bob.made("b")
    bob.deleted(bob.made("c"))

    assert (["a"], 1) == (titles(sync(ada)), sync(ada)["revision"])
    assert [] == sync(ada, "?since=1")["tasks"]
    assert 400 == ada.get("/api/v2/sync?since=2").status


def test_frozen_contracts_write_to_the_same_ledger(ada: Lister) -> None:
    made = ada.post("/api/tasks", {"title": "flat"}).json()
    ada.patch(f"/api/v1/tasks/{made['id']}/complete")
    ada.post(f"/enveloped/api/{ada.path}/tasks", {"title": "enveloped"})
    ada.delete(f"/api/{ada.path}/tasks/{made['id']}")

    delta = sync(ada, "?since=1")

    assert (["enveloped"], [4], 4) == (
        titles(delta), [each["revision"] for each in delta["deleted"]], delta["revision"]
    )  # fmt: skip
    assert ["enveloped"] == [task["title"] for task in ada.get(TASKS).json()["items"]]
