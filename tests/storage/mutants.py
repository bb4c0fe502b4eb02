"""The product's modules of statements with a change in one of them, to see that it is noticed."""

import importlib
import inspect
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType, ModuleType

from donebook.storage.statement import Statement
from tests.storage.every_statement import modules

# Kinds, too: what their turns set is in the statements that are made for them.
_DECLARES = re.compile(r"\bStatement\(|\bOWNER\b|\bdeclare\(|\bbindparam\(\"owner\"")


@contextmanager
def made_again(name: str, code: CodeType) -> Iterator[list[ModuleType]]:
    """The modules that declare statements, imported anew with ``code`` in place of the one of that name."""
    declaring = [each for each in modules() if _DECLARES.search(inspect.getsource(each))]
    # What a statement is stays, so that those of the modules made again are known for such.
    names = [each.__name__ for each in declaring if each.__name__ != Statement.__module__]
    # In a package the name of a module may stand for something of it.
    attributes = {each: getattr(*_place_of(each)) for each in names}
    kept = {each: sys.modules.pop(each) for each in names}
    try:
        mutant = sys.modules[name] = ModuleType(name)
        mutant.__file__ = kept[name].__file__
        exec(code, vars(mutant))
        yield [importlib.import_module(each) for each in names]
    finally:
        sys.modules.update(kept)
        for each, original in attributes.items():
            setattr(*_place_of(each), original)


def _place_of(name: str) -> tuple[ModuleType, str]:
    parent, _, child = name.rpartition(".")
    return sys.modules[parent], child
