"""The contract that the endpoints of this package declare."""

from collections.abc import Callable, Iterable
from typing import Any

from donebook.contracts.dialect import DetailVoice
from donebook.http.contract import Contract, Endpoint

contract = Contract("auth", "Accounts of our own: sign-up, log-in, log-out", DetailVoice(), keyed=False)


def route(
    method: str, name: str, *, other_names: Iterable[str] = (), **options: Any
) -> Callable[[Endpoint], Endpoint]:
    """Declare an endpoint at ``/api/auth/<name>`` and its other names, and at all under ``/api/v1/auth``.

    Only the first is in the OpenAPI document: fifty operations that are twelve would help nobody.
    """

    def declare(endpoint: Endpoint) -> Endpoint:
        documented = f"/api/auth/{name}"
        for base in ("/api/auth", "/api/v1/auth"):
            for each in (name, *other_names):
                path = f"{base}/{each}"
                shown = path == documented
                contract.route(method, path, **options, include_in_schema=shown)(endpoint)
        return endpoint

    return declare
