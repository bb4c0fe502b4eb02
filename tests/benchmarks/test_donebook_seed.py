"""The rows the benchmark seeds are rows the product's own use cases would have left."""

from itertools import pairwise

from benchmarks.contenders.donebook import Seed
from benchmarks.population import Group, Population

SEED = Seed(Population((Group("some", users=3, tasks=12),)))
TASKS, VERSIONS, SPACES = list(SEED.tasks()), list(SEED.versions()), list(SEED.spaces())


def test_an_owner_s_revisions_have_no_gap_and_end_at_the_owner_s() -> None:
    for space in SPACES:
        taken = [version["revision"] for version in VERSIONS if version["owner_id"] == space["id"]]

        assert list(range(1, space["revision"] + 1)) == taken


def test_a_task_stands_at_its_newest_version() -> None:
    newest = {version["task_id"]: version for version in VERSIONS}

    for task in TASKS:
        version = newest[task["id"]]
        assert version == {**version, **{name: task[name] for name in version if name in task}}


def test_each_version_names_the_one_before() -> None:
    for task in TASKS:
        versions = [version for version in VERSIONS if version["task_id"] == task["id"]]

        assert versions[0]["previous_revision"] is None
        for before, after in pairwise(versions):
            assert before["revision"] == after["previous_revision"]


def test_a_client_that_synchronises_finds_ten_changed_tasks() -> None:
    for account in SEED.accounts(by_uuid=False)["some"]:
        changed = [
            task for task in TASKS if task["owner_id"] == account.id and task["revision"] > int(account.since)
        ]

        assert len(changed) == 10
