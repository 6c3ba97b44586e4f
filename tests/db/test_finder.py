"""The finder proposes, row-level security disposes: broken on purpose, it still shows nobody anything of
another user.
"""

import base64
import json
import uuid

import asyncpg
import pytest
from starlette.testclient import TestClient

from app.main import create_app
from app.settings import Settings
from tests.client import Client, make_token
from tests.conftest import SECRET
from tests.sql import Session

# Whatever is asked, by whomever: everybody's ids, bob's first, as what fits best.
BROKEN = """
  create or replace function finder.find_tasks(
    q text, tags text[], match_all boolean, ranked boolean, out ids uuid[], out ranks real[])
  returns record
  language plpgsql stable security definer
  set search_path = ''
  as $$
  begin
    select array_agg(entry.id), array_agg(entry.rank) into ids, ranks
    from (select id, case user_id when 'bob' then 1 else 0 end as rank from app.search_entries
      order by user_id <> 'bob') as entry;
  end $$
"""
REQUESTS = [
    {"q": "secret"},
    {"q": "sekret"},
    {"q": "nowhere"},
    {"tags": "plans"},
    {"due_date_from": "2026-01-01"},
    {"q": "secret", "limit": 1},
    {"q": "secret", "sort_by": "title", "limit": 1},
    {"q": "secret", "sort_by": "title", "sort_order": "desc", "limit": 2, "offset": 1},
    {"tags": "plans", "status": "incomplete", "priority": "Medium"},
]


@pytest.fixture(scope="module")
def broken(server, new_database):
    """Alice and bob, each with tasks, on a database whose finder is broken after they were made."""
    database = new_database()
    settings = Settings(database_url=server.service_url(database), jwt_secret=SECRET)
    with TestClient(create_app(settings), raise_server_exceptions=False) as http:
        alice, bob = (Client(http, make_token(user, SECRET)) for user in ("alice", "bob"))
        for number in range(3):
            alice.create(title=f"Her secret {number}", tags=["plans"], due_date="2026-01-10")
        for number in range(5):
            bob.create(title=f"His secret {number}", tags=["plans"], due_date="2026-01-10")
        session = Session(server.superuser_url(database))
        session.execute(BROKEN)
        owner = session.value(
            "select proowner::regrole::text from pg_proc where oid = 'finder.find_tasks'::regproc"
        )
        yield alice, bob, session
        session.close()
        assert owner == "task_finder"


def decoded(cursor: str | None) -> str:
    """What a client can read in a cursor."""
    payload = (cursor or "").partition(".")[0]
    return base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)).decode()


@pytest.mark.parametrize("parameters", REQUESTS, ids=json.dumps)
def test_a_finder_that_returns_everybodys_ids_shows_nothing_of_another_user(broken, parameters):
    alice, _, session = broken
    rows = session.rows("select id, title, title_key from app.tasks where user_id = 'bob'")
    his = [str(value) for row in rows for value in row]
    response = alice.get("/tasks", params=parameters)
    assert response.status_code == 200, response.text
    page = response.json()
    # Hers alone are there, and counted; a broken finder may cost rows, so no more is asked.
    assert all(task["user_id"] == "alice" for task in page["items"])
    assert page["total"] <= 3
    links = " ".join(
        decoded(part.partition("cursor=")[2].partition(">")[0])
        for part in response.headers["link"].split(",")
    )
    answer = " ".join([response.text, str(response.headers), decoded(page["next_cursor"]), links])
    assert not [value for value in his if value in answer]


def test_its_total_is_counted_under_row_level_security(broken):
    alice, bob, _ = broken
    assert alice.page(q="secret")["total"] == 3
    assert bob.page(q="secret")["total"] == 5


