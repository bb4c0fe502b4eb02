"""Every statement of the product, found by looking through its modules.

A statement is a `Statement` in a module, or what a cached factory makes. Factories are called with
every combination of what their parameters' types allow; where those are too many, with enough of
them to meet every branch.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import islice, product
from types import ModuleType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from sqlalchemy import Table

import donebook
from donebook.accounts.statements.erasure import tables_to_empty
from donebook.ledger.kinds.kind import Kind
from donebook.migrations.tables import METADATA
from donebook.storage.statement import Statement
from donebook.tasks.selection import DueBound, Overdue, Selection, Sort
from tests.tasks.actors import TaskFacts

FILTERS = set(Selection.__struct_fields__) - {"sort", "descending", "limit", "offset"}

Factory = Callable[..., Statement]
_Cached = type(cache(lambda: None))
_SOME_TIME = datetime(2000, 1, 1, tzinfo=UTC)
_SOME_BOUND = DueBound(_SOME_TIME, _SOME_TIME)


@cache
def every_statement() -> dict[str, Statement]:
    """By a name that is the statement's own and says which databases run it."""
    found: dict[str, Statement] = {}
    for module in modules():
        for statement in statements_in(module):
            name = f"{statement.name} ({statement.only or 'both'})"
            assert found.setdefault(name, statement) is statement, f"two statements are called {name}"
    return found


def modules() -> Iterator[ModuleType]:
    """Every module of the product that may declare statements."""
    for module in pkgutil.walk_packages(donebook.__path__, "donebook."):
        # These run something when they are imported.
        if not module.name.startswith(("donebook.__main__", "donebook.migrations")):
            yield importlib.import_module(module.name)


def statements_in(module: ModuleType, *, one_of_each: bool = False) -> Iterator[Statement]:
    """The statements of a module, of each factory's all or just the first."""
    for value in vars(module).values():
        if isinstance(value, Statement):
            yield value
        elif _is_factory(value):
            yield from islice(_made_by(value), 1 if one_of_each else None)


def _is_factory(value: Any) -> bool:
    return isinstance(value, _Cached) and get_type_hints(value.__wrapped__).get("return") is Statement


def _made_by(factory: Factory) -> Iterator[Statement]:
    hints = get_type_hints(factory.__wrapped__)  # type: ignore[attr-defined]  # it is a cached function
    del hints["return"]
    for values in product(*(_values_of(hint) for hint in hints.values())):
        yield factory(**dict(zip(hints, values, strict=True)))


def _values_of(hint: Any) -> list[Any]:
    """Values of a parameter, of which the first makes the fullest statement."""
    kinds: dict[Any, Callable[[], list[Any]]] = {
        bool: lambda: [True, False],
        type(None): lambda: [None],
        # One with every fact: any other selects some of the same columns.
        type[msgspec.Struct]: lambda: [TaskFacts],
        frozenset[str]: _sets_of_aspects,
        Kind: lambda: [_tasks()],
        tuple[Kind, ...]: lambda: [(_tasks(),)],
        Selection: _selections,
        Table: lambda: [*tables_to_empty(METADATA)],
    }
    if hint in kinds:
        return kinds[hint]()
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    if get_origin(hint) in {Union, UnionType}:
        return [value for each in get_args(hint) for value in _values_of(each)]
    raise NotImplementedError(f"say here which values of {hint} make all kinds of statements")


def _tasks() -> Kind:
    """The kind as its module has it now, which a test may have made again."""
    found: Kind = importlib.import_module("donebook.tasks.kind").TASKS
    return found


def aspects_of(kind: Kind) -> list[str]:
    """All that an edit of the kind may touch: its fields and its turns."""
    return sorted({*kind.field, *kind.turns})


def _sets_of_aspects() -> list[frozenset[str]]:
    """Each aspect by itself, and all at once."""
    return [
        # A toggle always makes a difference, so that no other has to be looked for.
        frozenset(aspects_of(_tasks())) - {"toggle"},
        *(frozenset({aspect}) for aspect in aspects_of(_tasks())),
    ]


def _selections() -> list[Selection]:
    """Every order and page of a list with all filters and of one without, and every filter by itself."""
    full = Selection(
        completed=True,
        trashed=True,
        priorities=("low", "high"),
        search=("", ""),
        tags=("",),
        due_before=_SOME_BOUND,
        due_after=_SOME_BOUND,
        overdue=Overdue(_SOME_BOUND),
    )
    sorts: tuple[Sort, ...] = get_args(Sort)
    return [
        *(
            msgspec.structs.replace(each, sort=sort, descending=descending, limit=limit)
            for each, sort, descending, limit in product((full, Selection()), sorts, (True, False), (1, None))
        ),
        *(msgspec.structs.replace(Selection(), **{name: getattr(full, name)}) for name in FILTERS),
        Selection(completed=False),
        Selection(overdue=Overdue(_SOME_BOUND, wanted=False)),
    ]
