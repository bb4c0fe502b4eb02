"""``/api/v2/tasks``."""

from typing import Annotated
from uuid import UUID

import msgspec
from fastapi import Body

from taskledger.contracts.dialect import (
    LIST_TAGGED,
    TASK_TAGGED,
    answer_creation,
    answer_deletion,
    answer_edit,
    answer_list,
    answer_task,
)
from taskledger.contracts.v2.contract import contract
from taskledger.contracts.v2.fields import GivenChange, GivenTask, Task, fields_from, new_task_from
from taskledger.http.answer import Answer
from taskledger.http.call import Call
from taskledger.http.schema import described
from taskledger.tasks.selection import Selection
from taskledger.tasks.values import change, delete


class TaskPage(msgspec.Struct):
    """Tasks."""

    items: list[Task]


@contract.route("GET", "/api/v2/tasks", answer=described(TaskPage), refusals=[422], success=LIST_TAGGED)
async def list_tasks(call: Call) -> Answer:
    """List the tasks."""
    return await answer_list(call, Selection(), Task, lambda tasks, _: TaskPage(tasks))


@contract.route(
    "POST", "/api/v2/tasks", status=201, answer=described(Task), refusals=[412], success=TASK_TAGGED
)
async def create_task(call: Call, body: Annotated[GivenTask, Body()]) -> Answer:
    """Create a task."""
    return await answer_creation(call, new_task_from(body), Task)


@contract.route(
    "GET", "/api/v2/tasks/{task_id}", answer=described(Task), refusals=[404, 422], success=TASK_TAGGED
)
async def get_task(call: Call, task_id: UUID) -> Answer:
    """One task."""
    return await answer_task(call, task_id, Task)


@contract.route(
    "PATCH", "/api/v2/tasks/{task_id}", answer=described(Task), refusals=[404, 412], success=TASK_TAGGED
)
async def change_task(call: Call, task_id: UUID, body: Annotated[GivenChange, Body()]) -> Answer:
    """Change the fields that are given."""
    return await answer_edit(call, change(task_id, fields_from(body)), Task)


@contract.route("DELETE", "/api/v2/tasks/{task_id}", status=204, refusals=[404, 412, 422])
async def delete_task(call: Call, task_id: UUID) -> Answer:
    """Move the task to the trash."""
    return await answer_deletion(call, delete(task_id), Task)
