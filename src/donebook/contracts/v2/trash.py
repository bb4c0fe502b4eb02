"""``/api/v2/trash``: what was deleted and may come back."""

from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from donebook.contracts.dialect import LIST_TAGGED, writing_of_task
from donebook.contracts.v2.contract import contract
from donebook.contracts.v2.fields import Task
from donebook.contracts.v2.tasks import TaskPage, answer_page
from donebook.http.answer import Answer, empty_answer
from donebook.http.call import Call
from donebook.http.schema import described
from donebook.ledger.writing.trash import erase_record
from donebook.tasks.kind import TASKS
from donebook.tasks.selection import Selection


class TrashQuery(BaseModel):
    """Which page of the trash."""

    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, description="The `next_cursor` of the page before.")


@contract.route("GET", "/api/v2/trash", answer=described(TaskPage), refusals=[400, 422], success=LIST_TAGGED)
async def list_trash(call: Call, query: Annotated[TrashQuery, Query()]) -> Answer:
    """List the tasks in the trash, what was deleted last first."""
    selection = Selection(trashed=True, sort="deleted", descending=True)
    return await answer_page(
        call, selection, binding=lambda: b"trash", limit=query.limit, cursor=query.cursor
    )


@contract.route("DELETE", "/api/v2/trash/{task_id}", status=204, refusals=[404, 412, 422])
async def erase(call: Call, task_id: UUID) -> Answer:
    """Delete a task in the trash for good. There is no way back, and nothing of its content is kept."""
    writing = await writing_of_task(call, task_id, Task, trashed=True)
    await erase_record(call.database, call.principal, task_id, writing, Task, kind=TASKS)
    return empty_answer(204)
