"""Asking for what is another's, in every way an operation allows."""

import re
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import httpx

from donebook.cli.isolation.document import Operation, kinds_of
from donebook.cli.isolation.people import LONGEST_WAIT, OwnTask, Person, leading_number

_VARYING = re.compile(r'"(request_id|timestamp|instance)":\s*"[^"]*"')
_STREAM_SECONDS = 10.0
_HOLE = "…id…"
_ENDS_THE_TOKEN = "/logout"  # noqa: S105 - a path
_ENDS_ALL_TOKENS = "/logout-all"
_ASKS_FOR_A_PASSWORD = "/auth/password"  # noqa: S105 - a path


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was tried and what came of it; ``good`` unless something was shown, changed or not tried."""

    good: bool
    tried: str
    found: str


def probe(operation: Operation, victim: Person, intruder: Person) -> Iterator[Attempt]:
    """Everything one operation allows an intruder to try."""
    if operation.public:
        yield _anybody(operation, victim, intruder)
        return
    yield _nobody(operation, victim, intruder)
    before = victim.belongings()
    if operation.streams:
        yield _stream(operation, victim, intruder)
    elif operation.names_tasks:
        yield from _others_tasks(operation, victim, intruder)
        if operation.key_kind is not None and operation.method != "GET":
            yield from _others_condition(operation, victim, intruder)
    else:
        yield from _others_words(operation, victim, intruder)
    if "{user_id}" in operation.path:
        yield _others_path(operation, victim, intruder)
    if before != victim.belongings():
        yield Attempt(False, f"{operation}", "CHANGED what is the other's")
    # In these the other writes too.
    if operation.method == "GET" and not operation.key_kind and not operation.streams:
        yield from _others_tag(operation, victim, intruder)
    if operation.creates_tasks:
        yield _others_key(operation, victim, intruder)


def _anybody(operation: Operation, victim: Person, intruder: Person) -> Attempt:
    """What the server's document asks no token for."""
    answer = _ask_without_token(operation, victim, intruder)
    good = operation.is_a_door and not _shown(answer, victim)
    found = "shows nobody's tasks" if good else "SHOWS the other's" if operation.is_a_door else "must NOT be"
    tried = f"{operation} · without a token"
    return Attempt(good, tried, f"{answer.status_code}, open to everybody, {found}")


def _nobody(operation: Operation, victim: Person, intruder: Person) -> Attempt:
    answer = _ask_without_token(operation, victim, intruder)
    good = answer.status_code == httpx.codes.UNAUTHORIZED and not _shown(answer, victim)
    return Attempt(good, f"{operation} · without a token", f"{answer.status_code}")


def _ask_without_token(operation: Operation, victim: Person, intruder: Person) -> httpx.Response:
    path = _path(operation, victim, victim.live[0])
    body = operation.bodies(str(uuid.uuid4()), "x")[0]
    with intruder.client.stream(operation.method, path, json=body) as answer:
        # A stream that is open has no end to wait for.
        if not (operation.streams and answer.is_success):
            answer.read()
    # One attempt to log in too many would be on record, and not go away with the two users.
    if used_up := re.search(r";r=0;t=(\d+)", answer.headers.get("ratelimit", "")):
        time.sleep(min(int(used_up[1]), LONGEST_WAIT))
    return answer


def _others_tasks(operation: Operation, victim: Person, intruder: Person) -> Iterator[Attempt]:
    """The other's tasks by id: in the path, wherever the body takes one, and in the body of one's own."""
    kind = operation.key_kind or "uuid"
    counted = 0
    for index, shape in enumerate(operation.bodies(_HOLE, "…")):
        ask = _asker(operation, intruder, index)
        if not any(ask(intruder.create(kind, trashed=trashed)).is_success for trashed in (False, True)):
            continue  # the schema allows it, the rules do not: the answer would say nothing about ids
        counted += 1
        asks = {"": ask}
        if operation.key_kind is not None and _HOLE in repr(shape):
            asks[" in the body"] = _asker(operation, intruder, index, within=intruder.create(kind))
        said = "" if shape is None else f" · {_outline(shape)}"
        for place, ask_there in asks.items():
            for name, trashed in (("other's task", False), ("other's deleted task", True)):
                # New ones each time: where an id may be chosen, both have one of that id afterwards.
                theirs, missing = (
                    victim.create(kind, trashed=trashed),
                    OwnTask(str(uuid.uuid4()), 2**62 + index),
                )
                answer, expected = ask_there(theirs), ask_there(missing)
                good = _alike(answer, theirs, expected, missing) and not _shown(answer, victim)
                found = "as if it did not exist" if good else f"a missing one gives {expected.status_code}"
                tried = f"{operation}{said} · {name}{place}"
                yield Attempt(good, tried, f"{answer.status_code}, {found}")
                victim.ask("DELETE", victim.address(theirs))
    if not counted:
        yield Attempt(False, f"{operation}", "could not be tried: one's own task is refused too")


