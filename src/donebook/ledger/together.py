"""What several tasks come to that one revision changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from donebook.storage.database import Transaction
from donebook.tasks.facts import read_row
from donebook.tasks.statements import reading

T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """The revision that was reached (the old one if nothing changed), and the tasks as they are then."""

    revision: int
    tasks: list[T]


async def read_tasks(transaction: Transaction, owner: str, numbers: Sequence[int], into: type[T]) -> list[T]:
    """The owner's tasks of these numbers, in their order, each as it stands, in the trash or not."""
    values = {"owner": owner, "numbers": list(set(numbers))}
    rows = await transaction.fetch(reading.tasks_by_number(into), values)
    found = {row[-1]: read_row(into, row) for row in rows}
    return [found[number] for number in numbers]
