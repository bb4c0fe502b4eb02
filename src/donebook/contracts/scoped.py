"""The ``scoped`` contract: ``/api/{user_id}/tasks``, bare arrays, integer ids, completion toggles."""

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
)
from donebook.contracts.fields import (
    Flag,
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
from donebook.http.contract import Contract
from donebook.http.schema import described, described_list
from donebook.tasks.selection import Selection
from donebook.tasks.values import NewTask, change, delete, toggle

contract = Contract("scoped", "Tasks under the user's id", DetailVoice())

Description = Annotated[
    SafeText, StringConstraints(max_length=1000), Field(examples=["Milk, bread and apples"])
]


class ScopedTask(msgspec.Struct):
    """A task."""

    id: ShownNumber
    user_id: ShownOwner
    title: ShownTitle
    description: ShownDescription
    completed: bool
    created_at: ShownMoment
    updated_at: ShownMoment


class ScopedPage(msgspec.Struct):
    """A part of the list, and how long the list is."""

    tasks: list[ScopedTask]
    total: Annotated[int, msgspec.Meta(examples=[500])]
    limit: Annotated[int, msgspec.Meta(examples=[50])]
    offset: Annotated[int, msgspec.Meta(examples=[0])]


class NewScopedTask(TypedDict):
    """A task to create; other fields are ignored."""

    title: Title200
    description: NotRequired[Description | None]
    completed: NotRequired[Flag]


class ScopedTaskChange(TypedDict, total=False):
    """What to change: an absent field keeps its value, null clears the description."""

    title: Title200
    description: Description | None
    completed: Flag


class ScopedQuery(BaseModel):
    """Which tasks, and in which order."""

    status: Literal["all", "pending", "completed"] | None = None
    status_filter: Literal["all", "pending", "completed"] | None = Field(
        None, description="Another name of `status`; `status` wins."
    )
    search: Annotated[SafeText, StringConstraints(max_length=1000)] | None = Field(
        None, description="Text in the title or the description, whatever the case."
    )
    sort: Literal["created", "updated", "title", "due_date", "priority"] = "created"
    order: Literal["asc", "desc"] = "asc"
    limit: int | None = Field(None, ge=1, le=1000, description="With it (or `offset`) the answer is a page.")
    offset: int | None = Field(None, ge=0, le=2**53)

    def selection(self) -> Selection:
        """The query in the core's terms; a page is of 50 unless it says otherwise."""
        status = self.status or self.status_filter
        paged = self.limit is not None or self.offset is not None
        return Selection(
            completed=None if status in {None, "all"} else status == "completed",
            search=tuple(filter(None, [self.search and self.search.strip()])),
            sort=self.sort,
            descending=self.order == "desc",
            limit=(self.limit or 50) if paged else None,
            offset=self.offset or 0,
        )


@contract.route(
    "GET",
    "/api/{user_id}/tasks",
    answer=described_list(ScopedTask) | described(ScopedPage),
    refusals=[422],
    success=LIST_TAGGED,
)
async def list_tasks(call: Call, query: Annotated[ScopedQuery, Query()]) -> Answer:
    """List the user's tasks, oldest first unless sorted otherwise: an array, or a page of it."""
    selection = query.selection()

    def render(tasks: list[ScopedTask], _: int, total: int | None) -> list[ScopedTask] | ScopedPage:
        if total is None or selection.limit is None:
            return tasks
        return ScopedPage(tasks, total, selection.limit, selection.offset)

    return await answer_list(call, selection, ScopedTask, render)


@contract.route(
    "POST",
    "/api/{user_id}/tasks",
    status=201,
    answer=described(ScopedTask),
    refusals=[412],
    success=TASK_TAGGED,
)
async def create_task(call: Call, body: Annotated[NewScopedTask, Body()]) -> Answer:
    """Create a task."""
    new = NewTask(body["title"], body.get("description"), completed=body.get("completed", False))
    return await answer_creation(call, new, ScopedTask)


@contract.route(
    "GET",
    "/api/{user_id}/tasks/{task_id}",
    answer=described(ScopedTask),
    refusals=[404, 422],
    success=TASK_TAGGED,
)
async def get_task(call: Call, task_id: int) -> Answer:
    """One task."""
    return await answer_task(call, task_id, ScopedTask)


@contract.route(
    "PUT",
    "/api/{user_id}/tasks/{task_id}",
    answer=described(ScopedTask),
    refusals=[404, 412],
    success=TASK_TAGGED,
)
async def change_task(call: Call, task_id: int, body: Annotated[ScopedTaskChange, Body()]) -> Answer:
    """Change the fields that are given."""
    return await answer_edit(call, change(task_id, body), ScopedTask)


@contract.route(
    "PATCH",
    "/api/{user_id}/tasks/{task_id}/complete",
    answer=described(ScopedTask),
    refusals=[404, 412, 422],
    success=TASK_TAGGED,
)
async def toggle_task(call: Call, task_id: int) -> Answer:
    """Complete the task, or reopen it if it is complete."""
    return await answer_edit(call, toggle(task_id), ScopedTask)


@contract.route("DELETE", "/api/{user_id}/tasks/{task_id}", status=204, refusals=[404, 412, 422])
async def delete_task(call: Call, task_id: int) -> Answer:
    """Delete the task."""
    return await answer_deletion(call, delete(task_id), ScopedTask)
