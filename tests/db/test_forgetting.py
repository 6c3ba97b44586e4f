"""What is deleted leaves nothing behind: a task in kept answers, a user anywhere."""

import asyncpg
import pytest

from app.dev import commands
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
    rows = as_superuser.rows(query, alice)
    assert [row["key"] for row in rows] == ["1"]
    assert kept["id"] in rows[0]["body"]
    assert [row["key"] for row in as_superuser.rows(query, bob)] == ["2"]


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
    told = commands.forget_user(server.superuser_url(database), alice)
    counts = {line.split()[1]: int(line.split()[0]) for line in told}
    assert counts.keys() == set(tables)
    assert (counts["app.tasks"], counts["app.passes"], counts["app.idempotency_keys"]) == (1, 1, 1)
    assert counts["app.deleted_tasks"] >= 1
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
        commands.check_dump(server.owner_url(database), str(empty))
    whole.write_bytes(server.dump(database))
    counted = dict(
        reversed(line.split()) for line in commands.check_dump(server.owner_url(database), str(whole))
    )
    assert int(counted["app.tasks"]) == server.execute("select count(*) from app.tasks", database)
    with pytest.raises(SettingsError, match="make check-dump dump=FILE"):
        commands.check_dump(server.owner_url(database), "")
