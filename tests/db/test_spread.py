"""db/citus/spread.sql, but for what only Citus can do: policies, rights, triggers, twins, and their use."""

import asyncio
import json
import subprocess

import asyncpg
import pytest

from app.database.baseline import expected_functions
from app.database.calls import Database
from app.database.connection import Connector, Statement
from app.database.passes import PassDirectory
from app.dev import spread as commands
from app.identity import NOBODY, Identity
from app.settings import Settings
from tests.client import SECRET
from tests.db.catalog import definitions
from tests.sql import Session

TWINS = """
  select twin.proname, twin.oid::regprocedure::text, pg_get_functiondef(twin.oid), twin.proacl::text
  from pg_proc as twin where twin.pronamespace = 'spread'::regnamespace order by twin.proname
"""


@pytest.fixture(scope="module")
def spread(server, new_database) -> str:
    """The name of a database that has the file."""
    name = new_database()
    commands.spread(server.superuser_url(name), plain=True)
    return name


@pytest.fixture
def superuser(server, spread):
    session = Session(server.superuser_url(spread))
    yield session
    session.close()


@pytest.fixture
def api(server, spread):
    """SQL as task_api, without a user."""
    session = Session(server.service_url(spread))
    yield session
    session.close()


def call(url, function, user=NOBODY, **arguments):
    """The facts, or the answer, of one call of the service."""

    async def run():
        async with Database(Settings(database_url=url, jwt_secret=SECRET)) as database:
            one = await database._call(function, user, arguments)
            return json.loads(one) if isinstance(one, str) else one

    return asyncio.run(run())


def user_of(name, read_only=False):
    return Identity(name, read_only=read_only)


def test_the_file_changes_nothing_when_it_is_applied_again(server, superuser, spread):
    url = server.superuser_url(spread)
    before = definitions(url), superuser.rows(TWINS)
    commands.spread(url, plain=True)
    assert (definitions(url), superuser.rows(TWINS)) == before


def test_the_file_refuses_a_database_without_citus(server, new_database, capfd):
    name = new_database()
    with pytest.raises(subprocess.CalledProcessError):
        commands.spread(server.superuser_url(name))
    assert "has no extension citus" in capfd.readouterr().err
    assert server.execute("select to_regnamespace('spread')", name) is None


def test_each_function_of_the_service_and_the_worker_has_a_twin(superuser):
    functions = superuser.rows(
        """
        select original.proname as name, twin.oid is not null as has_twin,
          twin.proargnames[3:] = coalesce(original.proargnames, '{}') as same_names,
          twin.proargnames[1:2] = array['caller', 'read_only'] as user_first,
          array(select role from unnest(array['task_api', 'task_worker', 'task_auditor']) as role
            where has_function_privilege(role, original.oid, 'execute'))
          = array(select role from unnest(array['task_api', 'task_worker', 'task_auditor']) as role
            where has_function_privilege(role, twin.oid, 'execute')) as same_rights
        from pg_proc as original
        left join pg_proc as twin
          on twin.proname = original.proname and twin.pronamespace = 'spread'::regnamespace
        where original.pronamespace = 'api'::regnamespace
        """
    )
    assert len(functions) > 30
    assert [row for row in functions if not all(row[1:])] == []


def test_a_twin_follows_its_function(server, new_database):
    name = new_database()
    url = server.superuser_url(name)
    commands.spread(url, plain=True)
    server.execute("drop function api.measure_work", name)
    server.execute(
        "create function api.measure_work(note text default 'none') returns jsonb "
        "language plpgsql set search_path = '' as $$ begin return to_jsonb(note); end $$",
        name,
    )
    server.execute("grant execute on function api.measure_work to task_worker", name)
    commands.spread(url, plain=True)
    twins = server.execute(
        "select array_agg(oid::regprocedure::text) from pg_proc "
        "where pronamespace = 'spread'::regnamespace and proname = 'measure_work'",
        name,
    )
    assert twins == ["spread.measure_work(text,boolean,text)"]
    # A service of before the parameter calls it without.
    assert server.execute("select spread.measure_work(null, true)", name) == '"none"'


def test_nobody_else_may_execute_a_twin_or_create_one(superuser):
    assert not superuser.column(
        "select proname from pg_proc where pronamespace = 'spread'::regnamespace "
        "and has_function_privilege('task_auditor', oid, 'execute')"
    )
    assert not superuser.column(
        "select role from unnest(array['task_api', 'task_worker', 'task_auditor']) as role "
        "where has_schema_privilege(role, 'spread', 'create')"
    )


@pytest.mark.parametrize(
    "table",
    ["tasks", "task_counts", "deleted_tasks", "idempotency_keys", "token_buckets", "passes", "webhooks",
     "deliveries"],
)  # fmt: skip
def test_a_machine_without_a_user_is_an_error_and_no_empty_list(api, superuser, table):
    superuser.execute("insert into app.tasks (user_id, title) values ('somebody', 'x')")
    if table not in ("tasks", "task_counts"):
        superuser.execute("set session_replication_role = replica")
        superuser.execute(_ROWS[table])
    columns = "id" if table == "passes" else "*"
    with pytest.raises(asyncpg.SerializationError, match="no user is set on this machine"):
        api.rows(f"select {columns} from app.{table}")


