"""A statement: one SQL expression with a name, compiled once for each dialect."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from sqlalchemy import Dialect, Executable
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.asyncpg import dialect as asyncpg_dialect
from sqlalchemy.dialects.sqlite.pysqlite import dialect as pysqlite_dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement

from donebook.storage.rows import rows_reader

Row = Sequence[Any]
Values = Mapping[str, Any]

POSTGRESQL: Dialect = asyncpg_dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
SQLITE: Dialect = pysqlite_dialect(paramstyle="qmark")


@dataclass(frozen=True, eq=False, slots=True)
class Statement:
    """A SQLAlchemy Core expression under the name that logs and tests know it by.

    Where the databases say it differently ``expression`` is one for each dialect, by its name. ``only`` names
    the dialect of a statement that the other database cannot run. ``announces`` names
    the value that `Database.on_commit` tells of once the statement's effect is committed; ``wrote`` says
    of the first row whether there was one, where a row alone does not.
    ``crosses_owners`` marks the few that touch rows of users they do not name (a log-in by e-mail,
    housekeeping): row-level security, where it is on, leaves these alone. ``varies`` marks rare ones
    whose best plan depends on the values: PostgreSQL plans them each time that they run.
    """

    name: str
    expression: Executable | Mapping[str, Executable]
    only: str | None = None
    announces: str | None = None
    wrote: Callable[[Row], bool] | None = None
    crosses_owners: bool = False
    varies: bool = False

    def expression_for(self, dialect: str) -> Executable:
        """What a database of this dialect runs."""
        expression = self.expression
        return expression[dialect] if isinstance(expression, Mapping) else expression

    def __repr__(self) -> str:
        return f"<Statement {self.name}>"


def upserting(name: str, make: Callable[[Any], Executable]) -> Statement:
    """A statement made with the ``insert`` of each dialect, which has ON CONFLICT."""
    return Statement(name, {"postgresql": make(postgresql.insert), "sqlite": make(sqlite.insert)})


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """What a driver needs: text, a function from named values to arguments, one from raw rows to values.

    ``read_rows`` is ``None`` where the driver's own rows already hold the right values.
    """

    name: str
    sql: str
    arguments: Callable[[Values], Sequence[Any]]
    read_rows: Callable[[Sequence[Row]], Sequence[Row]] | None


def compile_statement(statement: Statement, dialect: Dialect) -> CompiledStatement:
    """Compile for the dialect's native driver, with the column types' own conversions."""
    expression = statement.expression_for(dialect.name)
    assert isinstance(expression, ClauseElement)
    compiled = expression.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler)
    return CompiledStatement(
        name=statement.name,
        sql=compiled.string,
        arguments=_arguments(compiled, dialect),
        read_rows=rows_reader(
            [column.type for column in getattr(compiled, "_result_columns", None) or ()], dialect
        ),
    )


def _arguments(compiled: SQLCompiler, dialect: Dialect) -> Callable[[Values], Sequence[Any]]:
    names = list(compiled.positiontup or ())
    fixed: dict[str, Any] = {}
    convert: dict[str, Callable[[Any], Any]] = {}
    binds = {name: bind for bind, name in compiled.bind_names.items()}
    for name in names:
        bind = binds[name]
        processor = bind.type.dialect_impl(dialect).bind_processor(dialect)
        if not bind.required:
            value = bind.effective_value
            fixed[name] = processor(value) if processor else value
        elif processor:
            convert[name] = processor
    if not names:
        return lambda values: ()
    if not fixed and not convert and len(names) > 1:
        return itemgetter(*names)

    # Most values are taken as they are: one call takes them all, and only the others are touched.
    taken = [name for name in names if name not in fixed]
    pick: Callable[[Values], Sequence[Any]] = (
        itemgetter(*taken) if len(taken) > 1 else lambda values: [values[name] for name in taken]
    )
    constants = [(index, fixed[name]) for index, name in enumerate(names) if name in fixed]
    converters = [(index, convert[name]) for index, name in enumerate(names) if name in convert]

    def arguments(values: Values) -> list[Any]:
        found = list(pick(values))
        for index, constant in constants:
            found.insert(index, constant)
        for index, processor in converters:
            found[index] = processor(found[index])
        return found

    return arguments
