"""A database becomes one of several machines, and is migrated there, and back."""

import os
import shutil
from contextlib import contextmanager

import asyncpg
import httpx2 as httpx
import pytest

from app.admin.migrate import migrate
from app.dev import migrations, postgres
from tests.client import Client, make_token
from tests.later import make_later
from tests.processes import Service
from tests.sql import Session

PSQL = postgres.BINARIES / "psql"

# What tests/later.py leaves out: a table with a policy and a definer trigger, and a function that goes.
TABLE = """
set local role task_owner;
create table app.notes (
  user_id text not null default app.user_id(),
  id uuid not null default gen_random_uuid(),
  text text not null,
  primary key (user_id, id)
);
comment on table app.notes is 'Notes.';
alter table app.notes enable row level security, force row level security;
create policy notes_select_own on app.notes for select to task_api
using (user_id = (select app.user_id()));
create policy notes_insert_own on app.notes for insert to task_api
with check (user_id = (select app.user_id()));
grant select, insert (id, text) on app.notes to task_api;
reset role;
"""
TRIGGER = """
set local role task_owner;
create trigger tasks_take_note after insert on app.tasks for each row execute function keeper.take_note();
reset role;
"""
FUNCTION = """\
-- Keeps what a task was called.

create or replace function keeper.take_note() returns trigger
language plpgsql volatile security definer
set search_path = ''
as $$
begin
  update app.task_counts as counts set version = counts.version where counts.user_id = new.user_id;
  return null;
end $$;

comment on function keeper.take_note is 'Definer, because it is a test of those.';

grant execute on function keeper.take_note to task_owner;
"""


@pytest.fixture
def client_of(cluster):
    """``with client_of(database) as client``: HTTP as a user, to a service of that database."""

    @contextmanager
    def serve(name):
        with (
            Service(cluster.service_url(name)) as service,
            httpx.Client(base_url=service.address, timeout=30) as http,
        ):
            yield lambda user: Client(http, make_token(user))

    return serve


@pytest.fixture(scope="module")
def later(tmp_path_factory):
    """The next two releases, made up."""
    root = make_later(tmp_path_factory.mktemp("later"))
    (root / "db" / "functions" / "keeper" / "take_note.sql").write_text(FUNCTION)
    (root / "db" / "functions" / "tasks" / "count_words.sql").unlink()
    path = migrations.new_migration("take_notes", root)
    up, down = path.read_text().split("\n-- migrate:down\n")
    begin = "-- migrate:up\n"
    up = f"{begin}{TABLE}{up.removeprefix(begin)}{TRIGGER}"
    drop = "\nset local role task_owner;\ndrop trigger tasks_take_note on app.tasks;\nreset role;\n"
    drop_table = "\nset local role task_owner;\ndrop table app.notes;\nreset role;\n"
    path.write_text(f"{up}\n-- migrate:down\n{drop}{down}{drop_table}")
    return root


def functions(session):
    query = """
      select oid::regprocedure::text, md5(pg_get_functiondef(oid)), pg_get_userbyid(proowner)
      from pg_proc where pronamespace::regnamespace::text
        in ('app', 'api', 'finder', 'keeper', 'porter', 'spread')
      order by 1
    """
    return [tuple(row) for row in session.rows(query)]


def test_a_release_is_migrated_to_on_all_machines_and_back(cluster, spread, later, client_of, alice):
    superuser = cluster.superuser_url(spread)
    machines = [Session(machine.superuser_url(spread)) for machine in cluster.machines()]
    with client_of(spread) as client:
        her = client(alice)
        before = functions(machines[0])
        made = her.create(title="before")
        applied = migrate(superuser, migrations=later / "db" / "migrations", psql=PSQL)
        assert [name.partition("_")[2] for name in applied] == ["colour_tasks.sql", "take_notes.sql"]
        # The old service works on, with rows that it has made, and makes new ones.
        assert her.get(f"/tasks/{made['id']}").status_code == 200
        her.create(title="after")
        assert her.get("/health/ready").json()["status"] == "ready"
        after = functions(machines[0])
        assert after != before
        for machine in machines[1:]:
            assert functions(machine) == after
            assert machine.value("select count(*) from app.tasks where colour is not null") == 0
            assert machine.column("select policyname from pg_policies where tablename = 'notes'")
            assert not machine.value("select rolcanlogin from pg_roles where rolname = 'task_owner'")
        assert set(machines[0].column("select logicalrelid::text from pg_dist_partition")) >= {"app.notes"}
        for _ in applied:
            migrate(superuser, "rollback", migrations=later / "db" / "migrations", psql=PSQL)
        for machine in machines:
            assert functions(machine) == before
            assert machine.value("select to_regclass('app.notes')") is None
        assert sorted(her.titles()) == ["after", "before"]
        her.create(title="at last")
        assert her.get("/health/ready").json()["status"] == "ready"
    for machine in machines:
        machine.close()


def test_a_migration_that_fails_changes_nothing_on_any_machine(cluster, spread, later, tmp_path):
    superuser = cluster.superuser_url(spread)
    folder = tmp_path / "migrations"
    shutil.copytree(later / "db" / "migrations", folder)
    [path] = folder.glob("*_colour_tasks.sql")
    path.write_text(path.read_text().replace("\n-- migrate:down\n", "\nselect 1 / 0;\n-- migrate:down\n"))
    machines = [Session(machine.superuser_url(spread)) for machine in cluster.machines()]
    before = [functions(machine) for machine in machines]
    with pytest.raises(asyncpg.DivisionByZeroError):
        migrate(superuser, migrations=folder, psql=PSQL)
    assert [functions(machine) for machine in machines] == before
    for machine in machines:
        assert "colour" not in machine.column(
            "select attname from pg_attribute where attrelid = 'app.tasks'::regclass"
        )
        assert not machine.value("select rolcanlogin from pg_roles where rolname = 'task_owner'")
        machine.close()


def test_rows_that_are_there_are_spread_and_counted_once(cluster, client_of):
    name = f"duly_test_with_rows_{os.getpid()}"
    rows = """
      insert into app.tasks (user_id, title, tags, reminder_at)
      select 'user ' || number % 20, 'A task', '{a}', now() + interval '1 day'
      from generate_series(1, 400) as number
    """
    cluster.create_database(name, rows=rows)
    try:
        with client_of(name) as client:
            for number in range(20):
                page = client(f"user {number}").page(q="task", limit=1)
                assert (page["total"], len(page["items"])) == (20, 1)
            client("user 1").create()
            assert client("user 1").page()["total"] == 21
        counts = "select sum(open_medium) from app.task_counts"
        assert cluster.execute(counts, name) == 401
        assert cluster.execute("select count(*) from app.reminders", name) == 400
    finally:
        cluster.drop_database(name)
