"""Another user's task is a missing one, to the byte; and these tests see it when it is not."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from donebook.storage.statement import CompiledStatement, Statement, Values
from tests.contracts.client import Reply, Service, User, serve
from tests.contracts.spoken import TASK_CONTRACTS, Spoken

# The row that a statement locks is the owner's own to begin with, and nothing of it is shown.
OWNER_PREDICATE = re.compile(
    r"(?:\b\w+\.owner_id|\b(?:users|spaces)\.id) = (?:\?|\$\d+(?:::\w+)*+)(?! FOR NO KEY UPDATE)"
)

CONDITIONS: list[dict[str, str]] = [
    {},
    {"If-Match": "*"},
    {"If-Match": "{tag}"},
    {"If-Match": '"1", {tag}'},
    {"If-Match": '"1"'},
    {"If-None-Match": "*"},
    {"If-None-Match": "{tag}"},
]
"""On the tag that the task really has, too."""

QUERIES: dict[str, list[str]] = {
    "scoped": [
        "",
        "?status=pending",
        "?status=completed",
        "?search=ours",
        "?search=his",
        "?search=ours&limit=5",
        "?limit=1",
        "?offset=1000",
        *(f"?sort={sort}" for sort in ("updated", "title", "due_date", "priority")),
    ],
    "versioned": ["", "?completed=false", "?completed=true", "?priority=high"],
    "flat": ["", "?status=pending", "?status=completed"],
    "enveloped": [""],
}

NO_OWNER = re.compile(
    "allot_number|create_task_(alone|step)|provision_user|found_space|schema_|find_erased|revocation|notify"
    "|encoding"
)
"""Statements that look for nothing of a user's; the inserts among them carry the owner as a value."""

SECOND_WALL = re.compile(
    r"append_task_version|edit_task_step|current_task\[(id|uuid),any|current_task\[id,live,EnvelopedTask"
)
"""Steps of a transaction, each of which acts on what another one, with its own predicate, has found."""

ADMITS = "admission"
"""It tells whether a user may come in, and shows nobody's tasks; the tests of revocations hold it."""

COUNTS = ("raise_revision", 0)
"""It counts the bytes that a revision added, and shows no task; the recount of `tests.ledger` holds it."""

LOOKS_AGAIN = ("edit_task_alone", 2)
"""It compares the owner's revision of two moments: with a wrong one it takes another look, no more."""


def seen(reply: Reply) -> tuple[int, list[tuple[str, str]], bytes]:
    """The reply without what is the request's own, and the time."""
    headers = sorted((name, value) for name, value in reply.headers.items() if name != "x-request-id")
    body = reply.body
    if "enveloped" in reply.scope["path"]:
        body = re.sub(rb'"(timestamp|request_id)":"[^"]*"', rb'"\1":""', body)
    return reply.status, headers, body


def leaks(spoken: Spoken, ada: User, bob: User) -> Iterator[str]:
    """Try whatever may show or touch a task of Bob's as Ada, and say what did."""
    bob.get(spoken.tasks(bob))
    yield from leaks_in_lists(spoken, ada, bob)
    yield from leaks_in_tasks(spoken, ada, bob)


def leaks_in_tasks(spoken: Spoken, ada: User, bob: User) -> Iterator[str]:
    """His must be as if they were missing, and she must not change them."""
    own = make_tasks(spoken, ada, "hers, ours")
    theirs = make_tasks(spoken, bob, "his, ours")
    stored = bob.stored()
    foreign = f"{spoken.tasks(ada)}/{theirs['id']}"
    tag = bob.get(spoken.task(bob, theirs)).etag
    for condition in ({name: value.format(tag=tag) for name, value in each.items()} for each in CONDITIONS):
        for call, absent in zip(spoken.calls(foreign), spoken.calls(spoken.missing(ada)), strict=True):
            found, missing = (
                ada(method, target, headers=condition, **({} if body is None else {"json": body}))
                for method, target, body in (call, absent)
            )
            if seen(found) != seen(missing) or missing.status != 404:
                yield f"{call[0]} {condition}: {found.status}, missing {missing.status}"
    yield from leaks_in_writes(spoken, ada, own)
    if stored["tasks"][1:] != bob.stored()["tasks"][1:]:
        yield "his task has changed"
    if stored["spaces"][1:] != bob.stored()["spaces"][1:]:
        yield "his revision has changed"


