"""``donebook usage`` and what ``donebook maintain`` counts anew."""

import json

import pytest

from tests.cli.commands import CommandLine
from tests.contracts.client import User, serve


def test_it_lists_who_holds_the_most_and_the_quotas(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(database_url) as service:
        ann, bob = User(service), User(service)
        ann.post("/api/v2/tasks", {"title": "one"})
        for title in ("one", "two"):
            bob.post("/api/v2/tasks", {"title": title}, headers={"Idempotency-Key": title})
    command = CommandLine(monkeypatch, DATABASE_URL=database_url, QUOTA_TASKS="7")

    columns, *users, quota = command.lines("usage")

    assert "USER\tTASKS\tHISTORY\tANSWERS" == columns
    assert [[bob.id, "2", "410"], [ann.id, "1", "205"]] == [each.split("\t")[:3] for each in users]
    assert "(quota)\t7\t268435456\t67108864" == quota
    assert 1 == len(command.lines("usage", "--limit", "1")[1:-1])
    assert "mended the counters of 0 users" in command.lines("maintain")[0]


def test_a_program_can_read_it(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(database_url) as service:
        ann = User(service)
        ann.post("/api/v2/tasks", {"title": "one"})
    command = CommandLine(monkeypatch, DATABASE_URL=database_url, QUOTA_TASKS="7")

    told = json.loads("\n".join(command.lines("usage", "--json")))

    assert {
        "users": [{"user": ann.id, "tasks": 1, "history_bytes": 205, "answer_bytes": 0}],
        "quota": {"tasks": 7, "history_bytes": 268435456, "answer_bytes": 67108864},
    } == told
