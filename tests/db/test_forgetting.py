"""What is deleted leaves nothing behind: a task in kept answers, a user anywhere."""

import asyncpg
import pytest

from app.dev.dump import check_dump
from app.dev.forgetting import forget_user
from app.settings import SettingsError
from tests.db.test_migrations import run
from tests.sql import Session

TABLES = "select oid::regclass::text from pg_class where relnamespace = 'app'::regnamespace and relkind = 'r'"


def test_a_deleted_task_is_in_no_kept_answer(client, alice, bob, as_superuser):
    kept = client(alice).post("/tasks", {"title": "Kept"}, headers={"Idempotency-Key": "1"}).json()
    gone = client(alice).post("/tasks", {"title": "Gone"}, headers={"Idempotency-Key": "2"}).json()
    client(alice).post(f"/tasks/{gone['id']}/toggle", {}, headers={"Idempotency-Key": "3"})
    # The same id of another user's is another task.
    client(bob).post("/tasks", {"title": gone["id"]}, headers={"Idempotency-Key": "2"})
    assert client(alice).delete(f"/tasks/{gone['id']}").status_code == 204
    query = "select key, body from app.idempotency_keys where user_id = $1 order by key"
    rows = dict(as_superuser.rows(query, alice))
    assert kept["id"] in rows["1"]
    # The keys stay, so that a retry does nothing again.
    assert (rows["2"], rows["3"]) == ("", "")
    assert [row["key"] for row in as_superuser.rows(query, bob)] == ["2"]


def test_a_retry_of_a_create_whose_task_was_deleted_creates_nothing(client, alice):
    request = {"json": {"title": "Gone"}, "headers": {"Idempotency-Key": "1"}}
    task = client(alice).post("/tasks", **request).json()
    client(alice).delete(f"/tasks/{task['id']}")
    retry = client(alice).post("/tasks", **request)
    assert (retry.status_code, retry.json()["type"]) == (404, "/problems/not-found")
    assert client(alice).titles() == []
    other = client(alice).post("/tasks", {"title": "Other"}, headers={"Idempotency-Key": "1"})
    assert other.status_code == 422


def test_an_answer_that_only_mentions_a_deleted_task_stays(client, alice):
    gone = client(alice).create(title="Gone")
    request = {"json": {"title": "Kept", "description": gone["id"]}, "headers": {"Idempotency-Key": "1"}}
    first = client(alice).post("/tasks", **request)
    client(alice).delete(f"/tasks/{gone['id']}")
    retry = client(alice).post("/tasks", **request)
    assert (retry.status_code, retry.content) == (201, first.content)
    assert retry.headers["idempotency-replayed"] == "true"
    assert client(alice).titles() == ["Kept"]


def test_the_answer_to_a_toggle_loses_the_successor_that_was_deleted(client, alice):
    weekly = {"is_recurring": True, "recurrence_rule": "FREQ=WEEKLY", "due_date": "2026-01-05T09:00:00Z"}
    task = client(alice).create(title="Weekly", **weekly)
    request = {"json": {}, "headers": {"Idempotency-Key": "1"}}
    first = client(alice).post(f"/tasks/{task['id']}/toggle", **request).json()
    client(alice).delete(f"/tasks/{first['new_task']['id']}")
    retry = client(alice).post(f"/tasks/{task['id']}/toggle", **request)
    assert retry.json() == {"task": first["task"], "new_task": None}
    client(alice).delete(f"/tasks/{task['id']}")
    assert client(alice).post(f"/tasks/{task['id']}/toggle", **request).status_code == 404


def test_the_answer_to_a_batch_keeps_the_result_of_a_deleted_task_without_it(client, alice, as_superuser):
    operations = [{"op": "create", "body": {"title": title}} for title in ("Gone", "Kept")]
    request = {"json": {"operations": operations}, "headers": {"Idempotency-Key": "1"}}
    first = client(alice).post("/tasks/batch", **request).json()["results"]
    client(alice).delete(f"/tasks/{first[0]['body']['id']}")
    retry = client(alice).post("/tasks/batch", **request)
    gone = {name: value for name, value in first[0].items() if name != "body"}
    assert (retry.status_code, retry.json()["results"]) == (200, [gone, first[1]])
    assert client(alice).titles() == ["Kept"]
    assert "Gone" not in as_superuser.value("select body from app.idempotency_keys where user_id = $1", alice)