def _asker(
    operation: Operation, person: Person, index: int, *, within: OwnTask | None = None
) -> Callable[[OwnTask], httpx.Response]:
    """Asks about a task by one of the bodies; ``within`` is named in the path instead of it."""

    def ask(task: OwnTask) -> httpx.Response:
        body = operation.bodies(task.uuid or str(uuid.uuid4()), f"{person.tag} said")[index]
        options = {} if body is None else {"json": body}
        return person.ask(operation.method, _path(operation, person, within or task), **options)

    return ask


def _others_condition(operation: Operation, victim: Person, intruder: Person) -> Iterator[Attempt]:
    """The other's entity tag in If-Match: a refusal may show what I have, and nothing else."""
    theirs = victim.ask("GET", victim.address(victim.live[0])).headers.get("etag", "")
    for tag in (theirs, '"0"'):
        mine = intruder.create(operation.key_kind)
        body = operation.bodies(mine.uuid or str(uuid.uuid4()), f"{intruder.tag} said")[0]
        options = {} if body is None else {"json": body}
        path = _path(operation, intruder, mine)
        answer = intruder.ask(operation.method, path, headers={"If-Match": tag}, **options)
        good = answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR and not _shown(answer, victim)
        yield Attempt(good, f"{operation} · If-Match: {tag}", _verdict(answer, good))


def _others_words(operation: Operation, victim: Person, intruder: Person) -> Iterator[Attempt]:
    """What takes no task: as it is, then with the other's words, numbers and cursors in every parameter."""
    token = intruder.token() if operation.path.endswith(_ENDS_THE_TOKEN) else None
    if operation.path_parameters:
        intruder.create(None)  # so that the revision in the path is the last, which nothing hinders
    path = _path(operation, intruder, intruder.live[0])
    body = operation.bodies("", f"{intruder.tag} said")[0]
    if operation.path.endswith(_ASKS_FOR_A_PASSWORD):
        # The new one must be one that any rule allows.
        body |= {"new_password": f"Aa1 {intruder.tag}"}
    options = {} if body is None else {"json": body}
    plain = intruder.ask(operation.method, path, token=token, **options)
    # Neither of the two has a password, so that no other is taken for it.
    expected = (
        plain.status_code == httpx.codes.UNAUTHORIZED
        if operation.path.endswith(_ASKS_FOR_A_PASSWORD)
        else plain.is_success
    )
    good = expected and not _shown(plain, victim)
    yield Attempt(good, f"{operation} · as it is", _verdict(plain, good))
    if operation.path.endswith(_ENDS_ALL_TOKENS):
        intruder.come_back()
    for name, schema in operation.query_parameters.items():
        kinds = kinds_of(schema)
        values = [*(_words(operation, victim) if "text" in kinds else [])]
        values += [*map(str, sorted(victim.numbers()))] if "integer" in kinds else []
        for value in values:
            answer = intruder.ask(operation.method, path, params={name: value}, **options)
            good = not _shown(answer, victim)
            yield Attempt(good, f"{operation} · {name}={value[:24]}", _verdict(answer, good))


def _words(operation: Operation, victim: Person) -> Iterator[str]:
    yield from victim.marks()
    yield victim.id
    answer = victim.ask(operation.method, _path(operation, victim, victim.live[0]), params={"limit": "1"})
    if answer.is_success and isinstance(shown := answer.json(), dict) and shown.get("next_cursor"):
        yield shown["next_cursor"]


def _others_path(operation: Operation, victim: Person, intruder: Person) -> Attempt:
    path = _path(operation, victim, victim.live[0])
    body = operation.bodies(str(uuid.uuid4()), f"{intruder.tag} said")[0]
    answer = intruder.ask(operation.method, path, **({} if body is None else {"json": body}))
    good = answer.status_code == httpx.codes.FORBIDDEN and not _shown(answer, victim)
    return Attempt(good, f"{operation} · other's id in the path", _verdict(answer, good))


