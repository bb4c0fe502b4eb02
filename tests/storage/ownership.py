"""Proof that a statement touches the rows of one user alone.

The statement is compiled by a compiler that looks at every SELECT, INSERT, UPDATE and DELETE it
renders, wherever they are nested, so none can be overlooked. In each of them, every table of users'
rows must be tied to the parameter ``owner``: by ``column = :owner`` among the conditions that all
must hold, or by equality with a column so tied. Subqueries and CTEs are looked at by themselves; an
owner column that comes out of one is the owner's.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from sqlalchemy import Column, Dialect, Table
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import (
    BinaryExpression,
    BindParameter,
    BooleanClauseList,
    ColumnClause,
    Grouping,
    Label,
)
from sqlalchemy.sql.selectable import Alias, FromClause, Join, TableClause

from donebook.migrations.tables import METADATA
from donebook.storage.statement import POSTGRESQL, SQLITE, Statement

DIALECTS = {"postgresql": POSTGRESQL, "sqlite": SQLITE}
OWNER_COLUMNS = ("owner_id", "user_id")
OWNER = "owner"
"""The parameter that every statement names the owner by."""


def owner_column(table: TableClause) -> str | None:
    """The column that says whose a row is; ``None`` for a table that is nobody's."""
    if table.name in {"users", "spaces"}:
        return "id"
    return next((name for name in OWNER_COLUMNS if name in table.c), None)


def untied_parts(statement: Statement) -> list[str]:
    """What of the statement may touch rows of more than one user; empty if it is proved not to."""
    dialects = [DIALECTS[statement.only]] if statement.only else DIALECTS.values()
    return [
        fault for dialect in dialects for fault in _faults(statement.expression_for(dialect.name), dialect)
    ]


def _faults(expression: Any, dialect: Dialect) -> list[str]:
    faults: list[str] = []

    class Watching(dialect.statement_compiler):  # type: ignore[name-defined,misc]
        def _setup_select_stack(self, select: Any, *args: Any, **kwargs: Any) -> Any:
            # What the SELECT will be FROM, without what an enclosing statement brings.
            froms = super()._setup_select_stack(select, *args, **kwargs)
            faults.extend(_untied(froms, _conjuncts(select._where_criteria)))
            return froms

        def visit_update(self, update: Any, *args: Any, **kwargs: Any) -> Any:
            given = chain(update._where_criteria, (update._values or {}).values())
            froms = chain([update.table], *(element._from_objects for element in given))
            faults.extend(_untied(froms, _conjuncts(update._where_criteria)))
            return super().visit_update(update, *args, **kwargs)

        def visit_delete(self, delete: Any, *args: Any, **kwargs: Any) -> Any:
            froms = chain([delete.table], *(each._from_objects for each in delete._where_criteria))
            faults.extend(_untied(froms, _conjuncts(delete._where_criteria)))
            return super().visit_delete(delete, *args, **kwargs)

        def visit_insert(self, insert: Any, *args: Any, **kwargs: Any) -> Any:
            faults.extend(_unowned_insertions(insert))
            return super().visit_insert(insert, *args, **kwargs)

    watching = type(dialect)()
    watching.statement_compiler = Watching
    watching.paramstyle, watching.positional = dialect.paramstyle, dialect.positional
    expression.compile(dialect=watching)
    return faults


def _untied(froms: Iterable[Any], conditions: Iterable[Any]) -> Iterator[str]:
    """The tables of users' rows among ``froms`` that the conditions do not tie to the owner."""
    conditions = list(conditions)
    tables: list[Any] = []
    partly: list[tuple[Any, list[Any]]] = []
    for each in chain.from_iterable(map(_flattened, froms)):
        if not isinstance(each, Join):
            tables += [] if each in tables else [each]
        elif not each.isouter and not each.full:
            conditions += _conjuncts([each.onclause])
        elif not each.full:
            # What an outer join's condition says, it says only of the rows that it adds.
            added = list(_flattened(each.right))
            partly += [(condition, added) for condition in _conjuncts([each.onclause])]
    tied = _tied([*((condition, tables) for condition in conditions), *partly])
    for table in tables:
        if _owner_of(table) is not None and _owner_of(table) not in tied:
            yield f"{table.name} is not tied to the owner"