_ROWS = {
    "deleted_tasks": "insert into app.deleted_tasks values (gen_random_uuid(), 1, gen_random_uuid())",
    "idempotency_keys": "insert into app.idempotency_keys (user_id, key, request, status, headers, body) "
    "values (gen_random_uuid(), 'k', '', 200, '{}', '')",
    "token_buckets": "insert into app.token_buckets values (gen_random_uuid(), 0)",
    "passes": "insert into app.passes (user_id, label, scope, digest, expires_at) values "
    "(gen_random_uuid(), 'x', 'tasks:read', sha256('x'), now() + interval '1 hour')",
    "webhooks": "insert into app.webhooks (user_id, url, events) values "
    "(gen_random_uuid(), 'https://example.com', '{task.created}')",
    "deliveries": "insert into app.deliveries (user_id, webhook_id, type, number, payload) values "
    "(gen_random_uuid(), gen_random_uuid(), 'test', 0, '')",
}


def test_a_row_of_another_user_is_refused_by_the_trigger(api, superuser, alice, bob):
    api.value("select set_config('app.user_id', $1, false)", alice)
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="a row of another user"):
        api.execute("insert into app.tasks (user_id, title) values ($1, 'x')", bob)
    # The right to write user_id is there, and one's own is taken.
    api.execute("insert into app.tasks (user_id, title) values ($1, 'x')", alice)
    guarded = superuser.column(
        "select tgrelid::regclass::text from pg_trigger where tgname = 'refuse_other_users'"
    )
    writable = superuser.column(
        "select oid::regclass::text from pg_class where relnamespace = 'app'::regnamespace and relkind = 'r' "
        "and (has_any_column_privilege('task_api', oid, 'insert') "
        "or has_any_column_privilege('task_worker', oid, 'insert'))"
    )
    assert sorted(guarded) == sorted(writable)


def test_a_connection_finds_out_by_itself_whether_there_are_twins(server, database, spread):
    async def run(name):
        connection = await Connector(server.service_url(name), 5).connect()
        try:
            return await connection.fetchval(Statement("select 'plain'", "select 'spread'"))
        finally:
            await connection.close()

    assert asyncio.run(run(spread)) == "spread"
    assert server.execute("select to_regnamespace('spread')", database) is not None or (
        asyncio.run(run(database)) == "plain"
    )


def test_the_service_calls_the_twins(server, spread, alice, bob):
    url = server.service_url(spread)
    task = {"body": '{"title": "x"}', "id": None, "lenient": False, "answer": None, "idempotency_key": None}
    made = call(url, "create_task", user_of(alice), **task)
    assert made[0] == 201
    id = json.loads(made[2])["id"]
    assert call(url, "get_task", user_of(alice), id=id, if_none_match=None)[0] == 200
    with pytest.raises(asyncpg.PostgresError) as refused:
        call(url, "get_task", user_of(bob), id=id, if_none_match=None)
    assert refused.value.sqlstate == "DT404"
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        call(url, "create_task", user_of(alice, read_only=True), **task)


def test_changes_of_many_users_are_watched_without_a_user(server, spread, superuser, alice, bob):
    url = server.service_url(spread)
    superuser.execute("insert into app.tasks (user_id, title) values ($1, 'x')", alice)
    version = superuser.value("select version from app.task_counts where user_id = $1", alice)
    found = call(url, "watch_changes", users=json.dumps([bob, alice]))
    assert found == {"epoch": superuser.value("select spread.epoch()"), "versions": [0, version]}
    # The token of GET /changes has the same epoch.
    changes = call(url, "list_changes", user_of(alice), since=None, limit=10, if_none_match=None)
    assert json.loads(changes[2])["next"] == f"{found['epoch']}-{version}"


def test_a_pass_is_opened_and_the_worker_works(server, spread, superuser, alice):
    superuser.execute(
        "insert into app.passes (user_id, label, scope, digest, expires_at) "
        "values ($1, 'x', 'tasks:read', sha256(convert_to($1, 'UTF8')), now() + interval '1 hour')",
        alice,
    )
    digest = superuser.value("select sha256(convert_to($1, 'UTF8'))", alice)

    async def opened():
        settings = Settings(database_url=server.service_url(spread), jwt_secret=SECRET)
        async with Database(settings) as database:
            return await PassDirectory(database).open(digest)

    assert asyncio.run(opened()).identity == Identity(alice, read_only=True, by_pass=True)
    superuser.execute(
        "insert into app.tasks (user_id, title, reminder_at) values ($1, 'x', clock_timestamp())", alice
    )
    worker = server.worker_url(spread)
    [due] = [work for work in call(worker, "find_work", limit=1000) if work["user_id"] == alice]
    assert call(worker, "fire_reminder", user_of(alice), id=due["id"], at=due["at"]) == 0


def test_a_spread_database_is_ready(server, spread):
    found = call(
        server.service_url(spread), "check_readiness", migrations="[]",
        functions=json.dumps(expected_functions()),
    )  # fmt: skip
    assert found == []
