"""Which contracts there are, and mounting them."""

from collections.abc import Sequence

from taskledger.contracts import enveloped, flat, scoped, v2, versioned
from taskledger.http.contract import Contract
from taskledger.http.dispatch import Mounted, Paths
from taskledger.http.route import ContractRoute
from taskledger.settings import Mount

CONTRACTS: dict[str, Contract] = {
    module.contract.name: module.contract for module in (v2, versioned, flat, scoped, enveloped)
}


def mount_contracts(mounts: Sequence[Mount]) -> tuple[Paths, list[ContractRoute]]:
    """The sealed paths of the mounted contracts, and their routes for OpenAPI.

    Raises `PathCollision` where two of them claim one URL.
    """
    paths = Paths()
    routes: list[ContractRoute] = []
    for mount in mounts:
        contract = CONTRACTS.get(mount.name)
        if contract is None:
            continue
        mounted = Mounted(contract, mount.base)
        made = contract.routes(mount.base)
        for route in made:
            for method in route.methods or ():
                paths.add(mounted, method, route.path, route)
        routes += made
    for mount in mounts:
        for word in ("v1", "v2", "tasks", "auth"):
            # These words are no user ids, whether or not their contract is mounted.
            paths.reserve(f"{mount.base}/api/{word}")
    return paths, routes