def test_a_task_that_a_batch_creates_and_deletes_is_not_kept(client, alice, as_superuser):
    task = "5c1f0b3e-6f0a-4d9e-9a55-0c7d3c3a9b11"
    operations = [
        {"op": "create", "id": task, "body": {"title": "Gone"}},
        {"op": "update", "id": task, "body": {"title": "Gone too"}},
        {"op": "create", "body": {"title": "Kept"}},
        {"op": "delete", "id": task},
    ]
    request = {"json": {"operations": operations}, "headers": {"Idempotency-Key": "1"}}
    first = client(alice).post("/tasks/batch", **request).json()["results"]
    assert first[0]["body"]["title"] == "Gone"
    assert "Gone" not in as_superuser.value("select body from app.idempotency_keys where user_id = $1", alice)
    retry = client(alice).post("/tasks/batch", **request).json()["results"]
    assert [result["status"] for result in retry] == [201, 200, 201, 204]
    assert [result.get("body", {}).get("title") for result in retry] == [None, None, "Kept", None]
    assert client(alice).titles() == ["Kept"]


def leave_traces(client, user: str) -> None:
    kept = client(user).post("/tasks", {"title": "A", "tags": ["x"]}, headers={"Idempotency-Key": "1"}).json()
    task = client(user).post("/tasks", {"title": "B"}).json()
    client(user).delete(f"/tasks/{task['id']}")
    client(user).post("/passes", {"label": "Script", "scope": "tasks:read"})
    client(user).post("/webhooks", {"url": "https://localhost/"})
    client(user).patch(f"/tasks/{kept['id']}", {"reminder_at": "2999-01-01"})


def test_a_forgotten_user_leaves_no_row_and_the_counts_say_so(client, alice, bob, server, database):
    for user in (alice, bob):
        leave_traces(client, user)
    session = Session(server.superuser_url(database))
    tables = session.column(TABLES)
    before = {
        table: session.value(f"select count(*) from {table} where user_id = $1", bob) for table in tables
    }
    told = forget_user(server.superuser_url(database), alice)
    counts = {line.split()[1]: int(line.split()[0]) for line in told}
    assert counts.keys() == set(tables)
    assert (counts["app.tasks"], counts["app.passes"], counts["app.idempotency_keys"]) == (1, 1, 1)
    assert counts["app.deleted_tasks"] >= 1
    # As they were, though each goes with its task.
    assert (counts["app.search_entries"], counts["app.reminders"]) == (1, 1)
    assert counts["app.webhooks"] == 1
    assert counts["app.deliveries"] >= 1
    for table in tables:
        assert session.value(f"select count(*) from {table} where user_id = $1", alice) == 0, table
        assert session.value(f"select count(*) from {table} where user_id = $1", bob) == before[table], table
    session.close()


def test_the_service_and_the_owner_forget_nobody(as_user, alice, server, database):
    with pytest.raises(
        asyncpg.InsufficientPrivilegeError, match="permission denied for function forget_user"
    ):
        as_user(alice).execute("select api.forget_user($1)", alice)
    owner = Session(server.owner_url(database))
    owner.execute("set role task_owner")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security holds this role"):
        owner.execute("select api.forget_user($1)", alice)
    owner.close()


def test_an_empty_dump_is_recognised_and_a_whole_one_counted(client, alice, server, database, folder):
    client(alice).create(title="In the dump")
    server.execute("analyze app.tasks", database)
    empty, whole = folder / "empty", folder / "whole"
    run("pg_dump", "--format=custom", "--enable-row-security", "--schema=app", "--role=task_owner",
        f"--file={empty}", f"--dbname={server.superuser_url(database)}")  # fmt: skip
    with pytest.raises(SettingsError, match="holds no task, though the database does"):
        check_dump(server.owner_url(database), str(empty))
    whole.write_bytes(server.dump(database))
    counted = dict(reversed(line.split()) for line in check_dump(server.owner_url(database), str(whole)))
    assert int(counted["app.tasks"]) == server.execute("select count(*) from app.tasks", database)
    with pytest.raises(SettingsError, match="make check-dump dump=FILE"):
        check_dump(server.owner_url(database), "")
