"""Who watches the requests: the access log and, where they are wanted, the metrics."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from donebook.http.access import AccessLog
from donebook.http.edge import Observer
from donebook.http.lines import LINES
from donebook.http.logs import is_json
from donebook.settings import Settings
from donebook.storage.database import Database

if TYPE_CHECKING:
    from donebook.http.metrics import Measurements
    from donebook.http.metrics_port import MetricsPort


class Observation:
    """The observers that the settings ask for, and what they need started and stopped."""

    def __init__(self, settings: Settings, database: Database, followers: Callable[[], int]) -> None:
        observers: list[Observer] = []
        if settings.log_requests:
            observers.append(AccessLog(json=is_json(settings), level=settings.log_level))
        metrics = _metrics(settings, database, followers)
        self._port = metrics[1] if metrics else None
        if metrics:
            observers.append(metrics[0])
        self.observers: Sequence[Observer] = observers

    def start(self) -> None:
        """Answer on the metrics port, if there is one."""
        LINES.resume()
        if self._port is not None:
            self._port.start()

    async def stop(self) -> None:
        """Close the metrics port, and write the lines that wait."""
        if self._port is not None:
            await asyncio.to_thread(self._port.stop)
        await asyncio.to_thread(LINES.settle)


def _metrics(
    settings: Settings, database: Database, followers: Callable[[], int]
) -> "tuple[Measurements, MetricsPort] | None":
    if settings.metrics_port is None:
        return None
    # Imported only where metrics are wanted: it takes a tenth of a second.
    from donebook.http.metrics import Measurements
    from donebook.http.metrics_port import MetricsPort

    measurements = Measurements(database.usage, followers)
    return measurements, MetricsPort(settings.metrics_host, settings.metrics_port, measurements.families)
