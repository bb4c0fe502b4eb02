"""``/api/v2/sync``: what changed since a revision."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from fastapi import Query
from pydantic import BaseModel, Field

from donebook.contracts.dialect import LIST_TAGGED, answer_by_revision
from donebook.contracts.v2.contract import contract
from donebook.contracts.v2.fields import Task
from donebook.http.answer import Answer
from donebook.http.call import Call
from donebook.http.schema import described
from donebook.ledger.reading.sync import changes_since
from donebook.tasks.kind import TASKS

PAGE = 1000
LARGEST = 2**63 - 1


class SyncQuery(BaseModel):
    """From where on."""

    since: int | None = Field(
        None, ge=0, le=LARGEST, description="The `revision` of the last answer; without it, everything."
    )
    began: int | None = Field(
        None,
        ge=0,
        le=LARGEST,
        description="To read everything in pages of at most `limit`: 0 for the first one, then its `newest`"
        " beside `since` until `more` is false. Without it the first page may be larger.",
    )
    limit: int = Field(
        PAGE,
        ge=1,
        le=PAGE,
        description="How many tasks and deletions at most, unless a single revision changed more.",
    )


class DeletedTask(msgspec.Struct):
    """A task that is gone, to the trash or for good."""

    id: UUID
    revision: Annotated[int, msgspec.Meta(description="The user's revision that it went at.", examples=[7])]


class SyncDelta(msgspec.Struct, omit_defaults=True):
    """What brings a client from the revision it knows to `revision`."""

    tasks: Annotated[list[Task], msgspec.Meta(description="What was made or changed, as it is now.")]
    deleted: list[DeletedTask]
    revision: Annotated[int, msgspec.Meta(description="What to ask for next, as `since`.", examples=[7])]
    more: Annotated[bool, msgspec.Meta(description="Whether to ask again at once.")]
    newest: Annotated[
        int | None,
        msgspec.Meta(description="The user's revision now; where `began` was given.", examples=[9]),
    ] = None


@contract.route(
    "GET", "/api/v2/sync", answer=described(SyncDelta), refusals=[400, 410, 422], success=LIST_TAGGED
)
async def sync(call: Call, query: Annotated[SyncQuery, Query()]) -> Answer:
    """What changed since a revision: tasks as they are now, and which are gone.

    A page never ends within a revision, so whoever goes on from its `revision` misses nothing. 410 says
    that deletions after `since` are forgotten, or that it may be of a history that was lost: begin without
    it, and drop what does not come again.
    """

    async def read() -> tuple[Any, int]:
        delta = await changes_since(
            call.database,
            call.principal,
            query.since,
            query.limit,
            Task,
            kind=TASKS,
            began=query.began,
        )
        deleted = [DeletedTask(each.uuid, each.revision) for each in delta.deleted]
        page = SyncDelta(delta.records, deleted, delta.revision, delta.more)
        if query.began is not None:
            page.newest = delta.newest
        return page, delta.newest

    return await answer_by_revision(call, read)
