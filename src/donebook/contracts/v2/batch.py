"""``/api/v2/batch``: several writes as one."""

from typing import Annotated, Any, Literal, NotRequired
from uuid import UUID

import msgspec
from fastapi import Body
from pydantic import ConfigDict, Field
from typing_extensions import TypedDict

from donebook.contracts.dialect import writing_of_list
from donebook.contracts.v2.contract import contract
from donebook.contracts.v2.fields import GivenChange, GivenTask, Task, fields_from, new_task_from
from donebook.contracts.v2.moves import move_from
from donebook.errors import Invalid, OperationFailed
from donebook.http.answer import Answer, json_answer
from donebook.http.call import Call
from donebook.http.requests import problem
from donebook.http.schema import described
from donebook.ledger.writing.batch import Operation, apply_batch
from donebook.tasks.kind import TASKS
from donebook.tasks.operations import change, complete, delete, reopen, restore

OPERATION_LIMIT = 100

_STRICT = ConfigDict(extra="forbid")
_EDITS = {"complete": complete, "reopen": reopen, "delete": delete, "restore": restore}


class CreateOperation(TypedDict):
    """Create a task."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]  # how Pydantic configures a TypedDict

    op: Literal["create"]
    task: GivenTask


class UpdateOperation(TypedDict):
    """Change the fields of a task that are given."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    op: Literal["update"]
    id: UUID
    task: GivenChange


class TurnOperation(TypedDict):
    """Complete, reopen, delete or restore a task."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    op: Literal["complete", "reopen", "delete", "restore"]
    id: UUID


class MoveOperation(TypedDict):
    """Give a task another place: by one of ``before``, ``after`` and ``to``."""

    __pydantic_config__ = ConfigDict(  # type: ignore[misc]
        _STRICT, json_schema_extra={"oneOf": [{"required": [each]} for each in ("before", "after", "to")]}
    )

    op: Literal["move"]
    id: UUID
    before: NotRequired[UUID]
    after: NotRequired[UUID]
    to: NotRequired[Literal["first", "last"]]


GivenOperation = Annotated[
    CreateOperation | UpdateOperation | TurnOperation | MoveOperation, Field(discriminator="op")
]


class GivenBatch(TypedDict):
    """What to do, in this order."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    operations: Annotated[list[GivenOperation], Field(min_length=1, max_length=OPERATION_LIMIT)]


class BatchResult(msgspec.Struct):
    """What it came to."""

    revision: Annotated[
        int, msgspec.Meta(description="The one revision of all of it; the old one if nothing changed.")
    ]
    results: Annotated[
        list[Task],
        msgspec.Meta(
            description="For each operation its task, as it is after all of them, in the trash or not."
        ),
    ]


@contract.route("POST", "/api/v2/batch", answer=described(BatchResult), refusals=[404, 409, 412])
async def write_batch(call: Call, body: Annotated[GivenBatch, Body()]) -> Answer:
    """Do several writes in one transaction, under one revision: all of them, or none.

    Each sees what those before it did. If one cannot be done the answer is that one's refusal, with its
    index as `operation`. `If-Match` names the tag of the whole list.
    """
    operations = [_operation(index, each) for index, each in enumerate(body["operations"])]
    outcome = await apply_batch(
        call.database, call.principal, operations, writing_of_list(call), Task, kind=TASKS
    )
    return json_answer(200, BatchResult(outcome.revision, outcome.records))


def _operation(index: int, given: Any) -> Operation:
    match given["op"]:
        case "create":
            return new_task_from(given["task"])
        case "update":
            return change(given["id"], fields_from(given["task"]))
        case "move":
            if len({"before", "after", "to"} & given.keys()) != 1:
                place = ("body", "operations", index, "move")
                failure = Invalid([problem("move", place, "Give one of before, after and to")])
                raise OperationFailed(index, failure)
            return move_from(given["id"], given)
        case op:
            return _EDITS[op](given["id"])
