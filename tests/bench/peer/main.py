"""The usual: the core of the contract with FastAPI, SQLAlchemy 2 async and asyncpg, as a careful engineer
writes it.
"""

import os
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import jwt
from dateutil.rrule import rrulestr
from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tests.bench.peer.database import Task, session
from tests.bench.peer.models import Page, TaskChanges, TaskIn, TaskOut, Time, Toggled

SECRET = os.environ["JWT_SECRET"]

app = FastAPI()


async def current_user(credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> str:
    """The user whom the token names."""
    try:
        return str(
            jwt.decode(
                credentials.credentials, SECRET, algorithms=["HS256"], options={"require": ["exp", "sub"]}
            )["sub"]
        )
    except jwt.InvalidTokenError:
        raise HTTPException(401, "bad token", {"WWW-Authenticate": "Bearer"}) from None


User = Annotated[str, Depends(current_user)]
Database = Annotated[AsyncSession, Depends(session)]

ORDERS = {
    "created_at": Task.created_at,
    "updated_at": Task.updated_at,
    "title": func.lower(Task.title),
    "due_date": Task.due_date,
    "priority": case({"High": 1, "Medium": 2, "Low": 3}, value=Task.priority),
}


@app.post("/tasks", status_code=201)
async def create_task(body: TaskIn, user: User, database: Database) -> TaskOut:
    task = Task(user_id=user, **body.model_dump())
    database.add(task)
    await database.commit()
    return TaskOut.model_validate(task)


@app.get("/tasks")
async def list_tasks(
    user: User,
    database: Database,
    q: str | None = None,
    status: Literal["true", "false"] | None = None,
    priority: str | None = None,
    tags: str | None = None,
    due_date_from: Time | None = None,
    due_date_to: Time | None = None,
    sort_by: Literal["created_at", "updated_at", "title", "due_date", "priority"] = "created_at",
    sort_order: Literal["asc", "desc"] | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
    offset: Annotated[int, Query(ge=0)] = 0,
) -> Page:
    found = select(Task).where(Task.user_id == user)
    if q:
        found = found.where(
            or_(Task.title.icontains(q, autoescape=True), Task.description.icontains(q, autoescape=True))
        )
    if status:
        found = found.where(Task.completed.is_(status == "true"))
    if priority:
        found = found.where(Task.priority.in_([name.strip().capitalize() for name in priority.split(",")]))
    if tags:
        found = found.where(Task.tags.overlap([tag.strip() for tag in tags.split(",")]))
    if due_date_from:
        found = found.where(Task.due_date >= due_date_from)
    if due_date_to:
        found = found.where(Task.due_date <= due_date_to)
    order = ORDERS[sort_by]
    descending = sort_order == "desc" or (sort_order is None and sort_by == "created_at")
    total = await database.scalar(select(func.count()).select_from(found.subquery()))
    items = await database.scalars(
        found.order_by((order.desc() if descending else order.asc()).nulls_last(), Task.id)
        .limit(limit)
        .offset(offset)
    )
    return Page(
        items=[TaskOut.model_validate(item) for item in items], total=total or 0, limit=limit, offset=offset
    )


async def owned(id: UUID, user: User, database: Database) -> Task:
    """The user's task, or 404."""
    task = await database.scalar(select(Task).where(Task.id == id, Task.user_id == user))
    if task is None:
        raise HTTPException(404, "no such task")
    return task


async def locked(id: UUID, user: User, database: Database) -> Task:
    """The user's task, locked until the commit, or 404."""
    task = await database.scalar(select(Task).where(Task.id == id, Task.user_id == user).with_for_update())
    if task is None:
        raise HTTPException(404, "no such task")
    return task


@app.get("/tasks/{id}")
async def get_task(task: Annotated[Task, Depends(owned)]) -> TaskOut:
    return TaskOut.model_validate(task)


@app.put("/tasks/{id}")
async def update_task(
    body: TaskChanges, task: Annotated[Task, Depends(locked)], database: Database
) -> TaskOut:
    for field, value in body.model_dump(exclude_unset=True).items():
        setattr(task, field, value)
    await database.commit()
    return TaskOut.model_validate(task)


@app.delete("/tasks/{id}", status_code=204)
async def delete_task(task: Annotated[Task, Depends(locked)], database: Database) -> None:
    await database.delete(task)
    await database.commit()


@app.post("/tasks/{id}/toggle")
async def toggle_task(task: Annotated[Task, Depends(locked)], database: Database) -> Toggled:
    task.completed = not task.completed
    successor = next_task(task) if task.completed and task.is_recurring else None
    if successor:
        database.add(successor)
    await database.commit()
    return Toggled(
        task=TaskOut.model_validate(task),
        new_task=TaskOut.model_validate(successor) if successor else None,
    )


def next_task(task: Task) -> Task | None:
    """What follows a recurring task that was completed."""
    zone = ZoneInfo(task.timezone or "UTC")
    start = (task.due_date or datetime.now(UTC)).astimezone(zone)
    wall = start.replace(tzinfo=None)
    due = rrulestr(task.recurrence_rule or "", dtstart=wall).after(wall)
    if due is None:
        return None
    before = start - task.reminder_at if task.reminder_at else None
    due = due.replace(tzinfo=zone).astimezone(UTC)
    return Task(
        user_id=task.user_id,
        title=task.title,
        description=task.description,
        priority=task.priority,
        tags=task.tags,
        due_date=due,
        reminder_at=due - before if before else None,
        is_recurring=True,
        recurrence_rule=task.recurrence_rule,
        timezone=task.timezone,
    )
