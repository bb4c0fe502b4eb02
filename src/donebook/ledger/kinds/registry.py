"""The kinds that there are. Each is declared where its noun is; the ledger keeps house for all of them."""

from donebook.ledger.kinds.kind import Kind

_KINDS: dict[str, Kind] = {}


def declare(kind: Kind) -> Kind:
    """Make a kind known to the ledger; as with tables, importing the noun's module does it."""
    if kind.name in _KINDS:
        raise ValueError(f"there is a kind {kind.name} already")
    _KINDS[kind.name] = kind
    return kind


def withdraw(kind: Kind) -> None:
    """Forget a kind that was declared for a while."""
    del _KINDS[kind.name]


def all_kinds() -> tuple[Kind, ...]:
    """The kinds in the order of their declaration; at least one, or who calls has not imported `kinds`."""
    if not _KINDS:
        raise LookupError("no kind is declared: import donebook.kinds")
    return tuple(_KINDS.values())
