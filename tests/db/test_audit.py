"""``make audit``: sound on a fresh database, and every planted fault is found, with what to do about it."""

import json
import re
import secrets
import shutil
import subprocess

import asyncpg
import pytest

from app.admin.migrate import migrate
from app.dev import postgres
from app.dev.audit import accept, audit
from app.dev.project import ROOT
from app.settings import SettingsError
from tests.servers import Server
from tests.sql import Session


def psql(url: str, *lines: str) -> tuple[int, str]:
    """What psql alone, as a DBA runs it, ends with and prints."""
    arguments = [argument for line in lines for argument in ("-c", line)]
    result = subprocess.run(
        [postgres.BINARIES / "psql", url, "--no-psqlrc", "-v", "ON_ERROR_STOP=1", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    return result.returncode, result.stdout


REPORT = r"\i db/audit/report.sql"
FULL = r"\set full 1"
MATRIX = r"\i db/audit/matrix.sql"


# In a transaction, which the end of psql takes back; what follows is asked as the owner of the database.
PLANT = "begin"
AS_OWNER = "set session authorization duly_owner"


@pytest.fixture(scope="module")
def fresh(new_database) -> str:
    """The name of a database without a row, in which nothing is committed."""
    return new_database()


@pytest.fixture(scope="module")
def full_report(server, fresh) -> str:
    """The report with its tables, of a fresh database."""
    return psql(server.owner_url(fresh), FULL, REPORT)[1]


def test_a_fresh_database_is_sound(server, fresh, capfd, tmp_path):
    status = audit(server.owner_url(fresh), page=tmp_path / "audit.html")
    output = capfd.readouterr().out
    assert status == 0, output
    assert "Nothing is off. Every rule holds" in output
    assert "WHAT IS OFF\n\n  Nothing.\n" in output
    assert "Every attempt ended as it should." in output


def test_the_extensions_of_a_superuser_who_migrates_are_sound(server, capfd, tmp_path):
    """The owner of the other databases is a stranger there, which is found."""
    name = f"duly_audit_{secrets.token_hex(6)}"
    server.execute(f"create database {name} template template0 encoding 'UTF8' locale 'C.UTF-8'")
    try:
        migrate(server.superuser_url(name))
        audit(server.superuser_url(name), page=tmp_path / "audit.html")
        output = capfd.readouterr().out
        assert "role duly_owner is not one of those that Duly makes" in output
        assert "the first superuser" not in output
    finally:
        server.execute(f"drop database {name} with (force)")


def test_the_report_has_all_of_its_parts(full_report):
    for heading in (
        "1. ROLES", "2. TABLES AND VIEWS", "3. POLICIES", "4. PRIVILEGES", "5. FUNCTIONS",
        "6. WHAT POSTGRESQL GIVES TO EVERYBODY",
        "THE VERDICT", "What new objects will be granted", "Who can look past row-level security",
    ):  # fmt: skip
        assert heading in full_report
    for words in ("statement_timeout = 5s", "the user's own rows", "tasks_select_own", "forced", "reader's"):
        assert words in full_report
    # Who has which privilege on which column.
    assert any(
        row.split(" | ")[:3] == ["app.token_buckets", "task_api", "update"] and row.endswith("| full_at")
        for row in (" | ".join(cell.strip() for cell in line.split("|")) for line in full_report.splitlines())
    )


def test_the_report_lists_every_definer_function_with_owner_path_and_reason(full_report, as_superuser):
    rows = as_superuser.rows(
        "select function, owner, search_path, about from audit.functions where definer order by function"
    )
    owners = {row["function"].partition("(")[0].rpartition(".")[2]: row["owner"] for row in rows}
    assert owners.items() >= {
        ("find_tasks", "task_finder"), ("count_task", "task_keeper"), ("keep_search_entry", "task_keeper"),
        ("list_migrations", "task_keeper"), ("open_pass", "task_porter"),
    }  # fmt: skip
    assert all(row["search_path"] == '""' and row["about"].startswith("Definer, ") for row in rows)
    part = full_report[
        full_report.index("Those that run with their owner's rights") : full_report.index(
            "Those that the service calls"
        )
    ]
    for function, owner in owners.items():
        assert any(
            f".{function}(" in line and owner in line and 'search_path = ""' in line
            for line in part.splitlines()
        )
    assert part.count("Definer, ") == len(rows)


def test_the_report_says_what_holds_the_names_in_functions(full_report, as_superuser):
    part = full_report[
        full_report.index("What holds the names in a function") : full_report.index("Whom the others are for")
    ]
    (bound,) = [
        line.split("|") for line in part.splitlines() if line.strip().startswith("bound when it was made")
    ]
    query = "select count(*) from audit.functions where bound and search_path is null and not in_extension"
    assert (int(bound[1]), int(bound[2])) == (as_superuser.value(query), 0)
    # Of the others the names are not listed.
    assert "app.user_id" in part
    assert "app.save_task" not in part
    assert "NOTHING" not in part


def test_the_report_is_read_only_and_needs_no_more_than_task_auditor(server, database):
    status, output = psql(server.superuser_url(database), "set role task_auditor", REPORT)
    assert status == 0, output
    with open(ROOT / "db/audit/report.sql") as report:
        assert "begin transaction read only;" in report.read()


def test_task_auditor_reads_no_task(server, database):
    for table in (
        "app.tasks",
        "app.search_entries",
        "app.task_counts",
        "app.deleted_tasks",
        "app.idempotency_keys",
        "app.passes",
    ):
        status, output = psql(server.superuser_url(database), "set role task_auditor", f"select from {table}")
        assert status == 1
        assert "permission denied" in output


# What is planted; what the report says is off; and what it says to do.
FAULTS = {
    "row-level security is off": (
        "alter table app.tasks disable row level security",
        "table app.tasks has no row-level security",
        "alter table app.tasks enable row level security",
    ),
    "it is not forced": (
        "alter table app.tasks no force row level security",
        "table app.tasks does not force row-level security on its owner",
        "alter table app.tasks force row level security",
    ),
    "a policy using (true) for the service": (
        "create policy everything on app.tasks for select to task_api using (true)",
        "policy everything lets task_api see all rows in app.tasks",
        "create it anew with user_id = (select app.user_id())",
    ),
    "a policy using (true) for everybody": (
        "create policy everything on app.tasks for select using (true)",
        "policy everything lets task_api see all rows in app.tasks",
        "create it anew with user_id = (select app.user_id())",
    ),
    "a policy using (true) for a role that logs in": (
        "create policy everything on app.tasks for select to task_auditor using (true)",
        "policy everything lets task_auditor see or write more than the user's own rows in app.tasks",
        "drop policy everything on app.tasks",
    ),
    "a policy for select only": (
        "drop policy tasks_insert_own on app.tasks; drop policy tasks_update_own "
            "on app.tasks; drop policy tasks_delete_own on app.tasks",
        "table app.tasks has no policy for insert, which task_api may do",
        "create one, or revoke insert on app.tasks from task_api",
    ),
    "two policies for one command": (
        "create policy again on app.tasks for select to task_api using (user_id = (select app.user_id()))",
        "several policies let task_api select in app.tasks",
        "keep one of again, tasks_select_own",
    ),
    "a grant to public": (
        "grant select on app.tasks to public",
        "public has select on table app.tasks",
        "revoke select on table app.tasks from public",
    ),
    "a grant of a column to public": (
        "grant select (title) on app.tasks to public",
        "public has select on table app.tasks",
        "revoke select (title) on table app.tasks from public",
    ),
    "a function for public": (
        "grant execute on function app.save_task to public",
        "public has execute on function app.save_task",
        "from public",
    ),
    "a schema for public": (
        "grant usage on schema app to public",
        "public has usage on schema app",
        "revoke usage on schema app from public",
    ),
    "temporary tables": (
        "do $$ begin execute format('grant temporary on database %I to public', current_database()); end $$",
        "public has temporary on database",
        "revoke temporary on database",
    ),
    "default privileges": (
        "alter default privileges for role task_owner grant execute on functions to public",
        "functions that task_owner creates will be executable or usable by public",
        "alter default privileges for role task_owner revoke execute on functions from public",
    ),
    "functions of the keeper for public": (
        "alter default privileges for role task_keeper grant execute on functions to public",
        "functions that task_keeper creates will be executable or usable by public",
        "alter default privileges for role task_keeper revoke execute on functions from public",
    ),
    "default privileges for the service": (
        "alter default privileges for role task_owner in schema app grant select on tables to task_api",
        "tables that task_owner creates in app will be granted to task_api: select",
        "alter default privileges for role task_owner in schema app revoke select on tables from task_api",
    ),
    "a definer function without a pinned path": (
        "alter function finder.find_tasks(text, text[], boolean, boolean) reset search_path",
        "function finder.find_tasks(text,text[],boolean,boolean) has no pinned path",
        "alter function finder.find_tasks(text,text[],boolean,boolean) set search_path = ''",
    ),
    "a definer function without a pinned path, though its body is bound": (
        "create function app.count_all() returns bigint language sql security definer return (select "
            "count(*) from app.tasks)",
        "function app.count_all() has no pinned path",
        "alter function app.count_all() set search_path = ''",
    ),
    "a definer function in a schema that is not for that": (
        "create function app.count_all() returns bigint language sql security definer set search_path = ''"
        " return (select count(*) from app.tasks)",
        "function app.count_all() runs with the rights of",
        "alter function app.count_all() security invoker, or create it in finder, keeper or porter, as their "
        "owner",
    ),
    "a function whose body is a text, without a pinned path": (
        "create function app.count_own() returns bigint language sql as 'select count(*) from app.tasks'",
        "function app.count_own() has no pinned path",
        "alter function app.count_own() set search_path = ''",
    ),
    "a definer function of the superuser, without a reason": (
        "create function public.all_tasks() returns setof app.tasks language sql security definer "
            "set search_path = ''"
        " as 'select * from app.tasks'",
        "function public.all_tasks() runs with the rights of",
        "comment on function public.all_tasks() is 'Definer, …'",
    ),
    "a function elsewhere": (
        "create function public.nothing() returns void language sql set search_path = '' as ''",
        "function public.nothing() is in none of the schemas that task_api is for",
        "revoke execute on function public.nothing() from task_api, or from whom it has that",
    ),
    "a leakproof function": (
        "alter function app.user_id() leakproof",
        "function app.user_id() is leakproof",
        "alter function app.user_id() not leakproof",
    ),
    "a finder that reads titles": (
        "grant select (title) on app.tasks to task_finder",
        "task_finder may read title of everybody's tasks, which it does not need",
        "revoke select on app.tasks from task_finder",
    ),
    "a finder that reads when tasks are due": (
        "grant select (user_id, due_date) on app.tasks to task_finder",
        "task_finder may read user_id, due_date of everybody's tasks, which it does not need",
        "revoke select on app.tasks from task_finder",
    ),
    "a keeper that reads tasks": (
        "grant select on app.tasks to task_keeper",
        "task_keeper may read user_id, id, title, ",
        "revoke select on app.tasks from task_keeper",
    ),
    "a porter that reads tasks": (
        "grant select (title) on app.tasks to task_porter",
        "task_porter may read title of everybody's tasks, which it does not need",
        "revoke select on app.tasks from task_porter",
    ),
    "functions of the porter for public": (
        "alter default privileges for role task_porter grant execute on functions to public",
        "functions that task_porter creates will be executable or usable by public",
        "alter default privileges for role task_porter revoke execute on functions from public",
    ),
    "a service that reads the search index": (
        "grant select on app.search_entries to task_api",
        "table app.search_entries has no policy for select, which task_api may do",
        "revoke select on app.search_entries from task_api",
    ),
    "a view with its owner's rights": (
        "create view app.titles as select title from app.tasks",
        "view app.titles runs with the rights of its owner",
        "alter view app.titles set (security_invoker = true)",
    ),
    "such a view in another schema": (
        "create view public.tasks as select * from app.tasks",
        "view public.tasks runs with the rights of its owner",
        "alter view public.tasks set (security_invoker = true)",
    ),
    "a rule": (
        "create rule elsewhere as on insert to app.tasks do also nothing",
        "table app.tasks has a rule, which runs with the rights of its owner",
        "use a trigger",
    ),
    "a table without policies": (
        "create table app.notes (user_id text, note text)",
        "table app.notes has no policy at all",
        "create its policies",
    ),
    "a table with the service's tasks, elsewhere": (
        "create table public.notes (user_id text); grant select on public.notes to task_api",
        "task_api has select on table public.notes, which is not one of those that it is for",
        "revoke select on table public.notes from task_api",
    ),
    "a table that somebody owns who logs in": (
        "alter table app.tasks owner to task_auditor",
        "table app.tasks belongs to task_auditor, who may log in",
        "alter table app.tasks owner to task_owner",
    ),
    "user_id can be written": (
        "grant insert (user_id), update (user_id) on app.tasks to task_api",
        "task_api may insert user_id in app.tasks itself",
        "revoke insert on app.tasks from task_api, and grant it anew on the other columns",
    ),
    "truncate, which no policy holds": (
        "grant truncate on app.tasks to task_api",
        "task_api may truncate app.tasks, which row-level security does not hold",
        "revoke truncate on app.tasks from task_api",
    ),
    "a foreign key, which looks past policies": (
        "grant references on app.tasks to task_api",
        "task_api may references app.tasks, which row-level security does not hold",
        "revoke references on app.tasks from task_api",
    ),
    "the service may create": (
        "grant create on schema app to task_api",
        "task_api may create in schema app",
        "revoke create on schema app from task_api",
    ),
    "a user for everybody": (
        "do $$ begin execute format('alter database %I set app.user_id = ''alice''', current_database()); "
            "end $$",
        "everybody begins a session as the user 'alice'",
        "reset app.user_id",
    ),
    "a large object": (
        "set role task_api; select lo_create(0)",
        "1 large objects belong to task_api",
        "select lo_unlink(oid)",
    ),
}  # fmt: skip

# Roles are the whole server's: these are planted in a transaction, which psql's end takes back.
ROLES = {
    "BYPASSRLS": (
        "alter role task_api bypassrls",
        "role task_api has BYPASSRLS",
        "alter role task_api nobypassrls",
    ),
    "a superuser login": (
        "alter role task_api superuser",
        "role task_api is a superuser, and no policy applies to it",
        "connect as task_api, and see that it is none",
    ),
    "BYPASSRLS on the owner": (
        "alter role task_owner bypassrls",
        "role task_owner has the attribute bypassrls",
        "alter role task_owner nobypassrls",
    ),
    "the finder logs in": (
        "alter role task_finder login",
        "role task_finder has the attribute login",
        "alter role task_finder nologin",
    ),
    "a second service with BYPASSRLS": (
        "create role duly_service login bypassrls in role task_api",
        "role duly_service has BYPASSRLS",
        "alter role duly_service nobypassrls",
    ),
    "a second service without timeouts": (
        "create role duly_service login in role task_api",
        "role duly_service has no statement_timeout",
        "alter role duly_service set statement_timeout = '5s'",
    ),
    "no timeout": (
        "alter role task_api set lock_timeout = 0",
        "role task_api has no lock_timeout",
        "alter role task_api set lock_timeout = '2s'",
    ),
    "a membership": (
        "grant pg_read_all_data to task_api",
        "role task_api is a member of pg_read_all_data",
        "revoke pg_read_all_data from task_api",
    ),
    "a user for the role": (
        "alter role task_api set app.user_id = 'alice'",
        "role task_api begins a session as the user 'alice'",
        "alter role task_api reset app.user_id",
    ),
}  # fmt: skip


def found(output: str, fault: str, remedy: str) -> bool:
    """Whether the report says so, and next to it what to do."""
    part = output[output.index("WHAT IS OFF") :]
    return any(fault in entry and remedy in entry.partition("To do: ")[2] for entry in part.split("\n\n"))


# These change what is said of others.
ALONE = ("a grant to public", "a grant of a column to public", "a table that somebody owns who logs in")


def apart(faults: dict[str, tuple[str, str, str]], groups: int) -> list[list[str]]:
    """The names in groups, each for one report; neighbours, which are alike, are in different ones."""
    together = [name for name in faults if name not in ALONE]
    return [*([name] for name in faults if name in ALONE), *(together[n::groups] for n in range(groups))]


@pytest.mark.parametrize("names", apart(FAULTS, 5), ids=", ".join)
def test_planted_faults_are_found(names, server: Server, database: str):
    plants = [f"{FAULTS[name][0]}; reset role" for name in names]
    status, output = psql(server.superuser_url(database), PLANT, *plants, AS_OWNER, REPORT)
    assert status == 1, output
    missed = [name for name in names if not found(output, *FAULTS[name][1:])]
    assert not missed, output[output.index("WHAT IS OFF") :]


@pytest.mark.parametrize("names", apart(ROLES, 2), ids=", ".join)
def test_faults_of_roles_are_found(names, server, database):
    plants = [ROLES[name][0] for name in names]
    status, output = psql(server.superuser_url(database), PLANT, *plants, REPORT)
    assert status == 1, output
    missed = [name for name in names if not found(output, *ROLES[name][1:])]
    assert not missed, output[output.index("WHAT IS OFF") :]


def test_a_service_that_is_logged_in_as_a_superuser_is_found(server, fresh):
    status, output = psql(server.superuser_url(fresh), "set application_name = 'duly'", REPORT)
    assert status == 1
    assert found(
        output, "a session of the service is logged in as", "set DATABASE_URL to log in as task_api"
    ), output


def test_make_audit_ends_with_1_where_anything_is_off(server, new_database, capfd, tmp_path):
    database = new_database()
    server.execute("alter table app.tasks disable row level security", database)
    assert audit(server.owner_url(database), page=tmp_path / "audit.html") == 1
    # The matrix is tried all the same, and shows what that means.
    output = capfd.readouterr().out
    assert "done (!)" in output[output.index("THE ACCESS MATRIX") :]


# What is planted, and which attempt then ends as it should not: role, table, command, and for whose row.
MISTAKES = {
    "alter table app.tasks disable row level security": ("task_api", "app.tasks", "select", 4),
    "alter table app.idempotency_keys no force row level security": ("task_owner", "app.idempotency_keys",
    "select", 3),
    "create policy everything on app.tasks for update to task_api using (true) with check (true);"
    "create policy all_seen on app.tasks for select to task_api using (true)": ("task_api", "app.tasks",
    "update", 4),
    "drop policy tasks_delete_own on app.tasks": ("task_api", "app.tasks", "delete", 3),
    "grant select (digest) on app.passes to task_api": ("task_api", "app.passes", "select of digest", 3),
    "grant update (scope) on app.passes to task_api": ("task_api", "app.passes", "update", 3),
    "revoke select on app.passes from task_porter": ("task_porter", "app.passes", "select of digest", 3),
    "grant select on app.tasks to task_porter;"
    "create policy read_all on app.tasks for select to task_porter using (true)": ("task_porter", "app.tasks",
    "select", 4),
    "grant delete on app.passes to task_porter;"
    "create policy delete_all on app.passes for delete to task_porter using (true)": ("task_porter",
    "app.passes", "delete", 4),
    "revoke select on app.deleted_tasks from task_api": ("task_api", "app.deleted_tasks", "select", 3),
    "grant select on app.search_entries to task_api;"
    "create policy read_all on app.search_entries for select to task_api using (true)": ("task_api",
    "app.search_entries", "select", 4),
    "grant select, delete on app.search_entries to task_api;"
    "create policy read_own on app.search_entries for select to task_api "
        "using (user_id = (select app.user_id()));"
    "create policy delete_own on app.search_entries for delete to task_api "
        "using (user_id = (select app.user_id()))": (
        "task_api", "app.search_entries", "delete", 3,
    ),
    "grant insert on app.task_counts to task_api; create policy made_up on app.task_counts "
        "for insert to task_api with check (true)": (
        "task_api", "app.task_counts", "insert", 4,
    ),
    "alter table app.search_entries no force row level security": ("task_owner", "app.search_entries",
    "select", 3),
    "grant select on app.tasks to task_finder;"
    "create policy read_all on app.tasks for select to task_finder using (true)": ("task_finder",
    "app.tasks", "select", 4),
    "revoke delete on app.search_entries from task_keeper": ("task_keeper", "app.search_entries",
    "delete", 3),
    "grant usage on schema app to task_auditor; grant select on app.tasks to task_auditor": ("task_auditor",
    "app.tasks", "select", 3),
}  # fmt: skip


@pytest.mark.parametrize("plant", MISTAKES)
def test_the_matrix_shows_what_a_mistake_allows(plant, server, fresh):
    role, table, command, column = MISTAKES[plant]
    status, output = psql(server.superuser_url(fresh), PLANT, plant, AS_OWNER, MATRIX)
    assert status == 1, output
    rows = [[cell.strip() for cell in line.split("|")] for line in output.splitlines()]
    (row,) = [row for row in rows if row[:3] == [role, table, command]]
    assert row[column].endswith("(!)"), row
    assert row[-1] == "NO"


def test_a_table_that_the_matrix_does_not_try_is_a_fault(server, fresh):
    plant = "create table app.notes (user_id text)"
    status, output = psql(server.superuser_url(fresh), PLANT, plant, AS_OWNER, MATRIX)
    assert status == 1
    assert "app.notes" in output
    assert "add it to db/audit/matrix.sql" in output


def test_the_matrix_shows_what_is_off_alone_unless_it_is_asked_for_all(server, fresh):
    _, sound = psql(server.owner_url(fresh), MATRIX)
    assert "Every attempt ended as it should." in sound
    assert "another's row" not in sound
    plant = "create policy everything on app.tasks for select to task_api using (true)"
    _, off = psql(server.superuser_url(fresh), PLANT, plant, AS_OWNER, MATRIX)
    assert re.findall(r"^ (\w+) +\| (\S+) +\| (\w+) ", off, re.M)[1:] == [("task_api", "app.tasks", "select")]
    _, everything = psql(server.superuser_url(fresh), PLANT, plant, AS_OWNER, FULL, MATRIX)
    assert re.search(r"^ task_owner +\| app\.tasks +\| select ", everything, re.M)


@pytest.mark.parametrize("url", ["owner_url", "superuser_url", "service_url"])
def test_the_matrix_leaves_nothing_behind(url, server, fresh):
    status, output = psql(getattr(server, url)(fresh), MATRIX)
    assert status == 0, output
    for table in (
        "app.tasks",
        "app.search_entries",
        "app.task_counts",
        "app.deleted_tasks",
        "app.idempotency_keys",
        "app.passes",
    ):
        assert server.execute(f"select count(*) from {table}", fresh) == 0
    assert server.execute("select pg_has_role('duly_owner', 'task_api', 'usage')", fresh) is False


def test_the_matrix_tries_every_login_and_every_role_of_ours(server, fresh):
    _, output = psql(
        server.superuser_url(fresh),
        PLANT,
        "create role bob login; grant usage on schema app to bob; grant select on app.tasks to bob;"
        "create policy for_bob on app.tasks for select to bob using (true);"
        "create role duly_service login inherit in role task_api",
        FULL,
        MATRIX,
    )
    rows = [[cell.strip() for cell in line.split("|")] for line in output.splitlines() if " | " in line]
    rows = [row for row in rows if len(row) == 7]
    tried = {row[0] for row in rows}
    assert tried >= {"bob", "duly_service", "task_api", "task_owner", "task_finder", "task_keeper"}
    assert tried >= {"task_porter", "task_auditor"}
    assert [row[:3] for row in rows if row[-1] == "NO"] == [["bob", "app.tasks", "select"]]
    assert all(cell for row in rows for cell in row)


def test_the_matrix_of_a_broken_database_ends_in_a_sentence(server, fresh):
    plants = ("revoke insert on app.tasks from task_api", "drop table app.passes cascade")
    status, output = psql(server.superuser_url(fresh), PLANT, *plants, AS_OWNER, MATRIX)
    assert status == 1
    assert "insert, to prepare" in output
    assert output.count("ERROR") == 1
    assert "the access matrix is not as it should be: see what is marked (!)" in output


def test_the_matrix_says_who_can_run_it(server, database):
    status, output = psql(server.superuser_url(database), "set session authorization task_auditor", MATRIX)
    assert status == 1
    assert "the access matrix needs a role that may become task_api" in output


def test_the_page_shows_verdict_differences_matrix_and_roles(server, new_database, tmp_path):
    database, page = new_database(), tmp_path / "audit.html"
    session = Session(server.superuser_url(database))
    session.execute('create policy "<b>all</b>" on app.tasks for select to task_api using (true)')
    session.close()
    assert audit(server.owner_url(database), page=page) == 1
    text = page.read_text()
    for words in ("Not passed", "What is off", "The access matrix", "drop policy", "<svg", "task_porter"):
        assert words in text
    assert "&lt;b&gt;all&lt;/b&gt;" in text
    # It loads nothing.
    assert not re.search(r"<script|<link|src=|url\(|https?:", text)
    told = json.loads(page.with_suffix(".json").read_text())
    assert told["report"]["counts"]["critical"] >= 1
    assert not told["report"]["sound"]
    assert any(not attempt["sound"] for attempt in told["matrix"])


def test_an_accepted_fault_passes_the_audit_with_its_reason(server, new_database, tmp_path, monkeypatch):
    database, folder = new_database(), tmp_path / "db" / "audit"
    shutil.copytree(ROOT / "db" / "audit", folder)
    monkeypatch.setattr("app.dev.audit.ROOT", tmp_path)
    server.execute("create statistics app.spare on completed, priority from app.tasks", database)
    owner, page = server.owner_url(database), tmp_path / "audit.html"
    assert audit(owner, page=page) == 1
    (found,) = json.loads(page.with_suffix(".json").read_text())["report"]["findings"]
    with pytest.raises(SettingsError, match="the audit finds nothing with the id"):
        accept(owner, "statistics-added:00000000", "why", "Ada", folder / "accepted.sql")
    with pytest.raises(SettingsError, match="make audit-accept id="):
        accept(owner, found["id"], "", "Ada", folder / "accepted.sql")
    accept(owner, found["id"], "for $imports$, it's fine", "Ada", folder / "accepted.sql")
    assert audit(owner, page=page) == 0
    assert "Accepted by Ada: for $imports$, it&#x27;s fine" in page.read_text()


# By subject of part 6, something of it that task_api does.
GIVEN = {
    "large objects": ("select lo_create(0)", "select lo_from_bytea(0, '')"),
    "sessions": ("select pg_terminate_backend(0)", "select pg_cancel_backend(0)"),
    "the log of changes": ("select pg_logical_emit_message(true, 'x', 'y')",),
}


@pytest.mark.parametrize("subject", GIVEN)
def test_the_remedies_of_part_6_take_away_what_they_say(subject, full_report, server, new_database):
    database = new_database()
    part = full_report[full_report.index("6. WHAT POSTGRESQL") :].splitlines()
    rows = [[cell.strip() for cell in line.split(" | ")] for line in part if " | " in line]
    begin = next(number for number, row in enumerate(rows) if row[0] == subject)
    remedy = rows[begin][3]
    for row in rows[begin + 1 :]:
        if row[0]:
            break
        remedy += " " + row[3]
    session = Session(server.superuser_url(database))
    session.execute(remedy.replace("+", ""))
    session.execute("set role task_api")
    for statement in GIVEN[subject]:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            session.execute(statement)
    # Less than what PostgreSQL gives is no difference.
    session.execute("reset role")
    session.close()
    assert psql(server.owner_url(database), REPORT)[0] == 0