def _others_tag(operation: Operation, victim: Person, intruder: Person) -> Iterator[Attempt]:
    """The other's entity tag, as it would be at my own revision, says nothing about what is mine."""
    path = _path(operation, intruder, intruder.live[0])
    theirs = victim.ask("GET", _path(operation, victim, victim.live[0])).headers.get("etag")
    mine = intruder.ask("GET", path).headers.get("etag")
    if theirs is not None and mine is not None:
        # Where revisions begin differs, so that writing never brings both to the same one.
        tag = re.sub(r"\d+", str(leading_number(mine)), theirs, count=1) if leading_number(mine) else theirs
        answer = intruder.ask("GET", path, headers={"If-None-Match": tag})
        good = answer.is_success and not _shown(answer, victim)
        yield Attempt(good, f"{operation} · other's ETag in If-None-Match", _verdict(answer, good))


def _others_key(operation: Operation, victim: Person, intruder: Person) -> Attempt:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    answers = [
        person.ask(
            "POST",
            _path(operation, person, person.live[0]),
            json={"title": f"{person.tag} by key"},
            headers=key,
        )
        for person in (victim, intruder)
    ]
    good = answers[1].is_success and not _shown(answers[1], victim)
    return Attempt(good, f"{operation} · other's Idempotency-Key", _verdict(answers[1], good))


def _stream(operation: Operation, victim: Person, intruder: Person) -> Attempt:
    """Listen, both, while both write: my own changes arrive, the other's do not."""
    heard = ""
    with _listening(operation, victim), _listening(operation, intruder) as answer:
        victim.create(None, trashed=True)
        writer = threading.Timer(0.2, lambda: intruder.create(None))
        writer.start()
        try:
            for line in answer.iter_lines():
                heard += line + "\n"
                if intruder.tag in heard:
                    break
        except httpx.TimeoutException:
            pass
        writer.join()
    good = intruder.tag in heard and not any(mark in heard for mark in victim.marks())
    found = "my own changes alone" if good else "not my own changes alone"
    return Attempt(good, f"{operation} · while both write", f"{answer.status_code}, {found}")


def _listening(operation: Operation, person: Person) -> AbstractContextManager[httpx.Response]:
    headers = {"Authorization": f"Bearer {person.token()}"}
    path = _path(operation, person, person.live[0])
    return person.client.stream(operation.method, path, headers=headers, timeout=_STREAM_SECONDS)


def _path(operation: Operation, person: Person, task: OwnTask) -> str:
    path = operation.path.replace("{user_id}", person.id)
    path = path.replace("{task_id}", task.key(operation.key_kind) or str(uuid.uuid4()))
    # Any other place takes a revision.
    return re.sub(r"\{\w+\}", str(person.revision), path)


def _shown(answer: httpx.Response, victim: Person) -> bool:
    """Whether an answer has anything of the victim's."""
    told = answer.text + str(answer.headers)
    if any(mark in told for mark in victim.marks()):
        return True
    if answer.is_success and answer.content and "json" in answer.headers.get("content-type", ""):
        return not victim.numbers().isdisjoint(_numbers(answer.json()))
    return False


def _numbers(shown: Any) -> Iterator[int]:
    """The numbers by which tasks are known in an answer."""
    if isinstance(shown, dict):
        yield from (
            value for name, value in shown.items() if name in {"id", "number"} and isinstance(value, int)
        )
        for value in shown.values():
            yield from _numbers(value)
    elif isinstance(shown, list):
        for value in shown:
            yield from _numbers(value)


def _alike(answer: httpx.Response, theirs: OwnTask, expected: httpx.Response, missing: OwnTask) -> bool:
    """Whether the other's task was answered as the missing one was; a success never reads the same."""
    if answer.is_success:
        return answer.status_code == expected.status_code
    return _like(answer, theirs) == _like(expected, missing)


def _like(answer: httpx.Response, task: OwnTask) -> tuple[int, str]:
    """An answer without what differs from one request to the next."""
    text = answer.text
    for name in (task.uuid, str(task.number)):
        text = text.replace(name, "…") if name is not None else text
    return answer.status_code, _VARYING.sub("", text)


def _verdict(answer: httpx.Response, good: bool) -> str:
    return f"{answer.status_code}" + ("" if good else ", SHOWS what is the other's, or is no answer at all")


def _outline(body: Any) -> str:
    if isinstance(body, list):
        return _outline(body[0])
    if isinstance(body, dict):
        inner = next((value for value in body.values() if isinstance(value, list)), None)
        if inner and isinstance(inner[0], dict):
            return _outline(inner[0])
        return " ".join([str(body["op"]), *(name for name in body if name != "op")] if "op" in body else body)
    return ""