def make_tasks(spoken: Spoken, user: User, title: str) -> dict[str, Any]:
    """Make a complete task and an open one, which is returned."""
    done = spoken.create(user, title=title, priority="high")
    user.patch(f"{spoken.task(user, done)}/complete")
    return spoken.create(user, title=title, priority="high")


def leaks_in_lists(spoken: Spoken, ada: User, bob: User) -> Iterator[str]:
    """Hers, empty or not, must not change with what he writes."""
    lists = [spoken.tasks(ada) + query for query in QUERIES[spoken.name]]
    for revision in (0, 3):
        before = [seen(ada.get(target)) for target in lists]
        make_tasks(spoken, bob, "his, ours")
        for target, unchanged in zip(lists, before, strict=True):
            reply = ada.get(target)
            if seen(reply) != unchanged or b"his" in reply.body or reply.status != 200:
                yield f"GET {target}: {reply.status}"
            tag = dict(unchanged[1]).get("etag", "")
            if not tag.startswith(f'"{revision}-'):
                yield f"GET {target}: tag {tag}"
            revalidated = ada.get(target, headers={"If-None-Match": tag})
            if revalidated.status != 304:
                yield f"GET {target} again: {revalidated.status}"
        if revision == 0:
            make_tasks(spoken, ada, "hers, ours")


def leaks_in_writes(spoken: Spoken, ada: User, own: dict[str, Any]) -> Iterator[str]:
    """Her revisions follow each other whatever others do."""
    address = spoken.task(ada, own)
    others = [spoken.task(ada, spoken.create(ada)) for _ in range(2)]
    first = int(ada.get(others[1]).etag.strip('"'))

    def tag(number: int) -> str:
        return f'"{first + number}"'

    stale = {"If-Match": '"1"'}
    ends = [
        (ada.put(address, {"title": "mine"}), (200, tag(1))),
        (ada.put(address, {"title": "mine"}), (200, tag(1))),
        (ada.put(address, {"title": "mine"}, headers={"If-Match": tag(1)}), (200, tag(1))),
        (ada.put(address, {"title": "ours"}, headers={"If-Match": tag(1)}), (200, tag(2))),
        (ada.put(address, {"title": "hers"}, headers=stale), (412, None)),
        (ada.put(address, {}), (200, tag(2))),
        (ada.patch(f"{address}/complete", headers=stale), (412, None)),
        (ada.patch(f"{address}/complete", headers={"If-Match": tag(2)}), (200, tag(3))),
        (ada.patch(f"{others[0]}/complete"), (200, tag(4))),
        *([] if spoken.toggles else [(ada.patch(f"{others[0]}/complete"), (200, tag(4)))]),
        (ada.delete(address, headers=stale), (412, None)),
        (ada.delete(address, headers={"If-Match": tag(3)}), (204, None)),
        (ada.delete(others[1]), (204, None)),
        (ada.post(spoken.tasks(ada), {"title": "another"}), (201, tag(7))),
    ]
    for reply, expected in ends:
        if (reply.status, reply.headers.get("etag")) != expected:
            yield f"a write of her own: {reply.status} {reply.headers.get('etag')}, expected {expected}"
    if ada.row()[3] != first + 7:
        yield f"her revision: {ada.row()[3]}"


def test_another_users_task_is_a_missing_one_to_the_byte(ada: User, bob: User, spoken: Spoken) -> None:
    assert [] == list(leaks(spoken, ada, bob))


def test_a_task_is_foreign_whichever_contract_asks(ada: User, bob: User, spoken: Spoken) -> None:
    spoken.create(ada)
    made = {each.name: each.create(bob) for each in TASK_CONTRACTS}
    number = made["flat"]["id"] if spoken.name != "enveloped" else made["enveloped"]["id"]
    stored = bob.stored()
    for method, target, body in spoken.calls(f"{spoken.tasks(ada)}/{number}"):
        reply = ada(method, target, **({} if body is None else {"json": body}))
        assert (404, spoken.refusal("no task", reply)) == (reply.status, reply.json())
    assert stored == bob.stored()


