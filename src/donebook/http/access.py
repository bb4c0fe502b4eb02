"""One line in the log for each request."""

import time
from collections.abc import Callable

from starlette.types import Scope

from donebook.http.lines import LINES, json_text

_LEVELS = ("debug", "info", "warning", "error", "critical")
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


def level_of(status: int) -> str:
    """A fault of ours is an error; what we refuse because we cannot, a warning."""
    if status < 500:
        return "info"
    return "error" if status == 500 else "warning"


class AccessLog:
    """Writes the line of each request that is over, in JSON or for people.

    ``level`` is the lowest that is written. A line costs about two microseconds: everything in it
    but the user's id is ours or already checked, and needs no escaping.
    """

    def __init__(
        self, *, json: bool, level: str = "info", gather: Callable[[str], None] = LINES.gather
    ) -> None:
        self._compose = self._json if json else self._plain
        self._gather = gather
        self._quiet = {each for each in _LEVELS if _LEVELS.index(each) < _LEVELS.index(level)}
        self._tick(0)

    def record(self, scope: Scope, status: int, seconds: float) -> None:
        """Write the line of a request that was answered with the status."""
        level = level_of(status)
        if level not in self._quiet:
            self._gather(self._compose(scope, status, seconds, level))

    def _tick(self, second: int) -> None:
        """Word a second once for all its lines: in UTC with the date, and by the wall clock."""
        self._second = second
        self._date = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        self._clock = time.strftime("%H:%M:%S", time.localtime(second))

    def _json(self, scope: Scope, status: int, seconds: float, level: str) -> str:
        now = time.time()
        second = int(now)
        if second != self._second:
            self._tick(second)
        method = scope["method"]
        route = scope.get("route")
        contract = scope.get("contract")
        principal = scope.get("principal")
        stopwatch = scope.get("stopwatch")
        trace = scope.get("trace_id")
        failure = scope.get("failure")
        failed = "" if failure is None else f'"failure":"{failure.__name__}",'
        return (
            f'{{"time":"{self._date}.{int((now - second) * 1000):03d}Z","level":"{level}",'
            f'"logger":"donebook.requests","event":"request","request_id":"{scope["request_id"]}",'
            + (f'"trace_id":"{trace}",' if trace else "")
            + (f'"user":{json_text(principal.user_id)},' if principal is not None else "")
            + (f'"contract":"{contract.name}",' if contract is not None else "")
            + (f'"route":"{route.path}",' if route is not None else "")
            + f'"method":"{method if method in METHODS else "other"}","status":{status},{failed}'
            f'"duration_ms":{seconds * 1000:.2f}'
            + (f',"database_ms":{stopwatch.seconds * 1000:.2f}}}\n' if stopwatch is not None else "}\n")
        )

    def _plain(self, scope: Scope, status: int, seconds: float, level: str) -> str:
        second = int(time.time())
        if second != self._second:
            self._tick(second)
        method = scope["method"]
        route = scope.get("route")
        contract = scope.get("contract")
        principal = scope.get("principal")
        stopwatch = scope.get("stopwatch")
        failure = scope.get("failure")
        failed = "" if failure is None else f" {failure.__name__}"
        return (
            f"{self._clock} {level.upper():<8} {method if method in METHODS else 'other'} "
            f"{route.path if route is not None else '(no route)'} {status}{failed} {seconds * 1000:.1f} ms"
            + (f" (database {stopwatch.seconds * 1000:.1f} ms)" if stopwatch is not None else "")
            + (f" {contract.name}" if contract is not None else "")
            + (f" user={json_text(principal.user_id)}" if principal is not None else "")
            + f" request_id={scope['request_id']}\n"
        )
