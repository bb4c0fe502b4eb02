"""``/api/v2/events``: server-sent events, resuming, tickets."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import pytest

from donebook.app import openapi_document
from donebook.http.call import Services
from donebook.settings import Mount
from tests.service import Service, bearer, run_service
from tests.streams import Stream, open_stream

EVENTS = "/api/v2/events"
TICKET = "/api/v2/events/ticket"


@pytest.fixture
async def service(database_url: str) -> AsyncIterator[Service]:
    async with run_service(database_url) as running:
        yield running


@pytest.fixture
async def ann(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client("ann") as client:
        yield client


@pytest.fixture
async def bob(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    async with service.client("bob") as client:
        yield client


@pytest.fixture
def follow(service: Service) -> Any:
    def follow(
        user: str | None = "ann", query: str = "", **headers: str
    ) -> AbstractAsyncContextManager[Stream]:
        token = bearer(user, jti=uuid4().hex) if user else {}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return open_stream(service.app, EVENTS, token | named, query)

    return follow


@pytest.fixture
async def events(follow: Any) -> AsyncIterator[Stream]:
    async with follow() as stream:
        yield stream


@pytest.fixture
def an_hour_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The feed finds that the tokens of this test, good for an hour, are over in a moment."""
    clock = SimpleNamespace(time=lambda: time.time() + 3599.9)
    monkeypatch.setattr("donebook.ledger.events.feed.time", clock)


async def create(client: httpx.AsyncClient, title: str = "Tea") -> dict[str, Any]:
    created = await client.post("/api/v2/tasks", json={"title": title})
    task: dict[str, Any] = created.json()
    return task


async def test_one_stream_more_than_a_user_may_have_is_refused_and_may_come_later(database_url: str) -> None:
    async with run_service(database_url, event_streams_per_user=1) as running:

        def follow(user: str) -> AbstractAsyncContextManager[Stream]:
            return open_stream(running.app, EVENTS, bearer(user, jti=uuid4().hex), "")

        async with follow("ann"), follow("bob") as theirs:
            assert 200 == theirs.status
            async with follow("ann") as refused:
                assert 429 == refused.status
                assert "30" == refused.headers["retry-after"]
                assert "too_many_requests" == (await refused.json())["code"]
        async with follow("ann") as again:
            assert 200 == again.status


async def test_it_is_a_stream_that_nobody_stores_or_holds_back(events: Stream) -> None:
    assert 200 == events.status
    assert "text/event-stream" == events.headers["content-type"]
    assert "private, no-store" == events.headers["cache-control"]
    assert "no" == events.headers["x-accel-buffering"]


async def test_an_event_says_what_happened_to_which_task(ann: httpx.AsyncClient, events: Stream) -> None:
    task = await create(ann)
    event = await events.next()
    assert ("task.created", "1") == (event.type, event.id)
    assert {
        "id": task["id"],
        "number": task["number"],
        "revision": 1,
        "action": "created",
        "contract": "v2",
        "at": task["updated_at"],
        "task": task,
    } == event.data


async def test_each_action_has_its_type(ann: httpx.AsyncClient, events: Stream) -> None:
    url = f"/api/v2/tasks/{(await create(ann))['id']}"
    await ann.patch(url, json={"title": "Coffee"})
    await ann.patch(url, json={"completed": True})
    await ann.patch(url, json={"completed": False})
    await ann.delete(url)
    assert ["task.created", "task.updated", "task.completed", "task.reopened", "task.deleted"] == [
        event.type for event in await events.take(5)
    ]


@pytest.mark.parametrize(
    ("contract", "path"),
    [("versioned", "/api/v1/tasks"), ("flat", "/api/tasks"), ("scoped", "/api/ann/tasks")],
)
async def test_a_change_through_any_contract_is_told(
    ann: httpx.AsyncClient, events: Stream, contract: str, path: str
) -> None:
    assert 201 == (await ann.post(path, json={"title": "Tea"})).status_code
    event = await events.next()
    assert ("task.created", contract, "Tea") == (
        event.type,
        event.data["contract"],
        event.data["task"]["title"],
    )


async def test_a_request_that_changes_nothing_is_no_event(ann: httpx.AsyncClient, events: Stream) -> None:
    url = f"/api/v2/tasks/{(await create(ann))['id']}"
    await ann.patch(url, json={"title": "Tea"})
    await ann.patch(url, json={"title": "Coffee"})
    assert ["1", "2"] == [event.id for event in await events.take(2)]


