"""Which contracts there are, and mounting them."""

from collections.abc import Iterator, Sequence

from donebook.contracts import auth, enveloped, flat, scoped, v2, versioned
from donebook.http.contract import Contract
from donebook.http.dispatch import Mounted, Paths
from donebook.http.route import ContractRoute
from donebook.settings import Mount

CONTRACTS: dict[str, Contract] = {
    module.contract.name: module.contract for module in (v2, versioned, flat, scoped, auth, enveloped)
}

_PREFIXES = {
    v2.contract.name: ("/api/v2",),
    versioned.contract.name: ("/api/v1",),
    auth.contract.name: ("/api/auth", "/api/v1/auth"),
}


def mount_contracts(mounts: Sequence[Mount]) -> tuple[Paths, list[ContractRoute]]:
    """The sealed paths of the mounted contracts, and their routes for OpenAPI.

    Raises `PathCollision` where two of them claim one URL.
    """
    paths = Paths()
    routes: list[ContractRoute] = []
    places = list(_mounted(mounts))
    for mounted in places:
        made = mounted.contract.routes(mounted.base, mounted.voice)
        for route in made:
            for method in route.methods or ():
                paths.add(mounted, method, route.path, route)
        routes += made
    for mounted in places:
        for path in _claims(mounted, places):
            paths.claim(mounted, path)
    for mount in mounts:
        for word in ("v1", "v2", "tasks", "auth"):
            # These words are no user ids, whether or not their contract is mounted.
            paths.reserve(f"{mount.base}/api/{word}")
    return paths, routes


def _claims(mounted: Mounted, among: Sequence[Mounted]) -> Iterator[str]:
    """The paths below which this contract words a 404, whether or not an endpoint is near.

    A base belongs to the one contract that is mounted there; ``auth`` gives way to another.
    """
    at_base = [each for each in among if each.base == mounted.base and each.contract is not auth.contract]
    if mounted.base and at_base in ([mounted], []):
        yield mounted.base
    for prefix in _PREFIXES.get(mounted.contract.name, ()):
        yield mounted.base + prefix


def _mounted(mounts: Sequence[Mount]) -> Iterator[Mounted]:
    """The contracts in their places: ``auth`` is where ``enveloped`` is too, and speaks as it does there."""
    enveloped_bases = [mount.base for mount in mounts if mount.name == enveloped.contract.name]
    auth_bases = [mount.base for mount in mounts if mount.name == auth.contract.name]
    for mount in mounts:
        if mount.name != auth.contract.name:
            yield Mounted(CONTRACTS[mount.name], mount.base)
    for base in dict.fromkeys([*auth_bases, *(enveloped_bases if auth_bases else ())]):
        yield Mounted(auth.contract, base, enveloped.contract.voice if base in enveloped_bases else None)
