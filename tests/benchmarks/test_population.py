"""The users and tasks everybody is seeded with."""

import jwt
from benchmarks.population import SECRET, Group, Population, sign_tokens

FEW, MANY = Group("few", users=2, tasks=1), Group("many", users=1, tasks=3)


def test_every_contender_gets_the_same_tasks() -> None:
    assert list(Population((FEW, MANY)).tasks()) == list(Population((FEW, MANY)).tasks())


def test_users_hold_as_many_tasks_as_their_group_says() -> None:
    population = Population((FEW, MANY))

    held = {user.id: 0 for user in population.users}
    for task in population.tasks():
        held[task.owner.id] += 1

    assert [1, 1, 3] == [held[user.id] for user in population.users]
    assert population.size == 5


def test_users_create_their_tasks_in_turn() -> None:
    population = Population((FEW, MANY))
    first, second, third = (user.id for user in population.users)

    assert [first, second, third, third, third] == [task.owner.id for task in population.tasks()]


def test_every_user_has_a_token_of_their_own() -> None:
    users = Population((FEW,)).users

    subjects = [jwt.decode(token, SECRET, ["HS256"])["sub"] for token in sign_tokens(users).values()]

    assert [user.id for user in users] == subjects
