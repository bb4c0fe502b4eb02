"""``/api/v2/tasks``: the tasks themselves."""

from collections.abc import Callable
from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Body, Query
from pydantic import BaseModel, Field

from donebook.contracts.dialect import (
    LIST_TAGGED,
    TASK_TAGGED,
    answer_by_revision,
    answer_creation,
    answer_deletion,
    answer_edit,
    answer_task,
    writing_of_task,
    written_answer,
)
from donebook.contracts.v2.contract import contract
from donebook.contracts.v2.cursors import open_cursor, seal_cursor
from donebook.contracts.v2.fields import GivenChange, GivenTask, Task, fields_from, new_task_from
from donebook.contracts.v2.moves import GivenMove, move_from
from donebook.contracts.v2.selecting import TaskQuery
from donebook.http.answer import Answer
from donebook.http.call import Call, CallContext
from donebook.http.schema import described
from donebook.ledger.writing.merging import Merge, merge_record
from donebook.ledger.writing.records import move_record
from donebook.tasks.kind import TASKS
from donebook.tasks.operations import change, complete, delete, reopen, restore
from donebook.tasks.selection import Selection
from donebook.tasks.usecases import page_tasks

LARGEST = 2**63 - 1


class TaskPage(msgspec.Struct):
    """Some of the tasks, and how to come by the next."""

    items: list[Task]
    next_cursor: Annotated[
        str | None,
        msgspec.Meta(description="For the next page; null if this was the last.", examples=[None]),
    ]
    revision: Annotated[int, msgspec.Meta(description="The user's revision that they are of.", examples=[7])]


async def answer_page(
    call: CallContext,
    selection: Selection,
    *,
    binding: Callable[[], bytes],
    limit: int,
    cursor: str | None,
    varying: bytes = b"",
) -> Answer:
    """A page of the selected tasks, or 304 if the client has it; ``binding`` is what a cursor belongs to."""
    after = None if cursor is None else await open_cursor(call, binding(), cursor)

    async def read() -> tuple[TaskPage, int]:
        page = await page_tasks(call.database, call.principal, selection, Task, limit=limit, after=after)
        following = None if page.end is None else await seal_cursor(call, binding(), page.end)
        return TaskPage(page.tasks, following, page.revision), page.revision

    return await answer_by_revision(call, read, varying=varying)


@contract.route("GET", "/api/v2/tasks", answer=described(TaskPage), refusals=[400, 422], success=LIST_TAGGED)
async def list_tasks(call: Call, query: Annotated[TaskQuery, Query()]) -> Answer:
    """List tasks, a page at a time.

    A task that keeps its place in the order is met once by following `next_cursor`, whatever is written
    meanwhile; one that moves is met where it is when its page is read.
    """
    return await answer_page(
        call,
        query.selection(call),
        binding=query.binding,
        limit=query.limit,
        cursor=query.cursor,
        varying=query.varying(call),
    )


@contract.route(
    "POST",
    "/api/v2/tasks",
    status=201,
    answer=described(Task),
    refusals=[409, 412],
    success=TASK_TAGGED,
    also={200: "A task with this `id` was there; this is how it is now"},
)
async def create_task(call: Call, body: Annotated[GivenTask, Body()]) -> Answer:
    """Create a task at the end of the list.

    With an `id` of the client's choice the request can be sent again: it makes one task. With
    `If-None-Match: *` beside it, a task that is there is 412.
    """
    return await answer_creation(call, new_task_from(body), Task)


@contract.route(
    "GET", "/api/v2/tasks/{task_id}", answer=described(Task), refusals=[404, 422], success=TASK_TAGGED
)
async def get_task(call: Call, task_id: UUID) -> Answer:
    """One task."""
    return await answer_task(call, task_id, Task)


class ChangeQuery(BaseModel):
    """Of which version the change was made."""

    base: int | None = Field(
        None,
        ge=0,
        le=LARGEST,
        description="A revision at which the client saw the task. The change is made if no field of it was "
        "given another value since; else 409 names the fields, with both values. Of a revision that is no "
        "longer known, or maybe of a lost history, nothing is taken for seen.",
    )


@contract.route(
    "PATCH",
    "/api/v2/tasks/{task_id}",
    answer=described(Task),
    refusals=[400, 404, 409, 412],
    success=TASK_TAGGED,
)
async def change_task(
    call: Call,
    task_id: UUID,
    query: Annotated[ChangeQuery, Query()],
    body: Annotated[GivenChange, Body()],
) -> Answer:
    """Change the fields that are given; null clears one."""
    fields = fields_from(body)
    if query.base is None:
        return await answer_edit(call, change(task_id, fields), Task)
    writing = await writing_of_task(call, task_id, Task)
    merge = Merge(TASKS, task_id, fields, query.base)
    return written_answer(await merge_record(call.database, call.principal, merge, writing, Task))


@contract.route("DELETE", "/api/v2/tasks/{task_id}", status=204, refusals=[404, 412, 422])
async def delete_task(call: Call, task_id: UUID) -> Answer:
    """Move the task to the trash."""
    return await answer_deletion(call, delete(task_id), Task)


@contract.route(
    "POST",
    "/api/v2/tasks/{task_id}/complete",
    answer=described(Task),
    refusals=[404, 412, 422],
    success=TASK_TAGGED,
)
async def complete_task(call: Call, task_id: UUID) -> Answer:
    """Complete the task; one that is complete comes back unchanged."""
    return await answer_edit(call, complete(task_id), Task)


@contract.route(
    "POST",
    "/api/v2/tasks/{task_id}/reopen",
    answer=described(Task),
    refusals=[404, 412, 422],
    success=TASK_TAGGED,
)
async def reopen_task(call: Call, task_id: UUID) -> Answer:
    """Make the task open again; one that is open comes back unchanged."""
    return await answer_edit(call, reopen(task_id), Task)


@contract.route(
    "POST",
    "/api/v2/tasks/{task_id}/restore",
    answer=described(Task),
    refusals=[404, 412, 422],
    success=TASK_TAGGED,
)
async def restore_task(call: Call, task_id: UUID) -> Answer:
    """Take the task out of the trash; one that is not in it comes back unchanged."""
    return await answer_edit(call, restore(task_id), Task)


@contract.route(
    "POST",
    "/api/v2/tasks/{task_id}/move",
    answer=described(Task),
    refusals=[404, 412],
    success=TASK_TAGGED,
)
async def move_task(
    call: Call, task_id: UUID, body: Annotated[GivenMove, Body(examples=[{"to": "first"}])]
) -> Answer:
    """Give the task another place; one that is there already comes back unchanged."""
    writing = await writing_of_task(call, task_id, Task)
    move = move_from(task_id, body)
    return written_answer(await move_record(call.database, call.principal, move, writing, Task))
