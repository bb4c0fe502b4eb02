"""``/api/v2/trash``: what was deleted, until it is deleted for good."""

from typing import Any

import pytest

from tests.contracts.v2.conftest import Lister


def trash(user: Lister, query: str = "") -> dict[str, Any]:
    page: dict[str, Any] = user.get(f"/api/v2/trash{query}").json()
    return page


def test_deleting_moves_to_the_trash_in_every_contract(ada: Lister) -> None:
    tasks = [ada.made(title) for title in "abcde"]
    for task, target in zip(
        tasks,
        (
            "/api/v2/tasks/{id}",
            "/api/v1/tasks/{number}",
            "/api/tasks/{number}",
            "/api/{user}/tasks/{number}",
            "/enveloped/api/{user}/tasks/{id}",
        ),
        strict=True,
    ):
        assert 204 == ada.delete(target.format(user=ada.path, **task)).status

    found = trash(ada)

    assert ["e", "d", "c", "b", "a"] == [task["title"] for task in found["items"]]
    assert all(task["deleted_at"] is not None for task in found["items"])
    assert (10, None) == (found["revision"], found["next_cursor"])


def test_the_trash_has_pages(ada: Lister) -> None:
    for title in "abc":
        ada.deleted(ada.made(title))

    first = trash(ada, "?limit=2")
    second = trash(ada, f"?limit=2&cursor={first['next_cursor']}")

    assert ["c", "b", "a"] == [task["title"] for task in [*first["items"], *second["items"]]]
    assert second["next_cursor"] is None
    assert 400 == ada.get(f"/api/v2/tasks?cursor={first['next_cursor']}").status


def test_erasing_is_for_good_and_leaves_nothing_of_the_content(ada: Lister, service: Any) -> None:
    secret = f"{ada.text}secret"
    task = ada.made(secret, description=secret, tags=[secret[:50]], due={"date": "2026-12-01"})
    ada.changed(task, title=f"{secret} again")
    ada.deleted(task)
    kept = ada.made("kept")

    assert 204 == ada.delete(f"/api/v2/trash/{task['id']}").status

    assert [] == trash(ada)["items"]
    assert 404 == ada.delete(f"/api/v2/trash/{task['id']}").status
    assert 404 == ada("POST", f"/api/v2/tasks/{task['id']}/restore").status
    everything = [
        row
        for table in ("tasks", "task_versions", "tombstones")
        for row in service.rows(f"SELECT * FROM {table} WHERE owner_id = ?", ada.id)
    ]
    assert len(everything) == 1 + 5 + 1
    assert secret not in repr(everything)
    assert kept == ada.read(kept)


def test_history_still_says_that_something_was_there(ada: Lister) -> None:
    task = ada.made()
    ada.deleted(task)
    ada.delete(f"/api/v2/trash/{task['id']}")

    told = [each["changes"][0] for each in ada.get("/api/v2/changes").json()["items"]]

    assert ["deleted", "deleted", "created"] == [each["action"] for each in told]
    assert {(task["id"], task["number"])} == {(each["id"], each["number"]) for each in told}
    assert [{}, {}, {}] == [each["fields"] for each in told]


def test_only_what_is_in_the_trash_can_be_erased(ada: Lister, bob: Lister) -> None:
    task, theirs = ada.made(), bob.made()
    bob.deleted(theirs)

    for each in (task, theirs):
        assert 404 == ada.delete(f"/api/v2/trash/{each['id']}").status
    assert task == ada.read(task)
    assert 1 == len(trash(bob)["items"])


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=x&cursor=y"])
def test_a_query_that_means_nothing_is_refused(ada: Lister, query: str) -> None:
    assert 422 == ada.get(f"/api/v2/trash?{query}").status
