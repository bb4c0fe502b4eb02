"""The `versioned` contract as such back ends are usually written.

FastAPI with one dependency for the token and one for an async SQLModel session, Pydantic models in and
out, `session.exec`, `commit`, `refresh`. Two choices favour it over what is usually seen: a pool as wide
as the load, and no ping before each use of a connection.
"""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import jwt
from fastapi import Depends, FastAPI, HTTPException, Response, status
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import StringConstraints
from sqlalchemy import DateTime
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import Field, SQLModel, select
from sqlmodel.ext.asyncio.session import AsyncSession

engine = create_async_engine(
    os.environ["DATABASE_URL"].replace("postgresql://", "postgresql+asyncpg://"),
    pool_size=int(os.environ.get("POOL_SIZE", "32")),
    max_overflow=0,
)
new_session = async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)
bearer = HTTPBearer(auto_error=False)
app = FastAPI()


def now() -> datetime:
    return datetime.now(UTC)


class Priority(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Task(SQLModel, table=True):
    __tablename__ = "tasks"

    id: int | None = Field(default=None, primary_key=True)
    user_id: str = Field(index=True, max_length=64)
    title: str = Field(max_length=200)
    description: str | None = None
    completed: bool = False
    priority: str | None = None
    due_date: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))  # type: ignore[call-overload]
    created_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))  # type: ignore[call-overload]
    updated_at: datetime = Field(default_factory=now, sa_type=DateTime(timezone=True))  # type: ignore[call-overload]


Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class TaskCreate(SQLModel):
    title: Title
    description: str | None = Field(default=None, max_length=10000)
    priority: Priority | None = None
    due_date: datetime | None = None
    completed: bool = False


class TaskUpdate(SQLModel):
    title: Title | None = None
    description: str | None = Field(default=None, max_length=10000)
    priority: Priority | None = None
    due_date: datetime | None = None
    completed: bool | None = None


class TaskRead(SQLModel):
    id: int
    title: str
    description: str | None
    completed: bool
    priority: Priority | None
    due_date: datetime | None
    user_id: str
    created_at: datetime
    updated_at: datetime


async def get_session() -> AsyncIterator[AsyncSession]:
    async with new_session() as session:
        yield session


async def get_current_user(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
) -> str:
    if credentials is None:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED, "Missing token", {"WWW-Authenticate": "Bearer"})
    try:
        payload = jwt.decode(credentials.credentials, os.environ["JWT_SECRET"], algorithms=["HS256"])
        return str(payload["sub"])
    except (jwt.PyJWTError, KeyError) as error:
        raise HTTPException(
            status.HTTP_401_UNAUTHORIZED, "Invalid token", {"WWW-Authenticate": "Bearer"}
        ) from error


Session = Annotated[AsyncSession, Depends(get_session)]
CurrentUser = Annotated[str, Depends(get_current_user)]


async def owned(session: AsyncSession, task_id: int, user_id: str) -> Task:
    task = await session.get(Task, task_id)
    if task is None or task.user_id != user_id:
        raise HTTPException(404, "Task not found or you don't have permission to access it")
    return task


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "healthy"}


@app.get("/api/v1/tasks", response_model=list[TaskRead])
async def list_tasks(
    session: Session, user_id: CurrentUser, completed: bool | None = None, priority: Priority | None = None
) -> object:
    statement = select(Task).where(Task.user_id == user_id)
    if completed is not None:
        statement = statement.where(Task.completed == completed)
    if priority is not None:
        statement = statement.where(Task.priority == priority)
    return (await session.exec(statement.order_by(Task.id))).all()  # type: ignore[arg-type]


@app.post("/api/v1/tasks", response_model=TaskRead, status_code=status.HTTP_201_CREATED)
async def create_task(body: TaskCreate, session: Session, user_id: CurrentUser, response: Response) -> Task:
    task = Task(user_id=user_id, **body.model_dump())
    session.add(task)
    await session.commit()
    await session.refresh(task)
    response.headers["Location"] = f"/api/v1/tasks/{task.id}"
    return task


@app.get("/api/v1/tasks/{task_id}", response_model=TaskRead)
async def get_task(task_id: int, session: Session, user_id: CurrentUser) -> Task:
    return await owned(session, task_id, user_id)


@app.put("/api/v1/tasks/{task_id}", response_model=TaskRead)
async def update_task(task_id: int, body: TaskUpdate, session: Session, user_id: CurrentUser) -> Task:
    task = await owned(session, task_id, user_id)
    for name, value in body.model_dump(exclude_unset=True).items():
        setattr(task, name, value)
    task.updated_at = now()
    session.add(task)
    await session.commit()
    await session.refresh(task)
    return task


@app.patch("/api/v1/tasks/{task_id}/complete", response_model=TaskRead)
async def toggle_task(task_id: int, session: Session, user_id: CurrentUser) -> Task:
    task = await owned(session, task_id, user_id)
    task.completed = not task.completed
    task.updated_at = now()
    session.add(task)
    await session.commit()
    await session.refresh(task)
    return task


@app.delete("/api/v1/tasks/{task_id}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_task(task_id: int, session: Session, user_id: CurrentUser) -> None:
    await session.delete(await owned(session, task_id, user_id))
    await session.commit()
