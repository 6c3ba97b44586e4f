"""What comes in and goes out, validated by pydantic."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)


def in_utc(time: datetime) -> datetime:
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def known_zone(name: str) -> str:
    ZoneInfo(name)
    return name


def sound_rule(rule: str) -> str:
    rrulestr(rule)
    return rule


Time = Annotated[datetime, AfterValidator(in_utc)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Priority = Annotated[
    Literal["High", "Medium", "Low"],
    BeforeValidator(lambda text: text.capitalize() if isinstance(text, str) else text),
]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50, pattern="^[^,]*$")]
Tags = Annotated[list[Tag], Field(max_length=50), AfterValidator(lambda tags: list(dict.fromkeys(tags)))]
Rule = Annotated[str, StringConstraints(max_length=500), AfterValidator(sound_rule)]
Zone = Annotated[str, AfterValidator(known_zone)]


class TaskIn(BaseModel):
    """A new task."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    description: Annotated[str, Field(max_length=2000)] | None = None
    completed: bool = False
    priority: Priority = "Medium"
    tags: Tags = []
    due_date: Time | None = None
    reminder_at: Time | None = None
    is_recurring: bool = False
    recurrence_rule: Rule | None = None
    timezone: Zone | None = None

    @model_validator(mode="after")
    def _whole(self) -> "TaskIn":
        if self.reminder_at and self.due_date and self.reminder_at > self.due_date:
            raise ValueError("reminder_at must not be after due_date")
        if self.is_recurring and not self.recurrence_rule:
            raise ValueError("recurrence_rule must be set where is_recurring is true")
        return self


class TaskChanges(TaskIn):
    """The fields of a task that change."""

    title: Title = ""


class TaskOut(BaseModel):
    """A task as it is answered."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    user_id: str
    title: str
    description: str | None
    completed: bool
    priority: str
    tags: list[str]
    due_date: datetime | None
    reminder_at: datetime | None
    is_recurring: bool
    recurrence_rule: str | None
    timezone: str | None
    created_at: datetime
    updated_at: datetime


class Page(BaseModel):
    """A page of the list."""

    items: list[TaskOut]
    total: int
    limit: int
    offset: int


class Toggled(BaseModel):
    """A task that was toggled, and the one that follows it."""

    task: TaskOut
    new_task: TaskOut | None
