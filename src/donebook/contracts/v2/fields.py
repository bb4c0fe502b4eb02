"""The task as ``v2`` shows and takes it."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, NotRequired
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationInfo,
)
from typing_extensions import TypedDict

from donebook.contracts.fields import (
    Flag,
    SafeText,
    ShownDescription,
    ShownTitle,
    SomeText,
    Title500,
    WrittenMoment,
    to_utc,
)
from donebook.ledger.kinds.facts import Derived
from donebook.ledger.operations import Creation
from donebook.tasks.kind import TASKS
from donebook.tasks.model import DESCRIPTION_LIMIT
from donebook.tasks.values import Due, Priority
from donebook.time_zones import is_time_zone

TAG_LIMIT = 20

_STRICT = ConfigDict(extra="forbid")


class DueDay(msgspec.Struct):
    """Due on a day, wherever one is."""

    date: date


class DueMoment(msgspec.Struct):
    """Due at a moment; the zone is where people think of it."""

    at: datetime
    time_zone: str | None


def show_due(at: datetime, all_day: bool, time_zone: str | None) -> DueDay | DueMoment:
    """A due date as the contract shows it."""
    return DueDay(at.date()) if all_day else DueMoment(at, time_zone)


def shown_value(value: Any) -> Any:
    """A field's value in the core's terms, as the contract shows it."""
    return show_due(value.at, value.all_day, value.time_zone) if isinstance(value, Due) else value


class Task(msgspec.Struct):
    """A task."""

    uuid: UUID = msgspec.field(name="id")
    id: Annotated[
        int, msgspec.Meta(description="The integer that other contracts know it by", examples=[1])
    ] = msgspec.field(name="number")
    title: ShownTitle
    description: ShownDescription
    completed: bool
    completed_at: Annotated[datetime | None, msgspec.Meta(examples=[None])]
    priority: Priority | None
    due: Annotated[DueDay | DueMoment | None, Derived(("due_at", "due_all_day", "due_time_zone"), show_due)]
    tags: Annotated[list[str], msgspec.Meta(examples=[["errands"]])]
    position: Annotated[
        str, msgspec.Meta(description="Sorts, byte for byte, as the tasks are arranged", examples=["a0"])
    ]
    created_at: datetime
    updated_at: datetime
    deleted_at: Annotated[
        datetime | None, msgspec.Meta(description="Since when it is in the trash", examples=[None])
    ]
    revision: Annotated[int, msgspec.Meta(description="The user's revision that wrote it last", examples=[7])]


def _require_zone(name: str) -> str:
    if not is_time_zone(name):
        raise ValueError("Input should be the name of an IANA time zone")
    return name


def _require_day(value: Any) -> Any:
    # Pydantic would take a number for a Unix time, and a moment at midnight for a day.
    if not isinstance(value, str) or len(value) != 10:
        raise ValueError("Input should be a date as YYYY-MM-DD")
    return value


def _read_in_zone(value: datetime, info: ValidationInfo) -> datetime:
    zone = info.data.get("time_zone")
    return to_utc(value) if zone is None else to_utc(value, ZoneInfo(zone))


def _unique(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


TimeZone = Annotated[
    str,
    StringConstraints(max_length=64),
    AfterValidator(_require_zone),
    Field(
        description="A time zone's IANA name.",
        examples=["Europe/Berlin"],
        json_schema_extra={"format": "iana-time-zone"},
    ),
]
DueAt = Annotated[
    WrittenMoment,
    AfterValidator(_read_in_zone),
    Field(
        description="Without an offset it is the local time of `time_zone`, or UTC where none is given. Of a "
        "local time that occurs twice the first is meant; one that does not occur is refused."
    ),
]
# Midnight of the calendar's first day is what PostgreSQL's driver takes for infinity.
Day = Annotated[date, BeforeValidator(_require_day), Field(gt=date.min, examples=["2026-12-01"])]
TagText = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50), *SomeText.__metadata__
]
Tags = Annotated[
    list[TagText],
    Field(
        max_length=TAG_LIMIT,
        description="In the order given; a tag given twice counts once.",
        examples=[["errands"]],
    ),
    AfterValidator(_unique),
]
Description = Annotated[
    SafeText,
    StringConstraints(max_length=DESCRIPTION_LIMIT),
    Field(examples=["Milk, bread and apples"]),
]


class GivenDueDay(TypedDict):
    """Due on a day."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]  # how Pydantic configures a TypedDict

    date: Day


class GivenDueMoment(TypedDict):
    """Due at a moment."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    # Validated first, because `at` may be told in it.
    time_zone: NotRequired[TimeZone | None]
    at: DueAt


def _kind_of_due(value: Any) -> str:
    return "day" if isinstance(value, dict) and "date" in value else "moment"


GivenDue = Annotated[
    Annotated[GivenDueDay, Tag("day")] | Annotated[GivenDueMoment, Tag("moment")],
    Discriminator(_kind_of_due),
]


class GivenTask(TypedDict):
    """A task to create."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    id: NotRequired[UUID]
    title: Title500
    description: NotRequired[Description | None]
    completed: NotRequired[Flag]
    priority: NotRequired[Priority | None]
    due: NotRequired[GivenDue | None]
    tags: NotRequired[Tags | None]


class GivenChange(TypedDict, total=False):
    """What to change: an absent field keeps its value, null clears it."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]

    title: Title500
    description: Description | None
    completed: Flag
    priority: Priority | None
    due: GivenDue | None
    tags: Tags | None


def due_from(given: Mapping[str, Any] | None) -> Due | None:
    """A due date in the core's terms."""
    if given is None:
        return None
    if "date" in given:
        return Due(datetime.combine(given["date"], time(), UTC), all_day=True)
    return Due(given["at"], time_zone=given.get("time_zone"))


def new_task_from(given: GivenTask) -> Creation:
    """A task to create in the core's terms."""
    fields = fields_from(given)
    return Creation(TASKS, fields, fields.pop("id", None))


def fields_from(given: GivenTask | GivenChange) -> dict[str, Any]:
    """The fields to set in the core's terms."""
    fields: dict[str, Any] = dict(given)
    if "due" in fields:
        fields["due"] = due_from(fields["due"])
    if "tags" in fields:
        fields["tags"] = fields["tags"] or []
    return fields
