"""The query of a list, in the contract's terms and in the core's."""

from datetime import UTC, date, datetime, time, tzinfo
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints, TypeAdapter

from donebook.contracts.fields import SafeText, WrittenMoment, to_utc
from donebook.contracts.v2.fields import TAG_LIMIT, Day, TagText, TimeZone
from donebook.errors import Invalid
from donebook.http.call import CallContext
from donebook.http.requests import problem
from donebook.tasks.selection import DueBound, Overdue, Selection, Sort
from donebook.tasks.values import Priority

WORD_LIMIT = 10

# fmt: off
GivenSort = Literal[
    "position", "-position", "created", "-created", "updated", "-updated",
    "due", "-due", "priority", "-priority", "title", "-title",
]
# fmt: on
_SORTS: dict[str, Sort] = {
    "position": "position",
    "created": "created",
    "updated": "updated",
    "due": "due_date",
    "priority": "priority",
    "title": "title",
}
_moment = TypeAdapter(WrittenMoment).validate_python
_day = TypeAdapter(Day).validate_python


def _split(values: Any) -> Any:
    return [part for value in values for part in value.split(",")] if isinstance(values, list) else values


def _day_or_moment(value: Any) -> Any:
    return _day(value) if isinstance(value, str) and len(value) == 10 else _moment(value)


def _few_words(text: str) -> str:
    if len(text.split()) > WORD_LIMIT:
        raise ValueError(f"Input should have at most {WORD_LIMIT} words")
    return text


Bound = Annotated[datetime | date, BeforeValidator(_day_or_moment)]


class TaskQuery(BaseModel):
    """Which tasks, in which order, and which page of them."""

    status: Literal["all", "pending", "completed"] = "all"
    # Tuples: of a list as the default Pydantic would make a deep copy for each request.
    priority: Annotated[tuple[Priority, ...], BeforeValidator(_split)] = Field(
        (), max_length=3, description="Tasks of one of these; repeated or separated by commas."
    )
    tag: tuple[TagText, ...] = Field(
        (), max_length=TAG_LIMIT, description="Tasks with this tag; repeated: with all of them."
    )
    due_before: Bound | None = Field(None, description="Tasks due before this moment or day.")
    due_after: Bound | None = Field(None, description="Tasks due at this moment or day, or later.")
    overdue: bool | None = Field(
        None,
        description="Open tasks whose moment has passed by the start of this minute, or whose day is over "
        "in `time_zone`; `false`: all others.",
    )
    time_zone: TimeZone | None = Field(
        None,
        description="Where days begin and end; by default the token's `zoneinfo`, else UTC. A "
        "moment without an offset is the local time of this zone if it is given, else UTC.",
    )
    q: Annotated[SafeText, StringConstraints(max_length=1000), AfterValidator(_few_words)] | None = Field(
        None, description="Words that are all in the title or the description, whatever the case."
    )
    sort: GivenSort = Field(
        "position", description="What to sort by; with `-` descending. Tasks without it come last."
    )
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, description="The `next_cursor` of the page before, for the same query.")

    def binding(self) -> bytes:
        """What a cursor belongs to: the query, whatever part of its answer is asked for."""
        return b"tasks" + self.model_dump_json(exclude={"limit", "cursor"}, exclude_defaults=True).encode()

    def selection(self, call: CallContext) -> Selection:
        """The query in the core's terms; raises `Invalid`."""
        zone = ZoneInfo(self.time_zone or call.principal.time_zone or "UTC")
        local = zone if self.time_zone else UTC
        return Selection(
            completed=None if self.status == "all" else self.status == "completed",
            priorities=self.priority,
            search=tuple((self.q or "").split()),
            tags=self.tag,
            due_before=_bound("due_before", self.due_before, zone, local),
            due_after=_bound("due_after", self.due_after, zone, local),
            overdue=None if self.overdue is None else Overdue(_now(call, zone), self.overdue),
            sort=_SORTS[self.sort.removeprefix("-")],
            descending=self.sort.startswith("-"),
        )

    def varying(self, call: CallContext) -> bytes:
        """What the answer depends on beside the tasks: the minute, and where days begin and end."""
        if self.overdue is None and self.due_before is None and self.due_after is None:
            return b""
        zone = self.time_zone or call.principal.time_zone or "UTC"
        minute = "" if self.overdue is None else this_minute(call).isoformat()
        return f" {minute} {zone}".encode()


def this_minute(call: CallContext) -> datetime:
    """The start of the current minute."""
    return call.services.now().replace(second=0, microsecond=0)


def _now(call: CallContext, zone: ZoneInfo) -> DueBound:
    now = this_minute(call)
    return DueBound(now, _midnight_utc(now.astimezone(zone).date()))


def _bound(name: str, value: datetime | date | None, zone: ZoneInfo, local: tzinfo) -> DueBound | None:
    """The bound with days as in ``zone``; a moment without an offset is one of ``local``."""
    if value is None:
        return None
    try:
        if isinstance(value, datetime):
            moment = to_utc(value, local)
            return DueBound(moment, _midnight_utc(moment.astimezone(zone).date()))
        return DueBound(datetime.combine(value, time(), zone).astimezone(UTC), _midnight_utc(value))
    except OverflowError:
        message = "Input should be in the years 1 to 9999 in the time zone and in UTC"
        raise Invalid([problem("date_out_of_range", ("query", name), message)]) from None
    except ValueError as mistake:
        raise Invalid([problem("value_error", ("query", name), str(mistake))]) from None


def _midnight_utc(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
