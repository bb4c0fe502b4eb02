"""Users come into being with their first authenticated request."""

from typing import Any

import pytest

from donebook.accounts.usecases import provision_user
from donebook.principal import Principal
from tests.contracts.client import Service, User, sign
from tests.contracts.conftest import NewUser
from tests.contracts.spoken import Spoken


def user_rows(service: Service, user_id: str) -> list[tuple[Any, ...]]:
    return service.rows("SELECT email, name, avatar_url FROM users WHERE id = ?", user_id)


@pytest.mark.parametrize("call", range(7))
def test_the_first_request_makes_the_user_whatever_it_asks(
    new_user: NewUser, spoken: Spoken, call: int
) -> None:
    user = new_user(name="Ada", picture="https://example.com/ada.png")
    calls = [
        ("GET", spoken.tasks(user), None),
        ("POST", spoken.tasks(user), {"title": "x"}),
        *spoken.calls(spoken.missing(user)),
    ]
    method, target, body = calls[call]
    assert [] == user_rows(user.service, user.id)
    reply = user(method, target, **({} if body is None else {"json": body}))
    assert reply.status in {200, 201, 404}
    assert [(user.claims["email"], "Ada", "https://example.com/ada.png")] == user_rows(user.service, user.id)


def test_a_first_request_that_is_refused_makes_the_user_too(
    new_user: NewUser, bob: User, spoken: Spoken
) -> None:
    wrong_path, wrong_body = new_user(), new_user()
    assert wrong_path.get(spoken.tasks(bob)).status in {200, 403}
    assert 422 == wrong_body.post(spoken.tasks(wrong_body), {}).status
    for user in (wrong_path, wrong_body):
        assert 1 == len(user_rows(user.service, user.id))


@pytest.mark.parametrize("claim", ["picture", "image", "avatar_url"])
def test_the_avatar_has_three_names(new_user: NewUser, spoken: Spoken, claim: str) -> None:
    user = new_user(**{claim: "https://example.com/a.png"})
    user.get(spoken.tasks(user))
    assert "https://example.com/a.png" == user.row()[2]


def test_a_missing_email_stays_null(service: Service, spoken: Spoken) -> None:
    user = User(service)
    token = sign({"sub": user.id, "exp": user.claims["exp"]})
    for _ in range(2):
        assert 200 == service.get(spoken.tasks(user), token=token).status
    assert [(None, None, None)] == user_rows(service, user.id)


def test_later_requests_reuse_the_user_and_refresh_what_changed(service: Service, spoken: Spoken) -> None:
    user = User(service, name="Ada")
    task = spoken.create(user)
    [(created, updated)] = service.rows("SELECT created_at, updated_at FROM users WHERE id = ?", user.id)
    changed = sign(user.claims | {"name": "Ada L.", "email": "new@example.com", "image": "https://e.com/2"})
    assert [task] == spoken.listed(service.get(spoken.tasks(user), token=changed))
    assert [("new@example.com", "Ada L.", "https://e.com/2")] == user_rows(service, user.id)
    [(still_created, now_updated)] = service.rows(
        "SELECT created_at, updated_at FROM users WHERE id = ?", user.id
    )
    assert created == still_created
    assert now_updated > updated


def test_what_a_later_token_leaves_out_is_kept(service: Service, spoken: Spoken) -> None:
    user = User(service, name="Ada")
    user.get(spoken.tasks(user))
    bare = sign({"sub": user.id, "exp": user.claims["exp"]})
    assert 200 == service.get(spoken.tasks(user), token=bare).status
    assert [(user.claims["email"], "Ada", None)] == user_rows(service, user.id)


def test_two_subjects_with_one_email_stay_two_users(new_user: NewUser, spoken: Spoken) -> None:
    one, other = new_user(email="same@example.com"), new_user(email="same@example.com")
    task = spoken.create(one)
    assert [] == spoken.listed(other.get(spoken.tasks(other)))
    assert [task] == spoken.listed(one.get(spoken.tasks(one)))
    assert ("same@example.com", "same@example.com") == (one.row()[0], other.row()[0])


def test_fifty_first_requests_at_once_make_one_user_and_no_error(service: Service, spoken: Spoken) -> None:
    user = User(service)
    replies = service.together(
        user.send("POST", spoken.tasks(user), json={"title": f"{number}"}) for number in range(50)
    )
    assert [201] * 50 == [reply.status for reply in replies]
    assert 1 == len(user_rows(service, user.id))
    assert {f"{number}" for number in range(50)} == {
        task["title"] for task in spoken.listed(user.get(spoken.tasks(user)))
    }
    assert set(range(1, 51)) == {int(reply.etag.strip('"')) for reply in replies}


def test_fifty_users_with_one_email_at_once_stay_fifty(service: Service, spoken: Spoken) -> None:
    users = [User(service, email="crowd@example.com") for _ in range(50)]
    replies = service.together(
        user.send("POST", spoken.tasks(user), json={"title": user.text}) for user in users
    )
    assert [(201, user.text) for user in users] == [(each.status, each.json()["title"]) for each in replies]


def test_a_known_user_costs_no_query(
    service: Service, spoken: Spoken, monkeypatch: pytest.MonkeyPatch
) -> None:
    provisioned: list[str] = []

    async def provision(database: Any, principal: Principal, now: Any) -> None:
        provisioned.append(principal.user_id)
        await provision_user(database, principal, now)

    monkeypatch.setattr("donebook.http.authentication.provision_user", provision)
    user, stranger = User(service), User(service)
    again = sign(user.claims | {"jti": "another token of the same user"})
    for token in (user.token, user.token, again):
        assert 200 == service.get(spoken.tasks(user), token=token).status
    stranger.get(spoken.tasks(stranger))
    assert [user.id, stranger.id] == provisioned


def test_a_user_who_was_erased_begins_anew(service: Service, spoken: Spoken) -> None:
    user = User(service)
    task = spoken.create(user)
    user.erase()
    assert [] == spoken.listed(user.get(spoken.tasks(user)))
    assert 404 == user.get(spoken.task(user, task)).status
    assert '"1"' == user.post(spoken.tasks(user), {"title": "x"}).etag
