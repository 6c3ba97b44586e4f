"""The examples of the OpenAPI document. Data; each agrees with its schema."""

from typing import Any

Json = dict[str, Any]

ID = "018f4e2a-6c1b-4d3e-9f00-2a5b8c7d6e1f"
REQUEST_ID = "5f0c6a5e8d3b4c0f9a7e2d1c0b3a4f5e"
TASK: Json = {
    "id": ID,
    "user_id": "alice",
    "title": "Pay the rent",
    "description": None,
    "completed": False,
    "priority": "High",
    "tags": ["home", "money"],
    "due_date": "2026-01-10T17:00:00Z",
    "reminder_at": "2026-01-10T09:00:00Z",
    "is_recurring": True,
    "recurrence_rule": "FREQ=MONTHLY;BYMONTHDAY=10",
    "timezone": "Europe/Berlin",
    "created_at": "2026-01-02T08:15:00.25Z",
    "updated_at": "2026-01-02T08:15:00.25Z",
}
SUCCESSOR = TASK | {
    "id": "018f4e2a-9d2c-4e4f-8a11-3b6c9d8e7f20",
    "due_date": "2026-02-10T17:00:00Z",
    "reminder_at": "2026-02-10T09:00:00Z",
}
_KEPT_BY_SERVER = ("id", "user_id", "completed", "created_at", "updated_at")
NEW_TASK = {name: value for name, value in TASK.items() if name not in _KEPT_BY_SERVER}
PAGE = {"items": [TASK], "total": 1, "limit": 50, "offset": 0, "next_cursor": None}
TOGGLED = {"task": TASK | {"completed": True}, "new_task": SUCCESSOR}
BATCH = {
    "operations": [
        {"op": "create", "id": SUCCESSOR["id"], "body": {"title": "Buy milk"}},
        {"op": "update", "id": ID, "if_match": '"1767341700250000"', "body": {"priority": "High"}},
        {"op": "toggle", "id": ID, "body": {"completed": True}},
        {"op": "delete", "id": "9b1d2f60-3c4e-4b7a-8d15-6e0f7a2c9b38"},
    ]
}
BATCH_RESULTS = {
    "results": [
        {"status": 201, "etag": '"1767341700250001"', "location": f"/tasks/{SUCCESSOR['id']}"},
        {"status": 200, "etag": '"1767341700250002"'},
        {"status": 200, "etag": '"1767341700250003"', "body": TOGGLED},
        {"status": 204},
    ]
}
PREVIEW = {name: TASK[name] for name in ("due_date", "recurrence_rule", "timezone")} | {"limit": 2}
OCCURRENCES = {"occurrences": ["2026-02-10T17:00:00Z", "2026-03-10T17:00:00Z"]}
NEW_PASS = {"label": "Backup", "scope": "tasks:read", "expires_at": "2026-12-31T00:00:00Z"}
PASS = {
    "id": ID,
    "label": "Backup",
    "scope": "tasks:read",
    "created_at": "2026-01-02T08:15:00.25Z",
    "expires_at": "2026-12-31T00:00:00Z",
    "last_used_on": None,
}
PASSES = {"items": [PASS | {"last_used_on": "2026-01-10"}]}
CREATED_PASS = PASS | {"token": "duly_0h5WqZ8tYb1nXc4mVk7jLp2sRd9fGa3eTu6iOy0wQxE"}
SINCE = "3f2a91c0-1767341700250000"
CHANGES = {"changed": [TASK], "deleted": [SUCCESSOR["id"]], "next": SINCE, "has_more": False}
NEW_WEBHOOK = {
    "url": "https://ntfy.sh",
    "events": ["task.reminder"],
    "body": {"topic": "alice-7f3k", "title": "{title}", "message": "Due {due}"},
}
WEBHOOK = {
    "id": ID,
    "url": "https://ntfy.sh",
    "label": None,
    "events": ["task.reminder"],
    "header_names": [],
    "body": {"topic": "alice-7f3k", "title": "{title}", "message": "Due {due}"},
    "timezone": None,
    "paused": None,
    "failing_since": None,
    "created_at": "2026-01-02T08:15:00.25Z",
    "updated_at": "2026-01-02T08:15:00.25Z",
}
WEBHOOKS = {"items": [WEBHOOK]}
CREATED_WEBHOOK = WEBHOOK | {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="}
EVENT = {
    "type": "task.reminder",
    "timestamp": "2026-01-10T09:00:00.031337Z",
    "version": 1767341700250000,
    "data": TASK,
}
DELIVERY = {
    "id": "018f4e2a-7b3c-4e5d-8f11-4c7d0e9f8a21",
    "type": "task.reminder",
    "task_id": ID,
    "state": "delivered",
    "attempts": 1,
    "status": 200,
    "error": None,
    "created_at": "2026-01-10T09:00:00.031337Z",
    "next_attempt_at": None,
    "finished_at": "2026-01-10T09:00:00.25Z",
    "payload": EVENT,
}
DELIVERIES = {"items": [DELIVERY], "next_cursor": None}
HEALTH = {"status": "healthy", "timestamp": "2026-01-10T17:00:00.123456Z", "version": "1.0.0"}
READY = {"status": "ready", "version": "1.0.0"}
FIELD_ERROR = {"loc": ["body", "title"], "msg": "must have 1 to 200 characters", "type": "string_length"}

# The examples of a task's fields.
FIELDS: Json = {
    "due_date": TASK["due_date"],
    "reminder_at": TASK["reminder_at"],
    "recurrence_rule": "FREQ=WEEKLY;BYDAY=MO",
    "timezone": TASK["timezone"],
}
