"""The ``scoped`` contract: ``/api/{user_id}/tasks``, bare arrays, integer ids, completion toggles."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired, get_args

import msgspec
from fastapi import Body, Query
from pydantic import AfterValidator, BaseModel, Field, StringConstraints, TypeAdapter, ValidationError
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
    due_at,
    turn,
)
from donebook.contracts.fields import (
    Flag,
    Moment,
    SafeText,
    ShownDescription,
    ShownMoment,
    ShownMomentOrNull,
    ShownNumber,
    ShownOwner,
    ShownTitle,
    Title200,
)
from donebook.http.answer import Answer
from donebook.http.call import Call
from donebook.http.contract import Completed, Contract
from donebook.http.schema import described, described_list
from donebook.tasks.operations import change, delete, new_task
from donebook.tasks.selection import Selection, Sort
from donebook.tasks.values import Priority

contract = Contract("scoped", "Tasks under the user's id", DetailVoice())

Description = Annotated[
    SafeText, StringConstraints(max_length=1000), Field(examples=["Milk, bread and apples"])
]

_UNREADABLE: Any = object()
_PRIORITIES = frozenset(get_args(Priority))


def _read_priority(value: Any) -> Any:
    word = value.strip().lower() if isinstance(value, str) else None
    if value is None or word in {"", "none"}:
        return None
    return word if word in _PRIORITIES else _UNREADABLE


_moment = TypeAdapter(Moment).validate_python


def _read_moment(value: Any) -> Any:
    if value is None or value == "":
        return None
    try:
        return _moment(value)
    except ValidationError:
        return _UNREADABLE


def _readable(body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields in the core's terms, without those that cannot be read."""
    fields = {name: value for name, value in body.items() if value is not _UNREADABLE}
    if "due_date" in fields:
        fields["due_at"] = fields.pop("due_date")
    return fields


# Front ends sent these in many ways when they were ignored, so a value that cannot be read still is.
LenientPriority = Annotated[
    Any,
    AfterValidator(_read_priority),
    Field(
        description="`low`, `medium` or `high` in any case; `none`, an empty string and null mean none. What "
        "cannot be read is ignored.",
        examples=["medium"],
    ),
]
LenientMoment = Annotated[
    Any,
    AfterValidator(_read_moment),
    Field(
        description="RFC 3339, in UTC where it has no offset; an empty string and null mean none. What "
        "cannot be read is ignored. A due date that is this instant already stays as it is.",
        examples=["2026-12-01T08:30:00Z"],
    ),
]

GivenSort = Literal["created", "updated", "title", "due_date", "priority", "created_at", "updated_at"]
_SORTS: Mapping[str, Sort] = {
    "created": "created",
    "created_at": "created",
    "updated": "updated",
    "updated_at": "updated",
    "title": "title",
    "due_date": "due_date",
    "priority": "priority",
}


class ScopedTask(msgspec.Struct):
    """A task."""

    id: ShownNumber
    user_id: ShownOwner
    title: ShownTitle
    description: ShownDescription
    completed: bool
    priority: Priority | None
    due_at: ShownMomentOrNull = msgspec.field(name="due_date")
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
    priority: NotRequired[LenientPriority]
    due_date: NotRequired[LenientMoment]


class ScopedTaskChange(TypedDict, total=False):
    """What to change: an absent field keeps its value; null clears description, priority and due date."""

    title: Title200
    description: Description | None
    completed: Flag
    priority: LenientPriority
    due_date: LenientMoment


class ScopedQuery(BaseModel):
    """Which tasks, and in which order."""

    status: Literal["all", "pending", "completed"] | None = None
    status_filter: Literal["all", "pending", "completed"] | None = Field(
        None, description="Another name of `status`; `status` wins."
    )
    search: Annotated[SafeText, StringConstraints(max_length=1000)] | None = Field(
        None, description="Text in the title or the description, whatever the case."
    )
    # A tuple, so that one which is given twice is no mistake either.
    priority: tuple[str, ...] = Field(
        (),
        description="Tasks of this priority: `low`, `medium` or `high` in any case. `all`, and what cannot "
        "be read, is ignored.",
        examples=[["high"]],
    )
    sort: GivenSort | None = Field(None, description="What to sort by, by default `created`.")
    sort_by: str | None = Field(
        None,
        description="Another name of `sort`, which wins. What cannot be read is ignored.",
        examples=["due_date"],
    )
    order: Literal["asc", "desc"] = "asc"
    limit: int | None = Field(None, ge=1, le=1000, description="With it (or `offset`) the answer is a page.")
    offset: int | None = Field(None, ge=0, le=2**53)

    def selection(self) -> Selection:
        """The query in the core's terms; a page is of 50 unless it says otherwise."""
        status = self.status or self.status_filter
        paged = self.limit is not None or self.offset is not None
        sort = self.sort or (self.sort_by or "").strip().lower()
        priorities = map(_read_priority, self.priority)
        return Selection(
            completed=None if status in {None, "all"} else status == "completed",
            priorities=tuple(each for each in priorities if each in _PRIORITIES),
            search=tuple(filter(None, [self.search and self.search.strip()])),
            sort=_SORTS.get(sort, "created"),
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
    fields = _readable(body)
    new = new_task(
        fields["title"],
        description=fields.get("description"),
        completed=fields.get("completed", False),
        priority=fields.get("priority"),
        due=due_at(fields.get("due_at")),
    )
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
    return await answer_edit(call, change(task_id, _readable(body)), ScopedTask)


@contract.route(
    "PATCH",
    "/api/{user_id}/tasks/{task_id}/complete",
    answer=described(ScopedTask),
    refusals=[404, 412, 422],
    success=TASK_TAGGED,
)
async def toggle_task(call: Call, task_id: int, completed: Completed) -> Answer:
    """Complete the task, or reopen it if it is complete; a body may say which of the two."""
    return await answer_edit(call, turn(task_id, completed), ScopedTask)


@contract.route("DELETE", "/api/{user_id}/tasks/{task_id}", status=204, refusals=[404, 412, 422])
async def delete_task(call: Call, task_id: int) -> Answer:
    """Delete the task."""
    return await answer_deletion(call, delete(task_id), ScopedTask)
