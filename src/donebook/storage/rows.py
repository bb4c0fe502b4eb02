"""From a driver's rows to rows of Python values, with the column types' own conversions."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Dialect, Uuid
from sqlalchemy.types import TypeEngine

from donebook.storage.types import Instant

_Row = Sequence[Any]
_Column = Sequence[Any]

_FEW = 10
"""From this many rows on it costs less to turn columns than rows."""


def rows_reader(
    types: Sequence[TypeEngine[Any]], dialect: Dialect
) -> Callable[[Sequence[_Row]], Sequence[_Row]] | None:
    """What makes rows of Python values of the driver's; ``None`` where they hold them already."""
    converted = [
        (index, convert, _column_reader(kind, convert, dialect))
        for index, kind in enumerate(types)
        if (convert := kind.dialect_impl(dialect).result_processor(dialect, None)) is not None
    ]
    if not converted:
        return None

    def read_row(row: _Row) -> _Row:
        values = list(row)
        for index, convert, _ in converted:
            values[index] = convert(values[index])
        return values

    def read_rows(rows: Sequence[_Row]) -> Sequence[_Row]:
        if len(rows) < _FEW:
            return [read_row(row) for row in rows]
        columns: list[_Column] = list(zip(*rows, strict=True))
        for index, _, convert in converted:
            columns[index] = convert(columns[index])
        return list(zip(*columns, strict=True))

    return read_rows


def _column_reader(
    kind: TypeEngine[Any], convert: Callable[[Any], Any], dialect: Dialect
) -> Callable[[_Column], _Column]:
    # msgspec reads a column of either kind in a third of what the standard library takes, value by value.
    if dialect.name == "sqlite":
        if isinstance(kind, Instant):
            return partial(msgspec.convert, type=list[datetime | None])
        if isinstance(kind, Uuid):
            return partial(msgspec.convert, type=list[UUID | None])
    return lambda column: list(map(convert, column))
