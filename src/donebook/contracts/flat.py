"""The ``flat`` contract: ``/api/tasks``, lists in ``items``, newest first."""

from typing import Annotated, Literal, NotRequired

import msgspec
from fastapi import Body, Query
from pydantic import BaseModel, Field, StringConstraints
from typing_extensions import TypedDict

from donebook.contracts.dialect import (
    LIST_TAGGED,
    TASK_TAGGED,
    DetailVoice,
    answer_creation,
    answer_deletion,
    answer_edit,
    answer_list,
    answer_task,
    turn,
)
from donebook.contracts.fields import (
    SafeText,
    ShownDescription,
    ShownMoment,
    ShownNumber,
    ShownOwner,
    ShownTitle,
    Title200,
)
from donebook.http.answer import Answer
from donebook.http.call import Call
from donebook.http.contract import Completed, Contract
from donebook.http.schema import described
from donebook.tasks.operations import change, delete, new_task
from donebook.tasks.selection import Selection

contract = Contract("flat", "Tasks of the signed-in user", DetailVoice())

Description = Annotated[
    SafeText, StringConstraints(max_length=2000), Field(examples=["Milk, bread and apples"])
]


class FlatTask(msgspec.Struct):
    """A task."""

    id: ShownNumber
    user_id: ShownOwner
    title: ShownTitle
    description: ShownDescription
    completed: bool
    created_at: ShownMoment
    updated_at: ShownMoment


class FlatList(msgspec.Struct):
    """The tasks, newest first."""

    items: list[FlatTask]


class NewFlatTask(TypedDict):
    """A task to create; other fields, ``completed`` among them, are ignored."""

    title: Title200
    description: NotRequired[Description | None]


class FlatTaskChange(TypedDict, total=False):
    """What to change: an absent or null field keeps its value."""

    title: Title200 | None
    description: Description | None


class FlatQuery(BaseModel):
    """Which tasks."""

    status: Literal["all", "pending", "completed"] = "all"


@contract.route("GET", "/api/tasks", answer=described(FlatList), refusals=[422], success=LIST_TAGGED)
async def list_tasks(call: Call, query: Annotated[FlatQuery, Query()]) -> Answer:
    """List the user's tasks, newest first."""
    completed = None if query.status == "all" else query.status == "completed"
    selection = Selection(completed=completed, descending=True)
    return await answer_list(call, selection, FlatTask, lambda tasks, *_: FlatList(tasks))


@contract.route(
    "POST", "/api/tasks", status=201, answer=described(FlatTask), refusals=[412], success=TASK_TAGGED
)
async def create_task(call: Call, body: Annotated[NewFlatTask, Body()]) -> Answer:
    """Create a task."""
    return await answer_creation(call, new_task(body["title"], description=body.get("description")), FlatTask)


@contract.route(
    "GET", "/api/tasks/{task_id}", answer=described(FlatTask), refusals=[404, 422], success=TASK_TAGGED
)
async def get_task(call: Call, task_id: int) -> Answer:
    """One task."""
    return await answer_task(call, task_id, FlatTask)


@contract.route(
    "PUT", "/api/tasks/{task_id}", answer=described(FlatTask), refusals=[404, 412], success=TASK_TAGGED
)
async def change_task(call: Call, task_id: int, body: Annotated[FlatTaskChange, Body()]) -> Answer:
    """Change the fields that are given."""
    fields = {name: value for name, value in body.items() if value is not None}
    return await answer_edit(call, change(task_id, fields), FlatTask)


@contract.route(
    "PATCH",
    "/api/tasks/{task_id}/complete",
    answer=described(FlatTask),
    refusals=[404, 412, 422],
    success=TASK_TAGGED,
)
async def toggle_task(call: Call, task_id: int, completed: Completed) -> Answer:
    """Complete the task, or reopen it if it is complete; a body may say which of the two."""
    return await answer_edit(call, turn(task_id, completed), FlatTask)


@contract.route("DELETE", "/api/tasks/{task_id}", status=204, refusals=[404, 412, 422])
async def delete_task(call: Call, task_id: int) -> Answer:
    """Delete the task."""
    return await answer_deletion(call, delete(task_id), FlatTask)
