"""Entity tags and the conditions on them, in each contract."""

import pytest

from tests.contracts.client import User
from tests.contracts.spoken import SCOPED, Spoken

STALE = ['"999"', 'W/"1"', '"1-0"', '"01"', '"+1"', '" 1"', '"1', "1", '"', "", ",", '"999", "998"', 'W/"*"']


def writes(spoken: Spoken, task: str) -> list[tuple[str, str, dict[str, object]]]:
    return [
        ("PUT", task, {"json": {"title": "changed"}}),
        ("PUT", task, {"json": {}}),
        ("PATCH", f"{task}/complete", {}),
        ("DELETE", task, {}),
    ]


def test_a_task_carries_one_strong_tag_wherever_it_is_answered(ada: User, spoken: Spoken) -> None:
    created = ada.post(spoken.tasks(ada), {"title": "x"})
    address = spoken.task(ada, created.json())
    assert ['"1"', '"1"'] == [created.etag, ada.get(address).etag]
    changed = ada.put(address, {"title": "y"})
    assert ['"2"', '"2"'] == [changed.etag, ada.get(address).etag]
    completed = ada.patch(f"{address}/complete")
    assert ['"3"', '"3"'] == [completed.etag, ada.get(address).etag]


def test_a_tag_stays_while_other_tasks_change(ada: User, spoken: Spoken) -> None:
    task = spoken.create(ada)
    tag = ada.get(spoken.task(ada, task)).etag
    other = spoken.create(ada)
    ada.delete(spoken.task(ada, other))
    assert tag == ada.get(spoken.task(ada, task)).etag


def test_a_list_has_a_tag_that_changes_with_anything_in_it(ada: User, spoken: Spoken) -> None:
    seen = [ada.get(spoken.tasks(ada)).etag]
    task = spoken.create(ada)
    seen.append(ada.get(spoken.tasks(ada)).etag)
    for method, target, options in writes(spoken, spoken.task(ada, task)):
        before = ada.row()[3]
        ada(method, target, **options)
        if ada.row()[3] != before:
            seen.append(ada.get(spoken.tasks(ada)).etag)
    assert 5 == len(set(seen)) == len(seen)
    assert all(tag.startswith('"') for tag in seen)
    assert seen[-1] == ada.get(spoken.tasks(ada)).etag


def test_lists_of_two_queries_and_of_two_users_have_different_tags(
    ada: User, bob: User, spoken: Spoken
) -> None:
    spoken.create(ada)
    spoken.create(bob)
    tags = {user.get(spoken.tasks(user) + query).etag for user in (ada, bob) for query in ("", "?x=1")}
    assert 4 == len(tags)
    theirs = ada.get(spoken.tasks(ada)).etag
    assert 200 == bob.get(spoken.tasks(bob), headers={"If-None-Match": theirs}).status


@pytest.mark.parametrize(
    "form", ["{tag}", "W/{tag}", '"0", {tag}', '"0",W/{tag} , "1-1"', ", ,{tag},,", "*", " * "]
)
def test_what_the_client_has_is_304(ada: User, spoken: Spoken, form: str) -> None:
    task = spoken.task(ada, spoken.create(ada))
    for target in (task, spoken.tasks(ada)):
        full = ada.get(target)
        reply = ada.get(target, headers={"If-None-Match": form.format(tag=full.etag)})
        assert (304, b"", full.etag) == (reply.status, reply.body, reply.etag)
        assert full.headers["cache-control"] == reply.headers["cache-control"]
        assert "Authorization" in reply.headers["vary"]
        assert "content-type" not in reply.headers


@pytest.mark.parametrize("header", ['"999"', '"1-0"', '"01"', "1", '"', "", '"999" "1"'])
def test_what_the_client_does_not_have_is_200(ada: User, spoken: Spoken, header: str) -> None:
    task = spoken.create(ada)
    reply = ada.get(spoken.task(ada, task), headers={"If-None-Match": header})
    assert (200, task) == (reply.status, reply.json())
    assert 200 == ada.get(spoken.tasks(ada), headers={"If-None-Match": header}).status


