"""``/api/v2/changes``: what was done, and undoing it."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import Query
from pydantic import BaseModel, Field

from donebook.contracts.dialect import LIST_TAGGED, answer_by_revision, writing_of_list
from donebook.contracts.v2.batch import BatchResult
from donebook.contracts.v2.contract import contract
from donebook.contracts.v2.fields import Task, shown_value
from donebook.contracts.v2.sync import LARGEST
from donebook.http.answer import Answer, json_answer
from donebook.http.call import Call
from donebook.http.schema import described
from donebook.ledger.kinds.kind import Action
from donebook.ledger.reading import changes
from donebook.ledger.writing.undo import undo_change
from donebook.tasks.kind import TASKS


class ChangesQuery(BaseModel):
    """Which changes."""

    task: UUID | None = Field(None, description="Only what was done to this task.")
    since: int | None = Field(
        None, ge=0, le=LARGEST, description="Changes after this revision, the oldest first."
    )
    before: int | None = Field(
        None, ge=1, le=LARGEST, description="Changes before this revision; without `since` the newest first."
    )
    limit: int = Field(
        50, ge=1, le=200, description="How many changes of tasks at most, unless a single revision did more."
    )


class FieldChange(msgspec.Struct):
    """A field's value before and after."""

    before: Any
    after: Any


class TaskChange(msgspec.Struct):
    """What was done to one task."""

    id: Annotated[UUID | None, msgspec.Meta(description="null if even its tombstone is gone.")]
    number: int
    action: Action
    fields: Annotated[
        dict[str, FieldChange],
        msgspec.Meta(
            description="What differs, by field. Empty if the task was deleted for good.",
            examples=[{"title": {"before": "Buy bread", "after": "Buy groceries"}}],
        ),
    ]


class Change(msgspec.Struct):
    """What one request did."""

    revision: Annotated[
        int, msgspec.Meta(description="Its revision, by which it can be undone.", examples=[7])
    ]
    at: datetime
    user_id: Annotated[str, msgspec.Meta(description="Who did it.", examples=["demo"])]
    contract: Annotated[str, msgspec.Meta(description="The contract it came through.", examples=["v2"])]
    changes: list[TaskChange]


class ChangePage(msgspec.Struct):
    """Some of the changes."""

    items: list[Change]
    more: Annotated[
        bool, msgspec.Meta(description="Whether there are more beyond the last one, in the same direction.")
    ]
    revision: Annotated[int, msgspec.Meta(description="The user's revision that they are of.", examples=[7])]


@contract.route(
    "GET", "/api/v2/changes", answer=described(ChangePage), refusals=[400, 404, 410, 422], success=LIST_TAGGED
)
async def list_changes(call: Call, query: Annotated[ChangesQuery, Query()]) -> Answer:
    """What was done: who did what when, through which contract, with each field before and after.

    Go on with the last item's revision: as `since` where that was given, else as `before`. 410 says that
    it is of a history that was lost: begin anew.
    """

    async def read() -> tuple[Any, int]:
        found = await changes.list_changes(
            call.database,
            call.principal,
            TASKS,
            record=query.task,
            since=query.since,
            until=query.before,
            limit=query.limit,
        )
        items = [_shown(call.principal.user_id, each) for each in found.changes]
        return ChangePage(items, found.more, found.revision), found.revision

    return await answer_by_revision(call, read)


@contract.route(
    "POST", "/api/v2/changes/{revision}/undo", answer=described(BatchResult), refusals=[404, 409, 412, 422]
)
async def undo(call: Call, revision: int) -> Answer:
    """Take back everything that one request did, as a new revision.

    What it created goes to the trash, what it deleted comes back. Undoing the undo does it again. If
    something it changed was changed again since, the answer is 409 with these fields.
    """
    outcome = await undo_change(
        call.database, call.principal, revision, writing_of_list(call), Task, kind=TASKS
    )
    return json_answer(200, BatchResult(outcome.revision, outcome.records))


def _shown(user_id: str, change: changes.Change) -> Change:
    tasks = [_shown_task(each) for each in change.records]
    return Change(change.revision, change.at, user_id, change.contract, tasks)


def _shown_task(task: changes.RecordChange) -> TaskChange:
    fields = {name: _shown_field(name, task) for name in task.fields}
    return TaskChange(task.uuid, task.number, task.action, fields)


def _shown_field(name: str, task: changes.RecordChange) -> FieldChange:
    before = None if task.before is None else task.before[name]
    return FieldChange(shown_value(before), shown_value(task.after[name]))
