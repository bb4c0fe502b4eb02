"""Ways from one user to another."""

from contextvars import ContextVar
from dataclasses import replace
from typing import Any

from tests.faults.breaks.patching import patch

_claimed: ContextVar[Any] = ContextVar("claimed", default=None)


def forget_the_owner() -> None:
    """Leave the owner out of the conditions on tasks, in every statement."""
    from donebook.ledger.statements.parts import OWNER, is_mine
    from donebook.tasks.kind import TASKS

    is_mine(TASKS).left = OWNER  # type: ignore[attr-defined]  # the owner is the owner: always true


def forget_whose_path() -> None:
    """Take any user id in a path for the principal's."""
    from donebook.http.route import ContractRoute

    plan = ContractRoute._plan

    def plan_without_user(self: Any, endpoint: Any) -> None:
        plan(self, endpoint)
        self._has_user = False

    ContractRoute._plan = plan_without_user  # type: ignore[method-assign]


def open_a_door() -> None:
    """Ask nobody who reads a task for a token, and say so in the document."""
    from donebook.http.call import PublicCall
    from donebook.http.contract import Contract

    make = Contract._route

    def make_public(self: Any, base: str, voice: Any, declared: Any) -> Any:
        if declared.endpoint.__name__ == "get_task" and self.name == "v2":
            declared.endpoint.__annotations__["call"] = PublicCall
            declared = replace(declared, options={**declared.options, "public": True})
        return make(self, base, voice, declared)

    patch(Contract, "_route", make_public)


def share_entity_tags() -> None:
    """Make a list's entity tag of its owner's revision alone."""
    from donebook.contracts import dialect

    def tag_of_revision(revision: int, owner: str, query: bytes) -> bytes:
        del owner, query
        return b'"%d"' % revision

    setattr(dialect, "list_tag", tag_of_revision)  # noqa: B010 - a type checker would not let us


def take_anybody_for_the_first() -> None:
    """Remember who somebody is by less than the whole token."""
    from donebook.tokens.remembered import RememberedTokens

    recall = RememberedTokens.recall
    first: list[Any] = []

    def recall_the_first(self: Any, token: str, now: float) -> Any:
        principal = recall(self, token, now)
        if principal is not None:
            first.append(principal)
        return first[0] if first else principal

    RememberedTokens.recall = recall_the_first  # type: ignore[method-assign]


def follow_everybody() -> None:
    """Have one audience for the events of all users."""
    from donebook.ledger.events.feed import Feed

    audience = Feed._audience

    def first_audience(self: Any, owner: str) -> Any:
        return next(iter(self._audiences.values()), None) or audience(self, owner)

    Feed._audience = first_audience  # type: ignore[method-assign]


def log_what_is_written() -> None:
    """Log the title of each task that is created."""
    import logging

    from donebook.ledger.writing.revision import OpenRevision

    create = OpenRevision.create

    async def create_aloud(self: Any, new: Any, into: Any) -> Any:
        logging.getLogger("donebook.tasks").info("creating %s", new.fields["title"])
        return await create(self, new, into)

    OpenRevision.create = create_aloud  # type: ignore[assignment,method-assign]


def take_the_owner_from_the_body() -> None:
    """Believe a body that says whose task it is."""
    import json

    from donebook.contracts import dialect
    from donebook.http import route
    from donebook.http.requests import parse_json
    from donebook.ledger.writing.records import create_record

    def parse_and_remember(body_type: Any, body: bytes) -> Any:
        parsed = parse_json(body_type, body)
        said = json.loads(body)
        _claimed.set(said.get("user_id") if isinstance(said, dict) else None)
        return parsed

    async def create_for(database: Any, principal: Any, *rest: Any) -> Any:
        owner = _claimed.get()
        return await create_record(database, replace(principal, user_id=owner) if owner else principal, *rest)

    patch(route, "parse_json", parse_and_remember)
    patch(dialect, "create_record", create_for)