def test_several_lines_of_tags_are_one_list(ada: User, spoken: Spoken) -> None:
    task = spoken.task(ada, spoken.create(ada))
    assert 304 == ada.get(task, headers=[("If-None-Match", '"0"'), ("If-None-Match", '"1"')]).status
    assert 200 == ada.put(task, {}, headers=[("If-Match", '"0"'), ("If-Match", '"1"')]).status


def test_a_changed_task_is_sent_again(ada: User, spoken: Spoken) -> None:
    task = spoken.task(ada, spoken.create(ada))
    task_tag, list_tag = ada.get(task).etag, ada.get(spoken.tasks(ada)).etag
    ada.put(task, {"title": "new"})
    assert "new" == ada.get(task, headers={"If-None-Match": task_tag}).json()["title"]
    assert 200 == ada.get(spoken.tasks(ada), headers={"If-None-Match": list_tag}).status


def test_a_missing_task_is_404_on_any_condition(ada: User, spoken: Spoken) -> None:
    for header in ({"If-None-Match": "*"}, {"If-Match": "*"}, {"If-Match": '"1"'}, {"If-Match": '"1", "2"'}):
        for method, target, body in spoken.calls(spoken.missing(ada)):
            reply = ada(method, target, headers=header, **({} if body is None else {"json": body}))
            assert (404, spoken.refusal("no task", reply)) == (reply.status, reply.json())


@pytest.mark.parametrize("form", ["{tag}", "*", '"999", {tag}', '{tag},W/"5"', " * "])
def test_a_write_on_a_condition_that_holds_is_done(ada: User, spoken: Spoken, form: str) -> None:
    task = spoken.task(ada, spoken.create(ada))
    for method, target, options in writes(spoken, task):
        header = {"If-Match": form.format(tag=ada.get(task).etag)}
        assert ada(method, target, headers=header, **options).status in {200, 204}
    assert 404 == ada.get(task).status


@pytest.mark.parametrize("header", STALE)
def test_a_write_on_a_condition_that_does_not_hold_is_412(ada: User, spoken: Spoken, header: str) -> None:
    task = spoken.task(ada, spoken.create(ada))
    before = ada.stored()
    for method, target, options in writes(spoken, task):
        reply = ada(method, target, headers={"If-Match": header}, **options)
        assert (412, spoken.refusal("changed since", reply)) == (reply.status, reply.json())
    assert before == ada.stored()


def test_a_write_that_would_change_nothing_keeps_the_condition_too(ada: User, spoken: Spoken) -> None:
    task = spoken.create(ada)
    same = {"title": task["title"]}
    assert 412 == ada.put(spoken.task(ada, task), same, headers={"If-Match": '"9"'}).status
    kept = ada.put(spoken.task(ada, task), same, headers={"If-Match": '"1"'})
    assert (200, task, '"1"') == (kept.status, kept.json(), kept.etag)


@pytest.mark.parametrize("header", ["*", " * ", '"1"', 'W/"1"', '"0", "1"'])
def test_a_write_to_what_must_not_be_there_is_412(ada: User, spoken: Spoken, header: str) -> None:
    task = spoken.task(ada, spoken.create(ada))
    before = ada.stored()
    for method, target, options in writes(spoken, task):
        reply = ada(method, target, headers={"If-None-Match": header}, **options)
        assert (412, spoken.refusal("changed since", reply)) == (reply.status, reply.json())
    assert before == ada.stored()


@pytest.mark.parametrize("header", ['"2"', '"0", W/"7"', "1", ""])
def test_a_write_to_what_is_not_as_it_must_not_be_is_done(ada: User, spoken: Spoken, header: str) -> None:
    for write in range(4):
        task = spoken.create(ada)
        tags = header.replace("2", f"{ada.row()[3] + 1}").replace("1", f"{ada.row()[3] + 2}")
        method, target, options = writes(spoken, spoken.task(ada, task))[write]
        assert ada(method, target, headers={"If-None-Match": tags}, **options).status in {200, 204}