def test_what_it_claims_is_not_believed_even_in_sql(broken, server):
    _, _, session = broken
    database = session.value("select current_database()")
    api = Session(server.service_url(database))
    api.execute("select set_config('app.user_id', 'alice', false)")
    found = api.rows(
        "select * from app.search_tasks(app.read_task_query('{\"q\": [\"secret\"]}'), 'title_key', 'asc', "
        "null, null, 100)"
    )
    api.close()
    assert len(found[0]["ids"]) == len(found[0]["documents"]) == found[0]["total"] == 3
    assert all(key.startswith("her ") for key in found[0]["keys"])


def test_the_finder_finds_nothing_without_a_user_and_own_tasks_with_one(client, alice, bob, as_user):
    client(bob).create(title="His secret", tags=["plans"])
    hers = client(alice).create(title="Her secret", tags=["plans"])
    for call in (
        "('secret', null, false, true)",
        "('secret', null, false, false)",
        "(null, '{plans}', false, false)",
    ):
        assert as_user(alice).value(f"select ids from finder.find_tasks{call}") == [uuid.UUID(hers["id"])]
        with pytest.raises(Exception, match="no user is set"):
            as_user(None).value(f"select ids from finder.find_tasks{call}")


def test_a_search_takes_no_sql_for_a_direction_or_a_key(client, alice, as_user):
    client(alice).create(title="Her secret")
    call = (
        'select ids from app.search_tasks(app.read_task_query(\'{"q": ["secret"]}\'), $1, $2, null, '
        "null, 100)"
    )
    session = as_user(alice)
    assert len(session.value(call, "created_at", "asc, (select 1/0)")) == 1
    with pytest.raises(Exception, match="does not exist"):
        session.value(call, "id, (select 1/0)", "asc")


# Each role that looks past row-level security, the tables of which it may read a column, and those that it
# may write.
MAY_READ = {
    "task_finder": {"app.search_entries"},
    "task_porter": {"app.passes", "app.task_counts", "app.webhooks", "app.reminders", "app.deliveries"},
    "task_keeper": {
        "app.search_entries",
        "app.task_counts",
        "app.deleted_tasks",
        "app.idempotency_keys",
        "app.webhooks",
        "app.reminders",
        "schema_migrations",
    },
}
MAY_WRITE = {
    "task_finder": set(),
    "task_porter": set(),
    "task_keeper": {
        "app.search_entries",
        "app.task_counts",
        "app.deleted_tasks",
        "app.idempotency_keys",
        "app.webhooks",
        "app.deliveries",
        "app.reminders",
    },
}


@pytest.mark.parametrize("role", MAY_READ)
def test_who_looks_past_row_level_security_may_read_no_task(role, as_superuser):
    tables = as_superuser.column(
        "select relation from audit.relations where schema in ('app', 'api', 'audit', 'finder', 'keeper', "
        "'porter', 'public') and not in_extension"
    )
    assert "app.tasks" in tables
    may = (
        "select has_any_column_privilege($1, $2, 'select'), has_any_column_privilege($1, $2, 'insert, "
        "update, references')"
        " or has_table_privilege($1, $2, 'delete, truncate, trigger')"
    )
    rights = {table: tuple(as_superuser.rows(may, role, table)[0]) for table in tables}
    assert {table for table, (reads, _) in rights.items() if reads} == MAY_READ[role]
    assert {table for table, (_, writes) in rights.items() if writes} == MAY_WRITE[role]


def test_the_finder_is_refused_every_column_of_the_tasks(as_superuser):
    columns = as_superuser.column(
        "select attname from pg_attribute where attrelid = 'app.tasks'::regclass and attnum > 0"
    )
    assert len(columns) > 15
    for column in [*columns, "1", "count(*)", "ctid", "tasks"]:
        as_superuser.execute("begin; set local role task_finder; set local app.user_id = 'alice'")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            as_superuser.value(f"select {column} from app.tasks")
        as_superuser.execute("rollback")


def test_the_keys_are_not_shown_to_the_keeper(as_superuser):
    """It only writes them."""
    as_superuser.execute("begin; set local role task_keeper")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        as_superuser.value("select keys from app.search_entries")
    as_superuser.execute("rollback")
