"""Reading a body takes bounded work, whatever is wrong with it."""

import json
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter

from donebook.contracts.v2.batch import GivenBatch
from donebook.contracts.v2.fields import GivenChange, GivenTask
from donebook.errors import Invalid
from donebook.http.requests import MOST_PROBLEMS, MOST_VALUES, parse_json

MEGABYTE = 1_000_000
Body = TypeAdapter[Any]
TASK: Body = TypeAdapter(GivenTask)
CHANGE: Body = TypeAdapter(GivenChange)
BATCH: Body = TypeAdapter(GivenBatch)


def repeated(item: bytes, size: int = MEGABYTE) -> bytes:
    return b"[" + b",".join([item] * (size // (len(item) + 1))) + b"]"


def fields(number: int) -> bytes:
    return b",".join(b'"field %d":1' % index for index in range(number))


def refusal(kind: Body, body: bytes) -> Invalid:
    with pytest.raises(Invalid) as refused:
        parse_json(kind, body)
    return refused.value


def kinds(failure: Invalid) -> list[str]:
    return [each["type"] for each in failure.problems]


HOSTILE: dict[str, tuple[Body, bytes]] = {
    "unknown fields": (TASK, b"{" + fields(60_000) + b"}"),
    "unknown fields of a batch": (BATCH, b"{" + fields(60_000) + b"}"),
    "unknown fields of its tasks": (
        BATCH,
        b'{"operations":' + repeated(b'{"op":"create","task":{' + fields(700) + b"}}") + b"}",
    ),
    "empty operations": (BATCH, b'{"operations":' + repeated(b"{}") + b"}"),
    "tags": (CHANGE, b'{"tags":' + repeated(b"1") + b"}"),
    "arrays": (TASK, b'{"title":"x","other":' + repeated(b"[]") + b"}"),
    "strings": (TASK, b'{"title":"x","other":' + repeated(b'"\\""') + b"}"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_megabyte_of_values_is_refused_before_it_is_read(name: str) -> None:
    kind, body = HOSTILE[name]
    tracemalloc.start()
    try:
        assert ["too_many_values"] == kinds(refusal(kind, body))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Read, it is five to fifty times as much.
    assert peak < 5 * len(body)


def batch(titles: Callable[[int], str], operations: int = 100) -> bytes:
    made = [
        {
            "op": "create",
            "task": {
                "title": titles(index),
                "description": "[{," * 3000,
                "completed": False,
                "priority": "high",
                "due": {"at": "2026-12-01T08:30:00Z", "time_zone": "Europe/Berlin"},
                "tags": [f"tag {number}" for number in range(20)],
            },
        }
        for index in range(operations)
    ]
    return json.dumps({"operations": made}).encode()


def test_the_largest_batch_is_read_whatever_its_texts_are() -> None:
    body = batch(lambda index: f'Tea, "{index}" \\ [{{')
    assert body.count(b",") > MOST_VALUES
    parsed = parse_json(BATCH, body)
    assert 'Tea, "99" \\ [{' == parsed["operations"][99]["task"]["title"]


def test_as_many_values_as_allowed_are_read() -> None:
    tags = {"title": "x", "tags": [], "other": [0] * (MOST_VALUES - 10)}
    assert ["extra_forbidden"] == kinds(refusal(TASK, json.dumps(tags).encode()))


def test_fifty_broken_rules_are_told() -> None:
    found = kinds(refusal(TASK, b'{"title":"x",' + fields(200) + b"}"))
    assert ["extra_forbidden"] * MOST_PROBLEMS == found


def test_of_more_than_can_be_told_in_time_the_number_is() -> None:
    failure = refusal(TASK, b'{"title":"x",' + fields(9000) + b"}")
    assert [{"type": "too_many_problems", "loc": ("body",), "msg": "9000 rules are broken"}] == list(
        failure.problems
    )
