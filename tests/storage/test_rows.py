"""Rows come out the same, however many there are."""

import sqlite3
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Boolean, Text, Uuid
from sqlalchemy.types import TypeEngine

from donebook.storage.rows import rows_reader
from donebook.storage.statement import POSTGRESQL, SQLITE
from donebook.storage.types import Instant, Labels

KINDS: list[TypeEngine[Any]] = [Uuid(), Instant(), Boolean(), Labels(), Text(), BigInteger()]
VALUES = st.tuples(
    st.none() | st.uuids(),
    st.none() | st.datetimes(timezones=st.just(UTC)),
    st.none() | st.booleans(),
    st.none() | st.lists(st.text(max_size=5), max_size=3),
    st.none() | st.text(max_size=5),
    st.none() | st.integers(-(1 << 63), (1 << 63) - 1),
)


def stored(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row as SQLite's driver gives it back."""
    writers = [kind.dialect_impl(SQLITE).bind_processor(SQLITE) for kind in KINDS]
    raw = [value if write is None else write(value) for write, value in zip(writers, values, strict=True)]
    connection = sqlite3.connect(":memory:")
    row: tuple[Any, ...] = connection.execute(f"SELECT {', '.join('?' * len(raw))}", raw).fetchone()
    connection.close()
    return row


@given(rows=st.lists(VALUES, max_size=40))
def test_rows_of_sqlite_are_what_was_written(rows: list[tuple[Any, ...]]) -> None:
    read = rows_reader(KINDS, SQLITE)

    assert read is not None
    assert rows == [tuple(row) for row in read([stored(row) for row in rows])]


@pytest.mark.parametrize("count", [1, 100])
def test_a_row_of_postgresql_needs_labels_read_alone(count: int) -> None:
    now = datetime.now(UTC)
    read = rows_reader(KINDS, POSTGRESQL)

    assert read is not None
    assert [(None, now, True, ["a", "b"], "x", 1)] * count == [
        tuple(row) for row in read([(None, now, True, '["a","b"]', "x", 1)] * count)
    ]


def test_rows_without_such_columns_are_left_alone() -> None:
    assert rows_reader([Text(), BigInteger()], SQLITE) is None
