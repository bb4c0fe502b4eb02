"""Followers end when the leave to follow does."""

import asyncio

import pytest

from donebook.errors import DatabaseUnavailable, TokenRevoked
from donebook.ledger.events import admission
from donebook.ledger.events.admission import REVOKED, FollowerAdmission
from donebook.ledger.events.audience import FeedEnded, Follower
from donebook.principal import Principal
from tests.ledger.events.conftest import PATIENCE, Process, take
from tests.tasks.actors import Actor


class Judge:
    """Revokes the tokens it is told to; ``outages`` is how often it cannot be asked before."""

    def __init__(self) -> None:
        self.revoked: set[str] = set()
        self.outages = 0
        self.judged: list[str] = []

    async def __call__(self, principal: Principal) -> None:
        if self.outages:
            self.outages -= 1
            raise DatabaseUnavailable("a test says so")
        self.judged.append(principal.token_id)
        if principal.token_id in self.revoked:
            raise TokenRevoked("a test says so")


@pytest.fixture
def judge() -> Judge:
    return Judge()


@pytest.fixture
def admitted(process: Process, judge: Judge) -> FollowerAdmission:
    return FollowerAdmission(process.feed, judge)


async def ends(follower: Follower) -> bool:
    with pytest.raises(FeedEnded, match=REVOKED):
        await follower.take(PATIENCE)
    return True


async def goes_on(follower: Follower, actor: Actor, title: str) -> bool:
    await actor.create(title)
    return [title] == [line.split()[-1] for line in await take(follower, 1)]


async def test_a_revoked_token_ends_its_followers_alone(
    process: Process, alice: Actor, admitted: FollowerAdmission
) -> None:
    revoked = await process.follow(alice, token_id="revoked")
    other = await process.follow(alice, token_id="other")
    admitted.forget("revoked")
    assert await ends(revoked)
    assert await goes_on(other, alice, "Tea")


async def test_of_a_user_who_is_judged_anew_those_found_wanting_end(
    process: Process, alice: Actor, bob: Actor, admitted: FollowerAdmission, judge: Judge
) -> None:
    revoked = await process.follow(alice, token_id="revoked")
    good = await process.follow(alice, token_id="good")
    others = await process.follow(bob, token_id="revoked, but nobody asks")
    judge.revoked = {"revoked", "revoked, but nobody asks"}
    admitted.forget_user(alice.principal.user_id)
    assert await ends(revoked)
    assert await goes_on(good, alice, "Tea")
    assert await goes_on(others, bob, "Milk")


async def test_when_all_are_judged_anew_each_token_is_judged_once(
    process: Process, alice: Actor, bob: Actor, admitted: FollowerAdmission, judge: Judge
) -> None:
    followers = [await process.follow(alice, token_id="a") for _ in range(5)]
    revoked = await process.follow(bob, token_id="b")
    judge.revoked = {"b"}
    admitted.forget_all()
    assert await ends(revoked)
    assert ["a", "b"] == sorted(judge.judged)
    assert await goes_on(followers[0], alice, "Tea")


async def test_who_cannot_be_judged_is_judged_later(
    process: Process,
    alice: Actor,
    admitted: FollowerAdmission,
    judge: Judge,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(admission, "_RETRY_SECONDS", 0.01)
    follower = await process.follow(alice, token_id="revoked")
    judge.revoked, judge.outages = {"revoked"}, 3
    admitted.forget_all()
    admitted.forget_all()
    assert await ends(follower)


async def test_one_whose_token_is_revoked_while_it_is_judged_is_judged_again(
    process: Process, alice: Actor
) -> None:
    found_good: list[str] = []

    async def judge(principal: Principal) -> None:
        if found_good:
            raise TokenRevoked("a test says so")
        found_good.append(principal.token_id)
        admission_of_feed.forget_user(principal.user_id)

    admission_of_feed = FollowerAdmission(process.feed, judge)
    follower = await process.follow(alice)
    admission_of_feed.forget_user(alice.principal.user_id)
    assert await ends(follower)


async def test_when_keys_are_withdrawn_all_followers_end(
    process: Process, alice: Actor, bob: Actor, admitted: FollowerAdmission
) -> None:
    followers = [await process.follow(alice), await process.follow(bob)]
    admitted.end_all()
    assert all([await ends(follower) for follower in followers])


async def test_closing_gives_up_what_is_under_way(
    process: Process, alice: Actor, admitted: FollowerAdmission, judge: Judge
) -> None:
    await process.follow(alice)
    judge.outages = 1_000
    admitted.forget_all()
    await asyncio.sleep(0)
    await asyncio.wait_for(admitted.aclose(), PATIENCE)
