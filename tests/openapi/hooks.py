"""What Schemathesis is told beside the document; it loads this module into its own process.

A document cannot say everything: at which revision a task stands, which idempotency keys were used.
In most of the requests that are to succeed such values are left out or made to fit, so that these reach
what is behind them. The refusals of the others are accepted, each for its own reason.
"""

import json
import os
import string
import threading
import time
import zlib
from collections.abc import Callable
from itertools import count
from typing import Any
from zoneinfo import available_timezones

import httpx
import jwt
import schemathesis
from hypothesis import strategies
from schemathesis import Case, CheckContext, HookContext, Response
from schemathesis.core.failures import Failure
from schemathesis.openapi.checks import IgnoredAuth, RejectedPositiveData, UseAfterFree

from tests.faults.isolation import Tagged, foreign_tags

SETTINGS = json.loads(os.environ["OPENAPI_CAMPAIGN"])
USER = SETTINGS["user"]
OTHER = SETTINGS["other"]
AUTHORIZATION = f"Bearer {USER['token']}"

EVENTS = "/api/v2/events"
TICKET = "/api/v2/events/ticket"
LOG_OUT = "/api/auth/logout"
SILENCE = 0.05

# Only the service knows a right value of these.
_QUERY_OF_THE_SERVICE = {"cursor", "since", "base"}
_HEADERS_OF_THE_SERVICE = {"If-Match", "Last-Event-ID"}
_NAMES_OF_TASKS = ("task_id", "task", "id", "before", "after")

_numbers = count(1)
_keys: dict[str, str] = {}
_tickets: set[str] = set()
_following: dict[str, threading.Event] = {}

schemathesis.openapi.format("iana-time-zone", strategies.sampled_from(sorted(available_timezones())))
schemathesis.openapi.format(
    "password",
    strategies.builds(
        "Zz{}{}".format,
        strategies.text(string.ascii_letters + string.punctuation, min_size=5, max_size=100),
        strategies.integers(0, 9),
    ),
)


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Make what only the service knows fit, and aim at the other user, in some of the valid requests."""
    del context, kwargs
    # What Schemathesis found as the other user it tries as this one too.
    if OTHER["tag"] in f"{case.query!r}{case.body!r}":
        case.query, case.body = _without_tag(case.query), _without_tag(case.body)
    if case.path.endswith(LOG_OUT) and case.headers.get("Authorization") == AUTHORIZATION:
        case.headers["Authorization"] = f"Bearer {_token_to_end()}"
    if case.path == EVENTS:
        _write_until_told(case)
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return
    request = f"{case.method}{case.path}{case.path_parameters}{case.query}{case.body!r}"
    key = case.headers.get("Idempotency-Key")
    if key is not None and _keys.setdefault(key, request) != request:
        case.headers["Idempotency-Key"] = f"key-{next(_numbers)}"
    # The same whenever the request is tried again; a token is another each time.
    headers = {name: value for name, value in case.headers.items() if name != "Authorization"}
    number = zlib.crc32(f"{request}{headers}".encode("utf-8", "surrogatepass"))
    if number % 4:
        for name in _HEADERS_OF_THE_SERVICE & case.headers.keys():
            del case.headers[name]
        for name in _QUERY_OF_THE_SERVICE & case.query.keys():
            del case.query[name]
    # A scenario goes on with what it made itself.
    if case.meta.phase.name != "stateful" and number % 5 == 0:
        _aim_at_the_other(case, number)


def _without_tag(value: Any) -> Any:
    if isinstance(value, str) and OTHER["tag"] in value:
        return value.replace(OTHER["tag"], "nobody")
    if isinstance(value, dict):
        return {key: _without_tag(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_without_tag(each) for each in value]
    return value


def _aim_at_the_other(case: Case[Any], number: int) -> None:
    task = OTHER["tasks"][number % len(OTHER["tasks"])]
    for place in (case.path_parameters, case.query, case.body):
        if not isinstance(place, dict):
            continue
        for name in _NAMES_OF_TASKS:
            if isinstance(place.get(name), str | int):
                place[name] = task["number"] if str(place[name]).isdigit() else task["id"]
        if number % 2 and "user_id" in place:
            place["user_id"] = OTHER["id"]


def _token_to_end() -> str:
    claims = {"sub": USER["id"], "jti": f"to-end-{next(_numbers)}", "exp": int(time.time()) + 3600}
    return jwt.encode(claims, SETTINGS["secret"])


def _write_until_told(case: Case[Any]) -> None:
    """Write tasks while the case follows events: a stream without any is read until the time is up."""
    told = _following[case.id] = threading.Event()

    def write() -> None:
        while not told.wait(SILENCE):
            httpx.post(
                f"{SETTINGS['service']}/api/v2/tasks",
                json={"title": "Something happens"},
                headers={"Authorization": AUTHORIZATION},
            )

    threading.Thread(target=write, daemon=True).start()


def _tell(case: Case[Any]) -> None:
    if case.id in _following:
        _following.pop(case.id).set()


@schemathesis.hook
def after_call(context: HookContext, case: Case[Any], response: Response) -> None:
    del context
    _tell(case)
    if case.path == TICKET and response.status_code == 201:
        _tickets.add(response.json()["ticket"])


@schemathesis.hook
def after_network_error(context: HookContext, case: Case[Any], request: Any) -> None:
    del context, request
    _tell(case)


@schemathesis.check
def nothing_of_the_other_user(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """No answer, in its headers or its body, has the tag that everything of another user carries."""
    del ctx, case
    tags = foreign_tags(Tagged(USER["tag"]), f"{response.headers}{response.text}".encode())
    assert tags == set(), f"the answer shows what is another user's: {tags}"


Reason = Callable[[Case[Any], Response], bool]


def _sent(*names: str) -> Reason:
    return lambda case, response: bool(set(names) & (case.headers.keys() | case.query.keys()))


def _says(*words: str) -> Reason:
    return lambda case, response: any(each in response.text for each in words)


ACCEPTED: dict[int, Reason] = {
    # What only the service makes or knows: a cursor, and how many revisions a user has.
    400: _sent("cursor", "since", "base", "Last-Event-ID"),
    # Where a user's revisions begin.
    410: _sent("since", "before", "Last-Event-ID"),
    # At which revision a task or a list stands.
    412: _sent("If-Match"),
    422: _says(
        # Which keys were used.
        "idempotency_key_reused",
        # That what is ignored must still be text that can be kept.
        "string_nul",
        # Where the calendar ends, by a clock in UTC.
        "years 1 to 9999",
        "datetime.date(1, 1, 1)",
    ),
}
"""Why a valid request may be refused, where the document has no way to say so."""


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case[Any], response: Response) -> bool:
    """Whether it is a failure indeed."""
    del context
    if isinstance(failure, UseAfterFree):
        # A request that comes again is answered as it was then, whatever was deleted since.
        return "idempotent-replayed" not in response.headers
    if isinstance(failure, IgnoredAuth) and case.path == EVENTS:
        # It takes made-up credentials for bad ones, and makes up a query of a ticket that it was given.
        return case.query.get("ticket") not in _tickets
    if not isinstance(failure, RejectedPositiveData) or response.status_code not in ACCEPTED:
        return True
    return not ACCEPTED[response.status_code](case, response)