async def test_nobody_is_told_of_anothers_tasks(
    ann: httpx.AsyncClient, bob: httpx.AsyncClient, events: Stream
) -> None:
    await create(bob, "bob's")
    await create(ann, "ann's")
    assert "ann's" == (await events.next()).data["task"]["title"]


async def test_without_a_place_it_begins_now(ann: httpx.AsyncClient, follow: Any) -> None:
    await create(ann, "before")
    async with follow() as stream:
        assert "1" == stream.reader.last_id
        await create(ann, "after")
        assert "2" == (await stream.next()).id


async def test_a_client_that_has_seen_no_event_knows_where_to_resume(
    ann: httpx.AsyncClient, follow: Any
) -> None:
    await create(ann)
    async with follow() as stream:
        last_id = stream.reader.last_id
    await create(ann, "while away")
    async with follow(last_event_id=last_id) as stream:
        assert "while away" == (await stream.next()).data["task"]["title"]


async def test_since_and_last_event_id_resume(ann: httpx.AsyncClient, follow: Any) -> None:
    for title in ("a", "b", "c"):
        await create(ann, title)
    async with follow(query="since=1") as stream:
        assert ["2", "3"] == [event.id for event in await stream.take(2)]
    async with follow(query="since=1", last_event_id="2") as stream:
        assert ["3"] == [event.id for event in await stream.take(1)]
    async with follow(query="since=0") as stream:
        assert ["1", "2", "3"] == [event.id for event in await stream.take(3)]


async def test_a_revision_that_there_is_not_yet_is_refused(ann: httpx.AsyncClient, follow: Any) -> None:
    await create(ann)
    async with follow(query="since=2") as refused:
        assert 400 == refused.status
        assert "revision_ahead" == (await refused.json())["code"]


@pytest.mark.parametrize("given", ["x", "-1", "1.", "1.5.2", "%00", "99999999999999999999"])
async def test_a_place_that_is_none_is_refused(follow: Any, given: str) -> None:
    async with follow(query=f"since={given}") as refused:
        assert 422 == refused.status
        assert ["query", "since"] == (await refused.json())["errors"][0]["loc"]
    async with follow(last_event_id=given) as refused:
        assert 422 == refused.status
        assert ["header", "last-event-id"] == (await refused.json())["errors"][0]["loc"]
    async with follow(query=f"since={given}", last_event_id="0") as refused:
        assert 422 == refused.status


async def test_without_credentials_it_is_refused(follow: Any) -> None:
    async with follow(user=None) as refused:
        assert 401 == refused.status
        assert "Bearer" == refused.headers["www-authenticate"]
        assert "token_missing" == (await refused.json())["code"]


def test_the_document_says_that_a_ticket_opens_it_too() -> None:
    document = openapi_document((Mount("v2"),))
    operation = document["paths"][EVENTS]["get"]

    assert [{"BearerToken": []}, {"EventTicket": []}] == operation["security"]
    scheme = document["components"]["securitySchemes"]["EventTicket"]
    assert ("apiKey", "query", "ticket") == (scheme["type"], scheme["in"], scheme["name"])
    assert ["since", "Last-Event-ID"] == [each["name"] for each in operation["parameters"]]


async def test_a_token_in_the_url_is_no_credential(follow: Any) -> None:
    token = bearer("ann")["Authorization"].removeprefix("Bearer ")
    for name in ("token", "access_token", "authorization"):
        async with follow(user=None, query=f"{name}={token}") as refused:
            assert 401 == refused.status
    async with follow(user=None, query=f"ticket={token}") as refused:
        assert 401 == refused.status


async def test_it_ends_when_the_token_does(follow: Any, an_hour_passes: None) -> None:
    async with follow() as stream:
        await stream.until_end()
        assert ["the token has expired"] == stream.reader.comments


async def test_it_ends_when_its_token_is_logged_out(ann: httpx.AsyncClient, follow: Any) -> None:
    async with follow() as stream, follow() as by_another_token:
        headers = {"Authorization": stream.authorization}
        assert 200 == (await ann.post("/api/auth/logout", headers=headers)).status_code
        await stream.until_end()
        assert ["the token is no longer valid"] == stream.reader.comments
        await create(ann)
        assert "Tea" == (await by_another_token.next()).data["task"]["title"]


