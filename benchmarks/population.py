"""The users and tasks every contender holds, the same for all of them, and the users' tokens.

Rows come in the order in which a busy service would have written them: one task of each user in turn, so
that a user's rows lie scattered over the table instead of side by side.
"""

import random
import string
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

SECRET = "a-benchmark-secret-of-more-than-32-bytes"
_SEED = 20260101
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_PRIORITIES = (None, "low", "medium", "high")
_WORDS = (  # noqa: SIM905 - sixty quoted words are harder to read
    "Call write review order prepare check send book plan clean fix renew return print sign update draft "
    "the a for about with before after new old annual weekly budget report invoice contract garden kitchen "
    "flat car bicycle passport insurance dentist school holiday train ticket team customer Anna Jürgen "
    "Łukasz slides figures summary backup server account mail letter parcel birthday present shelf window"
).split()


@dataclass(frozen=True)
class Group:
    """A number of users who hold the same number of tasks and serve one purpose."""

    name: str
    users: int
    tasks: int


@dataclass(frozen=True)
class User:
    """Somebody with a token; ``id`` has the form of Better Auth's ids."""

    id: str
    email: str
    name: str
    group: str
    tasks: int


@dataclass(frozen=True)
class Task:
    """What a contender is seeded with; ``ordinal`` counts one user's tasks from 1."""

    owner: User
    ordinal: int
    title: str
    description: str | None
    completed_at: datetime | None
    priority: str | None
    due_at: datetime | None
    created_at: datetime
    updated_at: datetime


READING = Group("reading", users=100, tasks=1000)
SHORT = Group("short", users=100, tasks=50)
WRITING = Group("writing", users=100, tasks=1000)
LONE = Group("lone", users=1, tasks=1000)
GROUPS = (READING, SHORT, WRITING, LONE)


class Population:
    """The users of some groups and their tasks, the same on every call."""

    def __init__(self, groups: tuple[Group, ...] = GROUPS) -> None:
        rng = random.Random(_SEED)
        alphabet = string.ascii_letters + string.digits
        self.users: tuple[User, ...] = tuple(
            User(
                id="".join(rng.choices(alphabet, k=32)),
                email=f"{group.name}{number}@example.com",
                name=f"{group.name.title()} {number}",
                group=group.name,
                tasks=group.tasks,
            )
            for group in groups
            for number in range(group.users)
        )
        self.by_id: Mapping[str, User] = {user.id: user for user in self.users}
        self.size: int = sum(user.tasks for user in self.users)

    def of(self, group: str) -> list[User]:
        """List one group's users."""
        return [user for user in self.users if user.group == group]

    def tasks(self) -> Iterator[Task]:
        """Yield every task in the order of its creation."""
        rng = random.Random(_SEED + 1)
        created = BEGAN
        for ordinal in range(1, max((user.tasks for user in self.users), default=0) + 1):
            for user in self.users:
                if ordinal <= user.tasks:
                    created += timedelta(seconds=1, microseconds=rng.randrange(1_000_000))
                    yield _task(rng, user, ordinal, created)


def _task(rng: random.Random, owner: User, ordinal: int, created: datetime) -> Task:
    updated = created + timedelta(seconds=rng.randrange(10)) if rng.random() < 0.5 else created
    return Task(
        owner=owner,
        ordinal=ordinal,
        title=" ".join(rng.choices(_WORDS, k=rng.randint(2, 8))),
        description=" ".join(rng.choices(_WORDS, k=rng.randint(5, 30))) if rng.random() < 0.4 else None,
        completed_at=updated if ordinal % 3 == 0 else None,
        priority=rng.choice(_PRIORITIES),
        due_at=created + timedelta(days=rng.randint(1, 60)) if rng.random() < 0.4 else None,
        created_at=created,
        updated_at=updated,
    )


def sign_tokens(users: tuple[User, ...], lifetime: timedelta = timedelta(days=7)) -> Mapping[str, str]:
    """Sign one HS256 token per user, as a front end that shares the secret does."""
    now = int(time.time())
    return {
        user.id: jwt.encode(
            {
                "sub": user.id,
                "email": user.email,
                "name": user.name,
                "iat": now,
                "exp": now + int(lifetime.total_seconds()),
            },
            SECRET,
            algorithm="HS256",
        )
        for user in users
    }
