import asyncio
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from donebook.accounts.events import EventKind, Origin, RecordedEvent, list_events, printable, record_event
from donebook.accounts.recorder import ALL_PER_WINDOW, EACH_PER_WINDOW, EventRecorder
from donebook.errors import DatabaseUnavailable
from donebook.storage.database import Database
from tests.accounts.conftest import Clock

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
ORIGIN = Origin("203.0.113.7", "a browser", "request-1")

HOSTILE = 'evil\r\n2030-01-01 WARNING forged\x1b[31m\x07\u202e\u2028{"json": 1}\x85\x00\x7f'


async def test_an_event_is_listed_as_it_was_recorded(database: Database, clock: Clock) -> None:
    await record_event(database, EventKind.LOG_IN, ORIGIN, clock(), user_id="ada", reason="because")
    (listed,) = await list_events(database, since=LONG_AGO)
    expected = RecordedEvent(clock(), "ada", "log_in", "because", "203.0.113.7", "a browser", "request-1")
    assert expected == listed


async def test_events_are_listed_newest_first_by_user_time_and_outcome(
    database: Database, clock: Clock
) -> None:
    began = clock()
    for user, kind in [
        ("ada", EventKind.LOG_IN),
        ("bob", EventKind.LOG_IN_REFUSED),
        ("ada", EventKind.LOG_IN_REFUSED),
        (None, EventKind.LIMIT_HIT),
    ]:
        await record_event(database, kind, ORIGIN, clock(), user_id=user)
        clock.advance(60)

    async def listed(**which: object) -> list[str]:
        selection = {"since": LONG_AGO} | which
        return [f"{each.user_id} {each.kind}" for each in await list_events(database, **selection)]  # type: ignore[arg-type]

    everything = ["None limit_hit", "ada log_in_refused", "bob log_in_refused", "ada log_in"]
    assert everything == await listed()
    assert everything[:2] == await listed(limit=2)
    assert ["ada log_in_refused", "ada log_in"] == await listed(user_id="ada")
    assert everything[:3] == await listed(failures_only=True)
    assert everything[:2] == await listed(since=began + timedelta(seconds=61))


async def test_what_a_client_calls_itself_is_kept_short_and_printable(
    database: Database, clock: Clock
) -> None:
    for agent in (HOSTILE, "x" * 5000):
        await record_event(database, EventKind.LOG_IN, Origin(user_agent=agent), clock())
    long, hostile = await list_events(database, since=LONG_AGO)
    assert "x" * 256 == long.user_agent
    assert hostile.user_agent is not None
    assert hostile.user_agent.isprintable()
    assert "forged" in hostile.user_agent


def test_printable_text_is_left_as_it_is() -> None:
    assert "Grüße, Ἀθήνα 🙂" == printable("Grüße, Ἀθήνα 🙂")


@pytest.fixture
async def recorder(database: Database, clock: Clock) -> AsyncIterator[EventRecorder]:
    recorder = EventRecorder(database, clock)
    yield recorder
    await recorder.aclose()


async def recorded(database: Database, recorder: EventRecorder) -> list[str]:
    await recorder.settle()
    events = await list_events(database, since=LONG_AGO, limit=10_000)
    return [f"{each.kind} {each.address}: {each.reason}" for each in reversed(events)]


def flood(recorder: EventRecorder, times: int, address: str = "203.0.113.7") -> None:
    for _ in range(times):
        recorder.note(EventKind.TOKEN_REFUSED, Origin(address), reason="expired")


async def test_a_refusal_is_recorded_and_logged(
    database: Database, recorder: EventRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, "donebook"):
        recorder.note(EventKind.TOKEN_REFUSED, ORIGIN, reason="signature")
    assert ["token_refused 203.0.113.7: signature"] == await recorded(database, recorder)
    assert ["token_refused: signature (from 203.0.113.7, request request-1)"] == caplog.messages


async def test_of_a_flood_from_one_address_a_few_are_recorded_and_the_rest_counted(
    database: Database, recorder: EventRecorder, clock: Clock
) -> None:
    flood(recorder, 1000)
    clock.advance(59)
    flood(recorder, 1000)
    assert ["token_refused 203.0.113.7: expired"] * EACH_PER_WINDOW == await recorded(database, recorder)

    clock.advance(1)
    flood(recorder, 1)

    # Written at once and in the background: which of the two is first is nobody's promise.
    assert sorted(["not_recorded None: 1995 token_refused", "token_refused 203.0.113.7: expired"]) == sorted(
        (await recorded(database, recorder))[EACH_PER_WINDOW:]
    )


async def test_how_many_were_left_out_is_recorded_although_no_more_come(
    database: Database, recorder: EventRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("donebook.accounts.recorder.WINDOW_SECONDS", 0.01)
    flood(recorder, 1000)
    left_out = f"not_recorded None: {1000 - EACH_PER_WINDOW} token_refused"
    async with asyncio.timeout(30):
        while left_out not in await recorded(database, recorder):  # noqa: ASYNC110 - the database tells no one
            await asyncio.sleep(0.01)


async def test_how_many_were_left_out_is_recorded_when_the_service_stops(
    database: Database, recorder: EventRecorder
) -> None:
    flood(recorder, 1000)
    await recorder.aclose()
    assert f"not_recorded None: {1000 - EACH_PER_WINDOW} token_refused" in await recorded(database, recorder)


async def test_a_flood_from_one_address_does_not_hide_another(
    database: Database, recorder: EventRecorder
) -> None:
    flood(recorder, 1000)
    flood(recorder, 1, "198.51.100.1")
    assert "token_refused 198.51.100.1: expired" in await recorded(database, recorder)


async def test_a_flood_from_everywhere_is_bounded_in_the_database_and_in_memory(
    database: Database, recorder: EventRecorder
) -> None:
    for number in range(10_000):
        flood(recorder, 1, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(recorder._seen) <= ALL_PER_WINDOW * 10
    assert ALL_PER_WINDOW == len(await recorded(database, recorder))


async def test_a_refusal_does_not_fail_with_the_database(
    database: Database, clock: Clock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise DatabaseUnavailable("down")

    monkeypatch.setattr(database, "write", fail)
    recorder = EventRecorder(database, clock)
    flood(recorder, 1)
    await recorder.settle()
    assert "an event could not be recorded: down" in caplog.messages


async def test_a_log_line_stays_one_line_whatever_the_reason_says(
    recorder: EventRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    recorder.note(EventKind.TOKEN_REFUSED, ORIGIN, reason=HOSTILE)
    await recorder.settle()
    (line,) = caplog.messages
    assert line.isprintable()
