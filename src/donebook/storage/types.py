"""Column types and functions that mean the same on SQLite and PostgreSQL."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ARRAY, BigInteger, Boolean, DateTime, Dialect, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

_MICROSECOND = timedelta(microseconds=1)


class Instant(TypeDecorator[datetime]):
    """A moment in time: ``timestamptz`` on PostgreSQL, fixed-width UTC text on SQLite.

    The text has six fractional digits and always ``+00:00``, so that it sorts as the time does.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return Text()
        return DateTime(timezone=True)

    # The processors themselves, not `process_*_value`: SQLAlchemy would call those for each value on
    # PostgreSQL too, where there is nothing to do, and three calls a row are most of what a list costs.
    def bind_processor(self, dialect: Dialect) -> Any:
        return _instant_to_text if dialect.name == "sqlite" else None

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return _instant_from_text if dialect.name == "sqlite" else None


def _instant_to_text(value: datetime | None) -> str | None:
    return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")


def _instant_from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


class Labels(TypeDecorator[list[str]]):
    """A short list of strings, kept as one JSON array: ``jsonb`` on PostgreSQL, text on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return Text()
        # none_as_null keeps SQL NULL apart from JSON null; the codec is ours, so the driver sees text.
        return JSONB(none_as_null=True)

    def bind_processor(self, dialect: Dialect) -> Any:
        return _labels_to_text

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        return _labels_from_text


def _labels_to_text(value: list[str] | None) -> str | None:
    if value is None:
        return None
    return msgspec.json.encode(value).decode()


def _labels_from_text(value: str | None) -> list[str] | None:
    if value == "[]":
        return []
    return None if value is None else msgspec.json.decode(value)


class Numbers(TypeDecorator[list[int]]):
    """A list of numbers as a parameter: an array on PostgreSQL, JSON text on SQLite."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return Text() if dialect.name == "sqlite" else ARRAY(BigInteger)

    def process_bind_param(self, value: list[int] | None, dialect: Dialect) -> Any:
        return msgspec.json.encode(value).decode() if dialect.name == "sqlite" else value


class is_among(FunctionElement[bool]):  # noqa: N801 - SQL functions are lower case
    """Whether a number is one of `Numbers`."""

    type = Boolean()
    inherit_cache = True


@compiles(is_among, "postgresql")
def _is_among_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    number, numbers = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({number} = ANY ({numbers}))"


@compiles(is_among, "sqlite")
def _is_among_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    number, numbers = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({number} IN (SELECT value FROM json_each({numbers})))"  # noqa: S608 - compiled SQL


class contains_text(FunctionElement[bool]):  # noqa: N801 - SQL functions are lower case
    """Whether the second string occurs in the first, code point for code point."""

    type = Boolean()
    inherit_cache = True


@compiles(contains_text, "postgresql")
def _contains_text_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(strpos({compiler.process(element.clauses, **kw)}) > 0)"


@compiles(contains_text, "sqlite")
def _contains_text_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return f"(instr({compiler.process(element.clauses, **kw)}) > 0)"


class contains_labels(FunctionElement[bool]):  # noqa: N801 - SQL functions are lower case
    """Whether every label of the second list is in the first."""

    type = Boolean()
    inherit_cache = True


@compiles(contains_labels, "postgresql")
def _contains_labels_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    have, wanted = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"({have} @> {wanted})"


@compiles(contains_labels, "sqlite")
def _contains_labels_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    have, wanted = (compiler.process(clause, **kw) for clause in element.clauses)
    has_it = f"wanted.value IN (SELECT have.value FROM json_each({have}) AS have)"  # noqa: S608 - compiled SQL
    return f"(NOT EXISTS (SELECT 1 FROM json_each({wanted}) AS wanted WHERE NOT {has_it}))"  # noqa: S608


class byte_length(FunctionElement[int]):  # noqa: N801 - SQL functions are lower case
    """How many bytes a text has in UTF-8."""

    type = BigInteger()
    inherit_cache = True


@compiles(byte_length, "postgresql")
def _byte_length_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return f"octet_length({compiler.process(element.clauses, **kw)})"


@compiles(byte_length, "sqlite")
def _byte_length_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return f"length(CAST({compiler.process(element.clauses, **kw)} AS BLOB))"


class labels_length(FunctionElement[int]):  # noqa: N801 - SQL functions are lower case
    """How many bytes a list of labels has, as PostgreSQL writes it."""

    type = BigInteger()
    inherit_cache = True


@compiles(labels_length, "postgresql")
def _labels_length_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return f"octet_length(CAST({compiler.process(element.clauses, **kw)} AS TEXT))"


@compiles(labels_length, "sqlite")
def _labels_length_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    labels = compiler.process(element.clauses, **kw)
    # PostgreSQL writes a space after each comma.
    return f"(length(CAST({labels} AS BLOB)) + max(json_array_length({labels}) - 1, 0))"


class later(FunctionElement[datetime]):  # noqa: N801 - SQL functions are lower case
    """The given moment, or one microsecond after the stored one where that is not earlier."""

    type = Instant()
    inherit_cache = True


@compiles(later, "postgresql")
def _later_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    now, stored = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"greatest({now}, {stored} + interval '1 microsecond')"


@compiles(later, "sqlite")
def _later_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    now, stored = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"max({now}, donebook_tick({stored}))"


def tick(stored: str) -> str:
    """SQLite's ``donebook_tick``: stored instant text plus one microsecond."""
    return (datetime.fromisoformat(stored) + _MICROSECOND).isoformat(timespec="microseconds")


class rank_text(FunctionElement[str]):  # noqa: N801 - SQL functions are lower case
    """A whole number as fixed-width text that sorts (bytewise) as the numbers do.

    Sixteen lower-case hexadecimal digits of the number plus 2^60, so that negative numbers down to
    -2^60 sort before zero.
    """

    type = Text()
    inherit_cache = True


RANK_ORIGIN = 1 << 60


@compiles(rank_text, "postgresql")
def _rank_text_postgresql(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    rank = f"{RANK_ORIGIN}::bigint + ({compiler.process(element.clauses, **kw)})"
    return f"lpad(to_hex({rank}), 16, '0')"


@compiles(rank_text, "sqlite")
def _rank_text_sqlite(element: Any, compiler: SQLCompiler, **kw: Any) -> str:
    return f"printf('%016x', {RANK_ORIGIN} + ({compiler.process(element.clauses, **kw)}))"