class TestTickets:
    async def ticket(self, client: httpx.AsyncClient) -> str:
        answer = await client.post(TICKET)
        assert 201 == answer.status_code
        assert 60 == answer.json()["expires_in"]
        assert ["no-store"] == answer.headers.get_list("cache-control")
        ticket: str = answer.json()["ticket"]
        return ticket

    async def test_a_ticket_opens_its_users_events(self, ann: httpx.AsyncClient, follow: Any) -> None:
        async with follow(user=None, query=f"since=0&ticket={await self.ticket(ann)}") as stream:
            await create(ann)
            assert "Tea" == (await stream.next()).data["task"]["title"]

    async def test_a_ticket_is_good_once(self, ann: httpx.AsyncClient, follow: Any) -> None:
        ticket = await self.ticket(ann)
        async with follow(user=None, query=f"ticket={ticket}") as stream:
            assert 200 == stream.status
        async with follow(user=None, query=f"ticket={ticket}") as refused:
            assert 401 == refused.status
            assert "ticket_invalid" == (await refused.json())["code"]

    async def test_of_many_who_come_with_one_ticket_one_is_let_in(
        self, ann: httpx.AsyncClient, follow: Any
    ) -> None:
        ticket = await self.ticket(ann)

        async def come() -> int:
            async with follow(user=None, query=f"ticket={ticket}") as stream:
                status: int = stream.status
                return status

        assert [200, *[401] * 9] == sorted(await asyncio.gather(*(come() for _ in range(10))))

    async def test_a_ticket_issues_no_ticket_and_opens_nothing_else(
        self, ann: httpx.AsyncClient, service: Service
    ) -> None:
        ticket = await self.ticket(ann)
        async with service.client(None) as nobody:
            assert 401 == (await nobody.post(TICKET, params={"ticket": ticket})).status_code
            assert 401 == (await nobody.get("/api/v2/tasks", params={"ticket": ticket})).status_code
            headers = {"Authorization": f"Bearer {ticket}"}
            assert 401 == (await nobody.get("/api/v2/tasks", headers=headers)).status_code

    async def test_issuing_needs_a_token(self, service: Service) -> None:
        async with service.client(None) as nobody:
            assert 401 == (await nobody.post(TICKET)).status_code

    async def test_what_a_ticket_opened_ends_with_the_token_it_was_issued_for(
        self, ann: httpx.AsyncClient, follow: Any, an_hour_passes: None
    ) -> None:
        async with follow(user=None, query=f"ticket={await self.ticket(ann)}") as stream:
            await stream.until_end()
            assert ["the token has expired"] == stream.reader.comments

    async def test_a_ticket_of_a_token_that_was_logged_out_opens_nothing(
        self, ann: httpx.AsyncClient, follow: Any
    ) -> None:
        ticket = await self.ticket(ann)
        assert 200 == (await ann.post("/api/auth/logout")).status_code
        async with follow(user=None, query=f"ticket={ticket}") as refused:
            assert 401 == refused.status
            assert "token_revoked" == (await refused.json())["code"]

    async def test_a_server_that_logs_the_url_finds_no_ticket_in_it(
        self, ann: httpx.AsyncClient, follow: Any
    ) -> None:
        async with follow(user=None, query=f"ticket={await self.ticket(ann)}") as stream:
            assert b"" == stream.scope["query_string"]

    async def test_no_stored_ticket_can_be_used(
        self, ann: httpx.AsyncClient, service: Service, follow: Any
    ) -> None:
        from sqlalchemy import select

        from donebook.ledger.events.model import event_tickets
        from donebook.storage.statement import Statement

        await self.ticket(ann)
        rows = await services_of(service).database.read(Statement("all", select(event_tickets)), {})
        for value in rows[0]:
            async with follow(user=None, query=f"ticket={value}") as refused:
                assert 401 == refused.status


async def test_a_client_that_leaves_is_forgotten(service: Service, follow: Any) -> None:
    async with follow(), follow():
        assert 2 == services_of(service).feed.followers
    assert 0 == services_of(service).feed.followers


async def test_a_first_visitor_may_follow(follow: Any) -> None:
    async with follow(user="a new user") as stream:
        assert (200, "0") == (stream.status, stream.reader.last_id)


def services_of(service: Service) -> Services:
    app = service.app.middleware_stack
    while not hasattr(app, "_services"):
        app = app.app
    services: Services = app._services
    return services
