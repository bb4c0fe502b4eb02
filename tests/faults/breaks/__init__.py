"""Mistakes built into a server, or into a test's own process, on purpose and from outside.

Each is a mistake that somebody could make. For each there is a case of the programme that notices it.
The product has no switch for any of them: they are patches, made before it starts.
"""

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

VARIABLE = "DONEBOOK_TEST_MISTAKE"
"""Names the mistake that every server of a test run is to have."""

_MODULES = (
    "accounts",
    "bounds",
    "contracts",
    "histories",
    "http",
    "isolation",
    "quotas",
    "storage",
    "tasks",
    "tokens",
)
_ROOT = Path(__file__).parents[3]


def find_mistake(name: str) -> Callable[[], None]:
    """The function that makes the mistake; its docstring says what it is."""
    for module in _MODULES:
        found: Callable[[], None] | None = getattr(import_module(f"{__name__}.{module}"), name, None)
        if found is not None:
            return found
    raise LookupError(name)


def chosen_mistake() -> str | None:
    """The mistake that this run is to make everywhere, if any."""
    return os.environ.get(VARIABLE)


def mistaken_environment(directory: Path) -> Mapping[str, str]:
    """What a program of ours needs in its environment to make the run's mistake; mostly nothing."""
    name = chosen_mistake()
    if name is None:
        return {}
    # Python imports a module of this name before anything else.
    site = directory / "mistake"
    site.mkdir(exist_ok=True)
    (site / "sitecustomize.py").write_text(
        f"import sys\nsys.path.insert(0, {str(_ROOT)!r})\n"
        f"from tests.faults.breaks import find_mistake\nfind_mistake({name!r})()\n"
    )
    return {"PYTHONPATH": str(site)}