@pytest.mark.parametrize("spoken", [each for each in TASK_CONTRACTS if "{user_id}" in each.pattern], ids=str)
def test_another_user_in_the_path_is_403_whether_they_exist_or_not(
    ada: User, bob: User, spoken: Spoken
) -> None:
    theirs, mine = spoken.create(bob), spoken.create(ada)
    nobody = User(ada.service)
    stored = bob.stored()
    for other in (bob, nobody):
        for task in (theirs, mine):
            calls = [
                ("GET", spoken.tasks(other), None),
                ("POST", spoken.tasks(other), {"title": "x"}),
                *spoken.calls(spoken.task(other, task)),
                *spoken.calls(f"{spoken.tasks(other)}/no-id"),
            ]
            for method, target, body in calls:
                reply = ada(method, target, **({} if body is None else {"json": body}))
                assert (403, spoken.refusal("forbidden", reply)) == (reply.status, reply.json())
    assert stored == bob.stored()
    assert [] == ada.service.rows("SELECT id FROM users WHERE id = ?", nobody.id)


def test_of_a_user_who_was_erased_nothing_is_left_to_see(ada: User, bob: User, spoken: Spoken) -> None:
    theirs = spoken.create(bob)
    bob.erase()
    for method, target, body in spoken.calls(f"{spoken.tasks(ada)}/{theirs['id']}"):
        reply = ada(method, target, **({} if body is None else {"json": body}))
        assert (404, spoken.refusal("no task", reply)) == (reply.status, reply.json())
    assert [] == spoken.listed(bob.get(spoken.tasks(bob)))


def without_owner(compiled: CompiledStatement, number: int) -> CompiledStatement:
    """The statement with one of its owner predicates, counted from 0, taken out.

    Of spaces it then finds the one who is not meant: who comes first otherwise is chance.
    """
    numbers = iter(range(100))

    def take_out(found: re.Match[str]) -> str:
        if next(numbers) != number:
            return found[0]
        return f"NOT {found[0]}" if found[0].startswith("spaces") else f"({found[0]} OR 1 = 1)"

    sql = OWNER_PREDICATE.sub(take_out, compiled.sql)
    assert sql != compiled.sql
    uses = iter(range(100))

    def arguments(values: Values) -> Any:
        # A list that never agrees with its count is asked for again and again.
        next(uses)
        return compiled.arguments(values)

    return replace(compiled, sql=sql, arguments=arguments)


def compiled_statements(service: Service) -> dict[Statement, CompiledStatement]:
    middleware: list[Any] = service.app.user_middleware
    [services] = [each.kwargs["services"] for each in middleware if "services" in each.kwargs]
    found: dict[Statement, CompiledStatement] = services.database._statements
    return found


def test_without_any_owner_predicate_the_foreign_task_shows(database_url: str, spoken: Spoken) -> None:
    with serve(database_url) as service:
        bob = User(service)
        assert [] == list(leaks(spoken, User(service), bob))
        compiled = compiled_statements(service)
        whole = dict(compiled)

        def shows(*broken: tuple[Statement, int]) -> bool:
            for table in ("spaces", "users"):
                service.rows(f"DELETE FROM {table} WHERE id <> ?", bob.id)
            compiled.update({each: without_owner(whole[each], number) for each, number in broken})
            try:
                reads_lists = broken[0][0].name.startswith(("list_tasks", "count_tasks", "owner_revision"))
                find = leaks_in_lists if reads_lists else leaks_in_tasks
                return next(find(spoken, User(service), bob), None) is not None
            except AssertionError:
                # Their own requests fail.
                return True
            finally:
                compiled.update(whole)

        predicates = {each: len(OWNER_PREDICATE.findall(made.sql)) for each, made in whole.items()}
        assert set() == {
            each.name for each, n in predicates.items() if n == 0 and not NO_OWNER.match(each.name)
        }
        walls = [each for each in whole if SECOND_WALL.match(each.name)]
        rereads = [(each, 0) for each in walls if each.name.startswith("current_task")]
        unseen = {
            (each.name, number)
            for each, count in predicates.items()
            for number in range(count)
            if each not in walls and not shows((each, number))
        }
        unseen |= {
            (each.name, 0)
            for each in walls
            if each.name.startswith("edit_task_step") and not shows((each, 0), *rereads)
        }
        assert set() == {
            (name, number)
            for name, number in unseen
            if (name.split("[")[0], number) not in {LOOKS_AGAIN, COUNTS} and name != ADMITS
        }