def test_both_conditions_must_hold(ada: User, spoken: Spoken) -> None:
    task = spoken.task(ada, spoken.create(ada))
    for method, target, options in writes(spoken, task):
        both = {"If-Match": ada.get(task).etag, "If-None-Match": "*"}
        assert 412 == ada(method, target, headers=both, **options).status
    assert 412 == ada.put(task, {}, headers={"If-Match": '"9"', "If-None-Match": '"8"'}).status
    assert 200 == ada.put(task, {}, headers={"If-Match": '"1"', "If-None-Match": '"8"'}).status


def test_creating_makes_what_is_not_there(ada: User, spoken: Spoken) -> None:
    assert 201 == ada.post(spoken.tasks(ada), {"title": "x"}, headers={"If-None-Match": "*"}).status


def test_a_broken_body_is_422_before_any_condition(ada: User, spoken: Spoken) -> None:
    task = spoken.task(ada, spoken.create(ada))
    assert 422 == ada.put(task, {"title": ""}, headers={"If-Match": '"999"'}).status


def test_creating_on_the_condition_that_the_list_is_as_read(ada: User, spoken: Spoken) -> None:
    for expected in (201, 201):
        tag = ada.get(spoken.tasks(ada)).etag
        created = ada.post(spoken.tasks(ada), {"title": "x"}, headers={"If-Match": tag})
        assert expected == created.status
    before = ada.stored()
    for stale in (tag, created.etag, '"2"', f'"{ada.row()[3]}-0"', "W/" + ada.get(spoken.tasks(ada)).etag):
        reply = ada.post(spoken.tasks(ada), {"title": "x"}, headers={"If-Match": stale})
        assert (412, spoken.refusal("changed since", reply)) == (reply.status, reply.json())
    assert before == ada.stored()
    assert 201 == ada.post(spoken.tasks(ada), {"title": "x"}, headers={"If-Match": "*"}).status


def test_the_tag_of_another_users_list_is_no_condition_that_holds(
    ada: User, bob: User, spoken: Spoken
) -> None:
    spoken.create(ada)
    spoken.create(bob)
    theirs = bob.get(spoken.tasks(bob)).etag
    assert 412 == ada.post(spoken.tasks(ada), {"title": "x"}, headers={"If-Match": theirs}).status


def test_of_twenty_changes_on_one_condition_one_is_done(ada: User, spoken: Spoken) -> None:
    task = spoken.create(ada)
    replies = ada.service.together(
        ada.send("PUT", spoken.task(ada, task), json={"title": f"{number}"}, headers={"If-Match": '"1"'})
        for number in range(20)
    )
    assert [200, *[412] * 19] == sorted(reply.status for reply in replies)
    [done] = [reply for reply in replies if reply.status == 200]
    assert done.json() == ada.get(spoken.task(ada, task)).json()
    assert 2 == ada.row()[3]


def test_without_a_condition_the_last_write_wins(ada: User, spoken: Spoken) -> None:
    task = spoken.create(ada)
    replies = ada.service.together(
        ada.send("PUT", spoken.task(ada, task), json={"title": f"{number}"}) for number in range(20)
    )
    assert {200} == {reply.status for reply in replies}
    assert set(range(2, 22)) == {int(reply.etag.strip('"')) for reply in replies}


def test_changes_of_different_fields_at_once_all_stay(ada: User) -> None:
    task = SCOPED.create(ada)
    address = SCOPED.task(ada, task)
    fields = ({"title": "new"}, {"description": "new"}, {"completed": True})
    replies = ada.service.together(ada.send("PUT", address, json=each) for each in fields)
    assert {200} == {reply.status for reply in replies}
    shown = ada.get(address).json()
    assert ("new", "new", True) == (shown["title"], shown["description"], shown["completed"])
