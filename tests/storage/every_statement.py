"""Every statement of the product, found by looking through its modules.

A statement is a `Statement` in a module, or what a cached factory makes. Factories are called with
every combination of what their parameters' types allow; where those are too many, with enough of
them to meet every branch.
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import islice, product
from types import ModuleType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec

import taskledger
from taskledger.storage.statement import Statement
from taskledger.tasks.values import Aspect, Priority, Selection, Sort
from tests.tasks.actors import TaskFacts

Factory = Callable[..., Statement]
_Cached = type(cache(lambda: None))


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
    for module in pkgutil.walk_packages(taskledger.__path__, "taskledger."):
        # These run something when they are imported.
        if not module.name.startswith(("taskledger.__main__", "taskledger.migrations")):
            yield importlib.import_module(module.name)


def statements_in(module: ModuleType, *, one_of_each: bool = False) -> Iterator[Statement]:
    """The statements of a module, of each factory's all or just the first."""
    for value in vars(module).values():
        if isinstance(value, Statement):
            yield value
        elif isinstance(value, Mapping):
            yield from (each for each in value.values() if isinstance(each, Statement))
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
    if hint is bool:
        return [False, True]
    if get_origin(hint) is Literal:
        return list(get_args(hint))
    if hint == type[msgspec.Struct]:
        # One with every fact: any other selects some of the same columns.
        return [TaskFacts]
    if hint == frozenset[Aspect]:
        # Restoring alone changes what the others find.
        return [
            *(frozenset({aspect, *also}) for aspect in Aspect for also in ([], [Aspect.RESTORE])),
            frozenset(Aspect),
        ]
    if hint is Selection:
        return _selections()
    raise NotImplementedError(f"say here which values of {hint} make all kinds of statements")


def _selections() -> list[Selection]:
    sorts: tuple[Sort, ...] = get_args(Sort)
    priorities: tuple[Priority | None, ...] = (None, "low")
    return [
        Selection(completed, priority, search, sort, descending, limit)
        for completed, priority, search, sort, descending, limit in product(
            (None, True, False), priorities, (None, ""), sorts, (True, False), (None, 1)
        )
    ]
