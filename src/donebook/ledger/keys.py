"""Keys that all workers and machines of the service share, kept in its database.

They sign what the service hands out to be handed back. A secret of the settings would do only where
there is one, and would take what is signed along when it is changed.
"""

import secrets

from donebook.ledger.statements import records
from donebook.storage.database import Database

_BYTES = 32


class ServiceKeys:
    """The keys by name, remembered once read."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, bytes] = {}

    async def get(self, name: str) -> bytes:
        """The key of that name, made if this is the first time anybody asks; raises `DatabaseUnavailable`."""
        key = self._known.get(name)
        if key is None:
            key = self._known[name] = await self._read(name)
        return key

    async def _read(self, name: str) -> bytes:
        rows = await self._database.read(records.SERVICE_KEY, {"name": name})
        if not rows:
            fresh = {"name": name, "fresh": secrets.token_bytes(_BYTES)}
            await self._database.write(records.PROPOSE_SERVICE_KEY, fresh)
            rows = await self._database.read(records.SERVICE_KEY, {"name": name})
        key: bytes = rows[0][0]
        return key
