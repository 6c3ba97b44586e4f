"""Create, read, update, delete, toggle, over HTTP."""

import uuid

import pytest

FIELDS = {
    "title": "Pay the rent",
    "description": "by bank transfer",
    "completed": False,
    "priority": "High",
    "tags": ["home", "money"],
    "due_date": "2026-01-10T17:00:00Z",
    "reminder_at": "2026-01-10T09:00:00Z",
    "is_recurring": True,
    "recurrence_rule": "FREQ=MONTHLY;BYMONTHDAY=10",
    "timezone": "Europe/Berlin",
}


def test_a_task_is_made_with_all_fields_and_read_back(client, alice):
    response = client(alice).post("/tasks", FIELDS)
    assert response.status_code == 201
    task = response.json()
    assert task | FIELDS == task
    assert task["user_id"] == alice
    assert set(task) == {*FIELDS, "id", "user_id", "created_at", "updated_at"}
    assert response.headers["location"] == f"/tasks/{task['id']}"
    read = client(alice).get(response.headers["location"])
    assert (read.status_code, read.json(), read.headers["etag"]) == (200, task, response.headers["etag"])


def test_a_task_needs_only_a_title(client, alice):
    task = client(alice).create(title="  Buy milk\u2003")
    assert task["title"] == "Buy milk"
    assert (task["completed"], task["priority"], task["tags"], task["is_recurring"]) == (
        False,
        "Medium",
        [],
        False,
    )
    assert all(
        task[field] is None
        for field in ("description", "due_date", "reminder_at", "recurrence_rule", "timezone")
    )


def test_the_json_is_compact_and_utf_8(client, alice):
    response = client(alice).post("/tasks", {"title": "Café ☕"})
    assert '"title":"Café ☕"' in response.content.decode("utf-8")
    assert response.headers["content-type"] == "application/json"


@pytest.mark.parametrize("priority", ["high", "HIGH", "hIgH", "High"])
def test_a_priority_may_have_any_letter_case(client, alice, priority):
    assert client(alice).create(priority=priority)["priority"] == "High"


def test_duplicate_tags_are_dropped_and_the_first_place_is_kept(client, alice):
    assert client(alice).create(tags=["b", " a ", "b", "c", "a"])["tags"] == ["b", "a", "c"]


def test_tags_null_means_none(client, alice):
    assert client(alice).create(tags=None)["tags"] == []


def test_a_due_date_may_lie_in_the_past(client, alice):
    assert client(alice).create(due_date="1999-12-31T23:59:59Z")["due_date"] == "1999-12-31T23:59:59Z"


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("2026-01-10T17:00:00Z", "2026-01-10T17:00:00Z"),
        ("2026-01-10t17:00:00z", "2026-01-10T17:00:00Z"),
        ("2026-01-10T17:00:00.250000Z", "2026-01-10T17:00:00.25Z"),
        ("2026-01-10T17:00:00,5Z", "2026-01-10T17:00:00.5Z"),
        ("2026-01-10T17:00:00+05:30", "2026-01-10T11:30:00Z"),
        ("2026-01-10T17:00", "2026-01-10T17:00:00Z"),
        ("2026-01-10 17:00:00", "2026-01-10T17:00:00Z"),
        ("2026-01-10", "2026-01-10T00:00:00Z"),
        ("20260110T170000Z", "2026-01-10T17:00:00Z"),
        ("2026-W02-6", "2026-01-10T00:00:00Z"),
        ("2026-010", "2026-01-10T00:00:00Z"),
        ("2026-01-10T24:00:00Z", "2026-01-11T00:00:00Z"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"),
    ],
)
def test_any_iso_8601_time_is_taken_and_rfc_3339_in_utc_given_back(client, alice, sent, read):
    assert client(alice).create(due_date=sent)["due_date"] == read


@pytest.mark.parametrize(
    "time",
    ["tomorrow", "now", "infinity", "2026-02-30", "2026-13-01", "0000-01-01", "2026-W54-1", "2026-366",
    "1768064400", "",
     "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", "2026-01-10T25:00:00Z", "10000-01-01"],
)  # fmt: skip
def test_what_is_no_time_is_refused(client, alice, time):
    response = client(alice).post("/tasks", {"title": "x", "due_date": time})
    assert response.status_code == 400
    assert response.json()["errors"][0]["loc"] == ["body", "due_date"]


def test_what_was_read_can_be_sent_back(client, alice):
    task = client(alice).create(**FIELDS)
    sent = task | {"user_id": "somebody", "id": str(uuid.uuid4()), "created_at": "x", "updated_at": None}
    response = client(alice).put(f"/tasks/{task['id']}", sent)
    assert (response.status_code, response.json()) == (200, task)


