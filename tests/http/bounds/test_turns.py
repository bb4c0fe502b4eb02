"""A user's writes take turns before they take a connection."""

import asyncio
from typing import Any

import pytest

from donebook.errors import DatabaseUnavailable
from donebook.http.bounds.turns import UserTurns
from donebook.http.stopwatch import StopwatchDatabase


class Gate:
    """A database whose writes wait until they are let through."""

    dialect = "postgresql"

    def __init__(self) -> None:
        self.writing: list[str] = []
        self.open = asyncio.Event()

    async def write(self, statement: Any, values: Any) -> Any:
        self.writing.append(values)
        try:
            await self.open.wait()
        finally:
            self.writing.remove(values)
        return [statement]

    async def transact(self, work: Any) -> Any:
        return await self.write(work, "transaction")


def made(gate: Gate, turns: UserTurns, user: str) -> Any:
    return StopwatchDatabase(gate, turns, user)  # type: ignore[arg-type]


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_two_writes_of_a_user_are_under_way_and_others_do_not_wait_for_them() -> None:
    gate, turns = Gate(), UserTurns(at_once=2, patience=60)
    mine = [asyncio.create_task(made(gate, turns, "ada").write("x", f"ada {n}")) for n in range(9)]
    await settle()
    theirs = asyncio.create_task(made(gate, turns, "bob").transact("y"))
    await settle()
    assert ["ada 0", "ada 1", "transaction"] == gate.writing
    gate.open.set()
    assert [["x"]] * 9 + [["y"]] == await asyncio.gather(*mine, theirs)
    assert ({}, {}) == (turns._counts, turns._waiting)


async def test_they_go_in_the_order_in_which_they_came() -> None:
    turns = UserTurns(at_once=1, patience=60)
    order: list[int] = []

    async def write(number: int) -> None:
        if not turns.enter("ada"):
            await turns.wait("ada")
        order.append(number)
        await asyncio.sleep(0)
        turns.leave("ada")

    await asyncio.gather(*(write(number) for number in range(10)))
    assert list(range(10)) == order
    assert ({}, {}) == (turns._counts, turns._waiting)


async def test_nobody_who_comes_later_takes_the_turn_of_one_who_waits() -> None:
    turns = UserTurns(at_once=1, patience=60)
    assert turns.enter("ada")
    waiting = asyncio.create_task(turns.wait("ada"))
    await settle()
    turns.leave("ada")
    assert not turns.enter("ada")
    await waiting
    turns.leave("ada")
    assert turns.enter("ada")


async def test_who_waits_too_long_is_told_that_the_database_is_not_to_be_had() -> None:
    turns = UserTurns(at_once=1, patience=0.01)
    assert turns.enter("ada")
    with pytest.raises(DatabaseUnavailable):
        await turns.wait("ada")
    turns.leave("ada")
    assert ({}, {}) == (turns._counts, turns._waiting)


async def test_one_who_is_cancelled_while_waiting_is_passed_over() -> None:
    turns = UserTurns(at_once=1, patience=60)
    assert turns.enter("ada")
    first, second = (asyncio.create_task(turns.wait("ada")) for _ in range(2))
    await settle()
    first.cancel()
    await settle()
    turns.leave("ada")
    await second
    turns.leave("ada")
    assert ({}, {}) == (turns._counts, turns._waiting)


async def test_one_who_is_cancelled_just_as_the_turn_is_handed_over_hands_it_on() -> None:
    turns = UserTurns(at_once=1, patience=60)
    assert turns.enter("ada")
    first, second = (asyncio.create_task(turns.wait("ada")) for _ in range(2))
    await settle()
    turns.leave("ada")  # the first has it, and has not run since
    first.cancel()
    await asyncio.wait_for(second, 5)
    turns.leave("ada")
    assert ({}, {}) == (turns._counts, turns._waiting)


async def test_a_write_that_fails_or_is_cancelled_leaves_its_turn() -> None:
    gate, turns = Gate(), UserTurns(at_once=1, patience=60)
    writing = asyncio.create_task(made(gate, turns, "ada").write("x", "ada"))
    await settle()
    writing.cancel()
    await settle()
    assert {} == turns._counts


async def test_those_who_have_not_signed_in_take_no_turns() -> None:
    gate, turns = Gate(), UserTurns(at_once=1, patience=60)
    writing = [asyncio.create_task(made(gate, turns, "").write("x", f"nobody {n}")) for n in range(3)]
    await settle()
    assert 3 == len(gate.writing)
    gate.open.set()
    await asyncio.gather(*writing)