def _tied(conditions: Iterable[tuple[Any, list[Any]]]) -> set[Any]:
    """The owner columns that must be the owner, by equalities and the tables of which each holds."""
    pairs = [(pair, tables) for condition, tables in conditions if (pair := _equal_owners(condition))]
    tied: set[Any] = {OWNER}
    for _ in range(len(pairs) + 1):
        for pair, tables in pairs:
            if not tied.isdisjoint(pair):
                tied |= {side for side in pair if side is not OWNER and side.table in tables}
    return tied


def _flattened(source: Any) -> Iterator[Any]:
    if isinstance(source, Join):
        yield from _flattened(source.left)
        yield from _flattened(source.right)
    yield source


def _owner_of(source: FromClause | None) -> Any:
    """The owner column of a table or of an alias of one; ``None`` for what has none."""
    table = source.element if isinstance(source, Alias) else source
    if source is None or not isinstance(table, Table):
        return None
    name = owner_column(table)
    return None if name is None else source.c[name]


def _conjuncts(conditions: Iterable[Any]) -> list[Any]:
    parts: list[Any] = []
    for condition in conditions:
        inner = condition.element if isinstance(condition, Grouping) else condition
        if isinstance(inner, BooleanClauseList) and inner.operator is operators.and_:
            parts += _conjuncts(inner.clauses)
        else:
            parts.append(inner)
    return parts


def _equal_owners(condition: Any) -> tuple[Any, Any] | None:
    if not isinstance(condition, BinaryExpression) or condition.operator is not operators.eq:
        return None
    left, right = _as_owner(condition.left), _as_owner(condition.right)
    return None if left is None or right is None else (left, right)


def _as_owner(element: Any) -> Any:
    """What the element says about an owner: the parameter, a column, or nothing."""
    if isinstance(element, BindParameter):
        return OWNER if element.key == OWNER else None
    if not isinstance(element, ColumnClause):
        return None
    if _owner_of(element.table) is element:
        return element
    return OWNER if _comes_out_of_subquery(element) else None


def _comes_out_of_subquery(column: Any) -> bool:
    """Whether it is the owner column of a CTE or subquery, which has been proved by itself."""
    if isinstance(column.table, Table) or isinstance(getattr(column.table, "element", None), Table):
        return False
    return any(
        isinstance(base, Column) and isinstance(base.table, Table) and owner_column(base.table) == base.name
        for base in column.base_columns
    )


def _unowned_insertions(insert: Any) -> Iterator[str]:
    name = owner_column(insert.table)
    if name is None:
        return
    if insert.select is not None:
        given = dict(zip(insert._select_names, insert.select.selected_columns, strict=True)).get(name)
    else:
        given = {_name(column): value for column, value in (insert._values or {}).items()}.get(name)
    if isinstance(given, Label):
        given = given.element
    if given is None or _as_owner(given) is None:
        yield f"{insert.table.name} is given a row that is not the owner's"
    clause = insert._post_values_clause
    if clause is not None and getattr(clause, "inferred_target_elements", None) is not None:
        target = [_name(element) for element in clause.inferred_target_elements]
        if name not in target:
            yield f"{insert.table.name} may update a row that is not the owner's"


def _name(column: Any) -> str:
    return column if isinstance(column, str) else str(getattr(column, "name", column))


KNOWN_TO_BE_NOBODYS = {
    "number_allotments",
    "service_keys",
    "maintenance_marks",
    "revocation_head",
    "attempt_windows",
    "guess_delays",
    "sign_up_invitations",
    "erased_subjects",
}


def ownerless_tables() -> set[str]:
    """The tables that the proof takes to be nobody's."""
    return {table.name for table in METADATA.tables.values() if owner_column(table) is None}