@pytest.mark.parametrize("method", ["put", "patch"])
def test_fields_in_the_body_change_and_missing_ones_stay(client, alice, method):
    task = client(alice).create(**FIELDS)
    response = getattr(client(alice), method)(f"/tasks/{task['id']}", {"title": "Pay", "description": None})
    assert response.status_code == 200
    changed = response.json()
    assert changed == task | {"title": "Pay", "description": None, "updated_at": changed["updated_at"]}
    assert changed["updated_at"] > task["updated_at"]


@pytest.mark.parametrize(
    "body", [{}, {"title": "Pay the rent"}, {"recurrence_rule": "rrule:freq=monthly;bymonthday=10"}]
)
def test_a_change_that_changes_nothing_moves_neither_updated_at_nor_the_etag(client, alice, body):
    made = client(alice).post("/tasks", FIELDS)
    same = client(alice).patch(made.headers["location"], body)
    assert (same.json(), same.headers["etag"]) == (made.json(), made.headers["etag"])


def test_a_merge_patch_is_taken_under_its_own_media_type(client, alice):
    task = client(alice).create()
    response = client(alice).request(
        "PATCH",
        f"/tasks/{task['id']}",
        content='{"title":"new"}',
        headers={"Content-Type": "application/merge-patch+json"},
    )
    assert (response.status_code, response.json()["title"]) == (200, "new")


def test_a_deleted_task_is_gone(client, alice):
    task = client(alice).create()
    response = client(alice).delete(f"/tasks/{task['id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert client(alice).get(f"/tasks/{task['id']}").status_code == 404
    assert client(alice).delete(f"/tasks/{task['id']}").status_code == 404


def test_toggle_flips_and_flips_back(client, alice):
    task = client(alice).create()
    done = client(alice).post(f"/tasks/{task['id']}/toggle")
    assert done.status_code == 200
    assert done.json() == {
        "task": task | {"completed": True, "updated_at": done.json()["task"]["updated_at"]},
        "new_task": None,
    }
    assert client(alice).post(f"/tasks/{task['id']}/toggle", {}).json()["task"]["completed"] is False


def test_toggle_can_set_the_state_so_that_a_retry_is_safe(client, alice):
    task = client(alice).create()
    first = client(alice).post(f"/tasks/{task['id']}/toggle", {"completed": True})
    again = client(alice).post(f"/tasks/{task['id']}/toggle", {"completed": True})
    assert again.json() == first.json()
    assert again.headers["etag"] == first.headers["etag"]


def test_completed_can_be_written_with_put(client, alice):
    task = client(alice).create()
    assert client(alice).put(f"/tasks/{task['id']}", {"completed": True}).json()["completed"] is True
    assert client(alice).titles(status="completed") == ["A task"]


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "POST"])
def test_someone_elses_task_is_404_on_every_method(client, alice, bob, method):
    task = client(alice).create()
    path = f"/tasks/{task['id']}" + ("/toggle" if method == "POST" else "")
    theirs = client(bob).request(method, path, json=None if method == "GET" else {})
    missing = client(bob).request(
        method, path.replace(task["id"], str(uuid.uuid4())), json=None if method == "GET" else {}
    )
    assert theirs.status_code == missing.status_code == 404
    assert theirs.json() | {"request_id": ""} == missing.json() | {"request_id": ""}
    assert client(alice).get(f"/tasks/{task['id']}").json() == task


def test_the_list_shows_ones_own_tasks_only(client, alice, bob):
    client(alice).create(title="hers")
    client(bob).create(title="his")
    assert (client(alice).titles(), client(bob).titles()) == (["hers"], ["his"])


def test_a_body_can_not_say_whose_task_it_is(client, alice, bob):
    task = client(alice).create(user_id=bob)
    assert task["user_id"] == alice
    assert client(bob).page()["total"] == 0


def test_every_path_answers_with_a_trailing_slash_without_a_redirect(client, alice):
    made = client(alice).post("/tasks/", {"title": "x"})
    assert made.status_code == 201
    path = made.headers["location"] + "/"
    assert client(alice).get("/tasks/").status_code == 200
    assert client(alice).get(path).status_code == 200
    assert client(alice).put(path, {"title": "y"}).status_code == 200
    assert client(alice).post(path + "toggle/").status_code == 200
    assert client(alice).delete(path).status_code == 204


@pytest.mark.parametrize(
    "title",
    [
        "x" * 200, "日" * 200, "🎉" * 200, "it's; drop table tasks; --", '"quotes" and \\backslashes\\',
        "100% _under_ %s $1",
        "שלום עולם", "مرحبا بالعالم", "e\u0301 combining", "tab\tinside", "\u200bzero width",
        "<script>alert(1)</script>",
    ],
)  # fmt: skip
def test_any_text_comes_back_exactly_as_it_was_sent(client, alice, title):
    task = client(alice).create(title=title, description=title)
    read = client(alice).get(f"/tasks/{task['id']}").json()
    assert (read["title"], read["description"]) == (title, title)
