"""The two users: one whom Schemathesis acts as, and one whose tasks it must not find."""

import sqlite3
from contextlib import closing
from typing import Any

import asyncpg
import httpx

from donebook.migrations.tables import METADATA
from tests.faults.isolation import Tagged
from tests.faults.server import token_for
from tests.storage.ownership import owner_column


def bearer(user: Tagged) -> dict[str, str]:
    return {"Authorization": f"Bearer {token_of(user)}"}


def token_of(user: Tagged) -> str:
    return token_for(user.id, email=f"{user.tag}@example.com", name=user.text("name"))


def write_through_every_contract(service: str, user: Tagged) -> list[dict[str, Any]]:
    """Give the user tasks, a trash, a history and a used key; return the tasks as ``v2`` shows them."""
    tasks: list[tuple[str, dict[str, Any]]] = [
        ("/api/tasks", {"title": user.text("flat"), "description": user.text("description")}),
        (f"/api/{user.id}/tasks", {"title": user.text("scoped"), "completed": True, "priority": "HIGH"}),
        ("/api/v1/tasks", {"title": user.text("versioned"), "due_date": "2026-12-01T08:30:00Z"}),
        (
            f"/enveloped/api/{user.id}/tasks",
            {"title": user.text("enveloped"), "description": user.text("described")},
        ),
        ("/api/v2/tasks", {"title": user.text("v2"), "tags": [user.tag], "priority": "high"}),
        ("/api/v2/tasks", {"title": user.text("to the trash")}),
    ]
    with httpx.Client(base_url=service, headers=bearer(user)) as client:
        for path, body in tasks:
            created = client.post(path, json=body, headers={"Idempotency-Key": body["title"]})
            assert created.is_success, created.text
        listed: list[dict[str, Any]] = client.get("/api/v2/tasks").json()["items"]
        changed = client.patch(f"/api/v2/tasks/{listed[0]['id']}", json={"title": user.text("changed")})
        deleted = client.delete(f"/api/v2/tasks/{listed[-1]['id']}")
        assert (200, 204) == (changed.status_code, deleted.status_code)
    return listed


async def rows_of(url: str, user: Tagged) -> dict[str, list[str]]:
    """All that is stored of the user, by table."""
    queries = {
        table.name: f"SELECT * FROM {table.name} WHERE {owner} = '{user.id}'"
        for table in METADATA.tables.values()
        if (owner := owner_column(table)) is not None
    }
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as file:
            found = {name: file.execute(query).fetchall() for name, query in queries.items()}
    else:
        connection = await asyncpg.connect(url)
        found = {name: await connection.fetch(query) for name, query in queries.items()}
        await connection.close()
    return {name: sorted(map(repr, rows)) for name, rows in found.items()}
