"""What several records come to that one revision changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from donebook.ledger.kinds.facts import read_row
from donebook.ledger.kinds.kind import Kind
from donebook.ledger.statements import reading
from donebook.storage.database import Transaction

T = TypeVar("T", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """The revision that was reached (the old one if nothing changed), and the records as they are then."""

    revision: int
    records: list[T]


async def read_records(
    transaction: Transaction, owner: str, kind: Kind, numbers: Sequence[int], into: type[T]
) -> list[T]:
    """The owner's records of these numbers, in their order, each as it stands, in the trash or not."""
    values = {"owner": owner, "numbers": list(set(numbers))}
    rows = await transaction.fetch(reading.records_by_number(kind, into), values)
    found = {row[-1]: read_row(into, row) for row in rows}
    return [found[number] for number in numbers]
