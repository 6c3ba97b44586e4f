"""The role of the worker: what it may do, as one user and as none; what is enqueued; how work is claimed."""

import json
import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import asyncpg
import pytest

from tests.sql import Session, sessions_at

URL = "https://localhost/hook"


@pytest.fixture
def as_worker(server, database):
    """``as_worker(alice)``: SQL as task_worker, with app.user_id set for the session."""
    with sessions_at(server.worker_url(database)) as connect:
        yield connect


@pytest.fixture
def hook(client, alice):
    """The id of a webhook of alice's."""
    return client(alice).post("/webhooks", {"url": URL}).json()["id"]


@pytest.fixture
def due(as_superuser):
    """``due(alice)``: what porter.find_due proposes of the user's: ``(kind, id, webhook_id, at)``."""

    def find(user):
        return as_superuser.rows(
            "select kind, id, webhook_id, app.version_of(due_at) as at from porter.find_due(100000)"
            " where user_id = $1 and id is not null",
            user,
        )

    return find


def test_what_the_worker_may_execute_is_known(as_worker):
    mine = set(
        as_worker(None).column(
            "select pronamespace::regnamespace || '.' || proname from pg_proc"
            " where pronamespace::regnamespace::text in ('api', 'audit', 'finder', 'keeper', 'porter')"
            " and has_function_privilege(pg_proc.oid, 'execute')"
        )
    )
    assert mine == {
        "api.find_work", "api.measure_work", "api.fire_reminder", "api.take_delivery",
        "api.finish_delivery", "api.check_worker", "porter.find_due", "porter.measure_queue",
    }  # fmt: skip


TABLES = ("app.tasks", "app.webhooks", "app.deliveries", "app.reminders")


def test_without_a_user_the_worker_sees_nothing_and_its_functions_refuse(as_worker, client, alice, hook):
    client(alice).create(reminder_at="2999-01-01")
    session = as_worker(None)
    for table in TABLES:
        assert session.value(f"select count(*) from {table}") == 0
    for call in (
        "api.fire_reminder(null, null)",
        "api.take_delivery(null, null, null)",
        "api.finish_delivery(null, null, null, null, null)",
    ):
        with pytest.raises(asyncpg.PostgresError) as refusal:
            session.value(f"select {call}")
        assert refusal.value.sqlstate == "DT401"


def test_as_a_user_the_worker_sees_that_users_rows_only(as_worker, client, alice, bob, hook):
    client(alice).create(reminder_at="2999-01-01")
    for table in TABLES:
        assert as_worker(alice).value(f"select count(*) from {table}") == 1
        assert as_worker(bob).value(f"select count(*) from {table}") == 0


@pytest.mark.parametrize(
    "statement",
    [
        "insert into app.tasks (title) values ('x')",
        "update app.tasks set title = 'x'",
        "delete from app.tasks",
        "insert into app.webhooks (url, events) values ('https://localhost', '{task.created}')",
        "update app.webhooks set url = 'https://localhost'",
        "update app.webhooks set headers = '{}'",
        "delete from app.webhooks",
        "update app.deliveries set payload = '{}'",
        "insert into app.reminders (user_id, id, remind_at) values (app.user_id(), gen_random_uuid(), now())",
        "select count(*) from app.passes",
        "select count(*) from app.search_entries",
        "select count(*) from app.idempotency_keys",
        "select version from app.task_counts",
        "update app.task_counts set version = 1",
        "select count(*) from app.deleted_tasks",
        "select api.list_tasks('{}', '', '', null)",
        "select porter.open_pass('')",
        "select keeper.take_number(null, null)",
        "set role task_api",
        "set role task_porter",
        "create table app.notes (id uuid)",
    ],
)
def test_the_worker_may_not(statement, as_worker, alice):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        as_worker(alice).execute(statement)


def test_find_due_returns_ids_and_times_only(as_worker, client, alice, hook):
    client(alice).create(title="A secret title")
    session = as_worker(None)
    rows = session.rows("select * from porter.find_due(100000) where user_id = $1", alice)
    assert [[*row.keys()] for row in rows] == [["user_id", "kind", "id", "webhook_id", "due_at", "failing"]]
    assert "secret" not in session.value("select api.find_work(100000)")


def test_at_most_five_deliveries_of_a_webhook_are_proposed_at_once(client, alice, hook, due):
    for _ in range(8):
        client(alice).create()
    assert [row["kind"] for row in due(alice)] == ["delivery"] * 5


@pytest.fixture
def crowd(new_database, server):
    """SQL on a database of its own, where alice has ten webhooks and thirty others one each."""
    session = Session(server.superuser_url(new_database()))
    session.execute(
        "insert into app.webhooks (user_id, url, events) select user_id, $1, '{task.created,task.reminder}'"
        " from generate_series(1, 40) as number, lateral ("
        "select case when number <= 10 then 'alice' else 'other ' || number end) as whose (user_id)",
        URL,
    )
    yield session
    session.close()


CREATE = "insert into app.tasks (user_id, title) select $1, 'Task ' || n from generate_series(1, $2) as n"
OTHERS = (
    "insert into app.tasks (user_id, title) select 'other ' || n, 'Task' from generate_series(11, 40) as n"
)


def test_no_user_fills_what_is_proposed(crowd):
    crowd.execute(CREATE, "alice", 100)
    crowd.execute(OTHERS)
    found = crowd.rows("select user_id, count(*) from porter.find_due(40) group by user_id")
    assert dict(found) == {"alice": 10, **{f"other {number}": 1 for number in range(11, 41)}}


def test_the_reminders_of_no_user_fill_what_is_proposed(crowd):
    crowd.execute("delete from app.webhooks")
    for statement in (CREATE.replace("$2", "100").replace("$1", "'alice'"), OTHERS):
        crowd.execute(statement)
    crowd.execute("update app.tasks set reminder_at = now() + interval '1 hour'")
    for table in ("reminders", "task_counts"):
        crowd.execute(
            f"update app.{table} set remind_at = now() - interval '1 minute' where remind_at > now()"
        )
    crowd.execute("update app.task_counts set remind_at = now() - interval '2 hours' where user_id = 'alice'")
    found = crowd.rows("select user_id, count(*) from porter.find_due(40) group by user_id")
    assert dict(found) == {"alice": 1, **{f"other {number}": 1 for number in range(11, 41)}}
    # Where few have anything due, more of each is proposed.
    crowd.execute("delete from app.tasks where user_id <> 'alice'")
    crowd.execute("update app.task_counts set remind_at = null where user_id <> 'alice'")
    assert crowd.value("select count(*) from porter.find_due(40)") == 10


def test_webhooks_that_fail_leave_the_places_of_the_others_free(crowd):
    crowd.execute(CREATE, "alice", 20)
    crowd.execute("update app.webhooks set failing_since = now() where user_id = 'alice'")
    crowd.execute("insert into app.tasks (user_id, title) values ('other 11', 'Task')")
    found = crowd.rows("select user_id, failing, count(*) as count from porter.find_due(1) group by 1, 2")
    assert {tuple(row) for row in found} == {("other 11", False, 1), ("alice", True, 1)}


READ = (
    "select coalesce(sum(seq_scan), 0)::int, coalesce(sum(idx_tup_fetch), 0)::int"
    " from pg_stat_xact_user_tables where schemaname = 'app'"
)


def rows_read(session):
    """Sequential scans, and rows that were read, of all tables, by a look for what is due."""
    # What was read before is counted elsewhere.
    session.value("select pg_stat_force_next_flush()")
    session.execute("begin")
    session.value("select count(*) from porter.find_due(200)")
    [read] = session.rows(READ)
    session.execute("rollback")
    return tuple(read)


def test_what_one_user_has_waiting_costs_no_row_of_a_look(crowd):
    # Many users, so that an index is worth it.
    crowd.execute(
        "insert into app.webhooks (user_id, url, events)"
        " select 'crowd ' || number, $1, '{task.created}' from generate_series(1, 3000) as number",
        URL,
    )
    crowd.execute("insert into app.task_counts (user_id) select 'c ' || n from generate_series(1, 3000) as n")
    read = []
    for _ in range(2):
        crowd.execute(
            "insert into app.tasks (user_id, title, reminder_at)"
            " select 'alice', 'Task ' || number, now() + interval '1 hour'"
            " from generate_series(1, $1) as number",
            100 if not read else 900,
        )
        for table in ("reminders", "task_counts"):
            crowd.execute(f"update app.{table} set remind_at = now() where remind_at is not null")
        crowd.execute("vacuum analyze app.webhooks, app.deliveries, app.reminders, app.task_counts")
        read.append(rows_read(crowd))
    assert crowd.value("select count(*) from app.deliveries where due_at <= now()") == 10_000
    assert read[0] == read[1]
    scans, rows = read[1]
    # A place and ten reminders; ten places and five deliveries of each.
    assert (scans, rows) == (0, 1 + 10 + 10 + 50)


def test_who_had_a_turn_goes_to_the_end_of_the_line(client, alice, bob, crowd):
    crowd.execute(CREATE, "other 11", 3)
    crowd.execute(CREATE, "other 12", 1)
    take_one = "select api.take_delivery(id, app.version_of(due_at), webhook_id) from porter.find_due(1)"
    users = []
    for _ in range(3):
        crowd.execute("begin")
        users.append(crowd.value("select user_id from porter.find_due(1)"))
        crowd.value("select set_config('app.user_id', $1, true)", users[-1])
        assert crowd.value(take_one) != "null"
        crowd.execute("commit")
    assert users == ["other 11", "other 12", "other 11"]


def test_a_place_that_came_too_early_is_set_right_by_a_turn(client, alice, hook, as_worker, as_superuser):
    proposed = "select kind, id, webhook_id from porter.find_due(100000) where user_id = $1"
    task = client(alice).create(reminder_at="2999-01-01")
    client(alice).delete(f"/tasks/{task['id']}")
    as_superuser.execute("delete from app.deliveries where user_id = $1", alice)
    overdue(as_superuser, alice)
    found = {tuple(map(str, row)) for row in as_superuser.rows(proposed, alice)}
    assert found == {("reminder", "None", "None"), ("delivery", "None", hook)}
    worker = as_worker(alice)
    assert worker.value("select api.fire_reminder(null, 0)") == "null"
    assert worker.value("select api.take_delivery(null, 0, $1)", hook) == "null"
    assert as_superuser.rows(proposed, alice) == []


RIGHT = """
    select webhook.paused, webhook.waiting = count(delivery.id) as counted,
      case when webhook.paused is not null then webhook.due_at is null
        else count(delivery.id) = 0 or webhook.due_at <= greatest(min(delivery.due_at), now()) end as placed
    from app.webhooks as webhook
    left join app.deliveries as delivery on delivery.user_id = webhook.user_id
      and delivery.webhook_id = webhook.id and delivery.state = 'waiting'
    where webhook.user_id = $1
    group by webhook.user_id, webhook.id
"""


def test_the_place_and_the_number_of_a_webhook_stay_right(client, alice, as_worker, as_superuser, due):
    chance = random.Random(7)
    her, worker = client(alice), as_worker(alice)
    hooks = [her.post("/webhooks", {"url": URL}).json()["id"] for _ in range(2)]
    taken = []

    def take_one():
        for row in due(alice)[:1]:
            if row["kind"] == "reminder":
                worker.value("select api.fire_reminder($1, $2)", row["id"], row["at"])
            elif (answer := json.loads(take(worker, row))) is not None:
                taken.append((row, answer["attempts"]))

    def finish_one():
        if taken:
            row, attempts = taken.pop()
            finish(worker, row, attempts, chance.choice([200, 200, 500, 410, None]), None)

    def fail_one():
        as_superuser.execute(
            "update app.deliveries set attempts = 9 where user_id = $1 and attempts = 0 and not claimed",
            alice,
        )

    def be_late():
        as_superuser.execute(
            "update app.deliveries set due_at = now() where user_id = $1 and state = 'waiting'", alice
        )
        as_superuser.execute(
            "update app.webhooks set due_at = now() where user_id = $1 and due_at is not null", alice
        )
        overdue(as_superuser, alice)

    done = [
        lambda: her.create(reminder_at="2999-01-01"),
        lambda: her.create(reminder_at="2999-01-01"),
        take_one, take_one, take_one, finish_one, finish_one, fail_one, be_late,
        lambda: her.post(f"/webhooks/{chance.choice(hooks)}/test"),
        lambda: her.post(f"/webhooks/{chance.choice(hooks)}/replay", {"since": "2020-01-01"}),
        lambda: her.patch(f"/webhooks/{chance.choice(hooks)}", {"paused": "user"}),
        lambda: her.patch(f"/webhooks/{chance.choice(hooks)}", {"paused": None}),
        lambda: her.patch(f"/webhooks/{chance.choice(hooks)}", {"paused": None}),
    ]  # fmt: skip
    states = set()
    for _ in range(300):
        chance.choice(done)()
        states |= {*as_superuser.column("select state from app.deliveries where user_id = $1", alice)}
        rows = as_superuser.rows(RIGHT, alice)
        assert [(row["counted"], row["placed"]) for row in rows] == [(True, True)] * 2
    assert states == {"waiting", "delivered", "failed"}


@pytest.mark.parametrize(
    ("waiting", "failing", "paused"),
    [
        (9_998, True, None),
        (9_999, True, "failing"),
        (9_999, False, None),
        (19_998, False, None),
        (19_999, False, "failing"),
    ],
)
def test_too_many_that_wait_pause_the_webhook_with_the_change(
    waiting, failing, paused, client, alice, hook, as_superuser
):
    her = client(alice)
    as_superuser.execute(
        "update app.webhooks set waiting = $2, failing_since = case when $3 then now() end where id = $1",
        hook,
        waiting,
        failing,
    )
    her.create()
    webhook = her.get(f"/webhooks/{hook}")
    assert webhook.json()["paused"] == paused
    her.create()
    kept = her.get(f"/webhooks/{hook}/deliveries").json()["items"]
    # What waited is kept; what happens while it is paused is not told.
    assert len(kept) == (1 if paused else 2)
    if paused:
        assert webhook.json()["failing_since"] is not None
        resumed = her.patch(
            f"/webhooks/{hook}", {"paused": None}, headers={"If-Match": webhook.headers["etag"]}
        )
        assert (resumed.status_code, resumed.json()["paused"]) == (200, None)
        assert as_superuser.value("select waiting from app.webhooks where id = $1", hook) == 1


def test_reminders_that_wait_count_as_well(client, alice, hook, as_worker, as_superuser, due):
    client(alice).create(reminder_at="2999-01-01")
    as_superuser.execute("update app.webhooks set waiting = 19999 where id = $1", hook)
    overdue(as_superuser, alice)
    [reminder] = [row for row in due(alice) if row["kind"] == "reminder"]
    as_worker(alice).value("select api.fire_reminder($1, $2)", reminder["id"], reminder["at"])
    assert client(alice).get(f"/webhooks/{hook}").json()["paused"] == "failing"


def test_what_is_committed_is_enqueued_once_and_what_is_rolled_back_never(as_user, alice, hook):
    session = as_user(alice)
    committed = 0
    for number in range(20):
        session.execute("begin")
        for part in range(50):
            session.value(
                "select status from api.create_task(body => $1, id => null, lenient => false, answer => null,"
                " idempotency_key => null)",
                f'{{"title": "{number} {part}"}}',
            )
        session.execute("commit" if number % 2 else "rollback")
        committed += 50 * (number % 2)
    assert committed == 500
    assert session.value("select count(*) from app.tasks") == committed
    matched = session.value(
        "select count(distinct task.id) from app.tasks as task join app.deliveries as delivery"
        " on delivery.user_id = task.user_id and delivery.task_id = task.id"
        " and delivery.number = task.version"
    )
    assert (matched, session.value("select count(*) from app.deliveries")) == (committed, committed)


def test_direct_sql_is_told_as_well(as_user, alice, hook):
    session = as_user(alice)
    session.execute("insert into app.tasks (title) values ('Direct')")
    session.execute("update app.tasks set completed = true")
    session.execute("delete from app.tasks")
    rows = session.rows("select type, payload::jsonb ->> 'version' as version, number from app.deliveries")
    assert {row["type"] for row in rows} == {"task.created", "task.completed", "task.deleted"}
    assert all(int(row["version"]) == row["number"] > 0 for row in rows)


def test_who_has_no_webhook_enqueues_nothing(as_user, client, alice, bob, hook):
    client(bob).create()
    for user in (alice, bob):
        assert as_user(user).value("select count(*) from app.deliveries") == 0
    assert as_user(bob).value("select listening from app.task_counts") == 0
    assert as_user(alice).value("select listening from app.task_counts") == 63
    client(alice).delete(f"/webhooks/{hook}")
    assert as_user(alice).value("select listening from app.task_counts") == 0


WRITTEN = """
    select relname::text, n_tup_ins + n_tup_upd + n_tup_del from pg_stat_xact_user_tables
    where relname in ('reminders', 'deliveries', 'webhooks') and n_tup_ins + n_tup_upd + n_tup_del > 0
"""


@pytest.mark.parametrize(
    ("body", "written"),
    [
        ('{"title": "x"}', {}),
        ('{"title": "x", "reminder_at": "2999-01-01T00:00:00Z"}', {"reminders": 1}),
        ('{"title": "x", "reminder_at": "2000-01-01T00:00:00Z"}', {}),
    ],
)
def test_without_a_webhook_a_write_costs_a_reminder_at_most(as_user, alice, body, written):
    session = as_user(alice)
    session.execute("begin")
    created = session.rows("select * from api.create_task($1::jsonb, null, false, null, null)", body)
    assert created[0]["status"] == 201
    assert dict(session.rows(WRITTEN)) == written
    session.execute("rollback")


def test_reminders_follow_the_tasks(client, alice, as_superuser):
    def reminders():
        return as_superuser.column("select id::text from app.reminders where user_id = $1", alice)

    her = client(alice)
    task = her.create(reminder_at="2999-01-01")
    path = f"/tasks/{task['id']}"
    assert reminders() == [task["id"]]
    for change, expected in (
        ({"reminder_at": "2998-01-01"}, [task["id"]]),
        ({"completed": True}, []),
        ({"completed": False}, [task["id"]]),
        ({"reminder_at": None}, []),
        ({"reminder_at": "2000-01-01"}, []),
        ({"reminder_at": "2999-01-01"}, [task["id"]]),
    ):
        assert her.patch(path, change).status_code == 200
        assert reminders() == expected, change
    her.delete(path)
    assert reminders() == []


def overdue(as_superuser, user, interval="1 second"):
    """Let the user's reminders be due since then."""
    for table in ("reminders", "task_counts"):
        as_superuser.execute(
            f"update app.{table} set remind_at = now() - interval '{interval}' where user_id = $1", user
        )


def test_a_reminder_is_fired_once_with_its_task(client, alice, hook, as_worker, as_superuser, due):
    task = client(alice).create(title="Rent", reminder_at="2999-01-01")
    as_superuser.execute("delete from app.deliveries where user_id = $1", alice)
    assert due(alice) == []
    overdue(as_superuser, alice)
    [reminder] = due(alice)
    worker = as_worker(alice)
    fire = "select api.fire_reminder(id => $1, at => $2)"
    assert worker.value(fire, reminder["id"], reminder["at"] + 1) == "null"
    assert worker.value(fire, reminder["id"], reminder["at"]) == "1"
    assert worker.value(fire, reminder["id"], reminder["at"]) == "null"
    [delivery] = client(alice).get(f"/webhooks/{hook}/deliveries").json()["items"]
    assert (delivery["type"], delivery["payload"]["data"]) == ("task.reminder", task)


def test_a_reminder_that_is_a_day_late_is_noted_and_not_sent(
    client, alice, hook, as_worker, as_superuser, due
):
    client(alice).create(reminder_at="2999-01-01")
    as_superuser.execute("delete from app.deliveries where user_id = $1", alice)
    overdue(as_superuser, alice, "25 hours")
    [reminder] = due(alice)
    as_worker(alice).value("select api.fire_reminder($1, $2)", reminder["id"], reminder["at"])
    [delivery] = client(alice).get(f"/webhooks/{hook}/deliveries").json()["items"]
    assert (delivery["state"], delivery["error"], delivery["attempts"]) == ("failed", "too late", 0)
    assert due(alice) == []


def test_of_several_workers_one_gets_a_delivery(client, alice, hook, as_worker, due):
    client(alice).create()
    [delivery] = due(alice)
    workers = [as_worker(alice) for _ in range(3)]
    barrier = Barrier(3)

    def take_once_all_are_there(worker):
        barrier.wait()
        return take(worker, delivery)

    with ThreadPoolExecutor(3) as pool:
        taken = [*pool.map(take_once_all_are_there, workers)]
    assert sorted(each == "null" for each in taken) == [False, True, True]
    assert due(alice) == []


def test_a_worker_that_comes_too_late_waits_for_no_lock(client, alice, hook, as_worker, as_superuser, due):
    client(alice).create(reminder_at="2999-01-01")
    overdue(as_superuser, alice)
    worker = as_worker(alice)
    rows = {row["kind"]: row for row in due(alice)}
    fire = "select api.fire_reminder($1, $2)", rows["reminder"]["id"], rows["reminder"]["at"]
    assert take(worker, rows["delivery"]) != "null"
    assert worker.value(*fire) == "1"
    as_superuser.execute("begin")
    as_superuser.value("select set_config('app.user_id', $1, true)", alice)
    as_superuser.execute("select app.lock_user()")
    as_superuser.execute("update app.webhooks set waiting = waiting where id = $1", hook)
    worker.execute("set lock_timeout = '1s'")
    assert take(worker, rows["delivery"]) == "null"
    assert worker.value(*fire) == "null"
    as_superuser.execute("rollback")


def take(worker, row):
    return worker.value("select api.take_delivery($1, $2, $3)", row["id"], row["at"], row["webhook_id"])


def finish(worker, row, attempts=1, status=200, error=None, retry_after=None):
    return worker.value(
        "select api.finish_delivery($1, $2, $3, $4, $5)", row["id"], attempts, status, error, retry_after
    )


def hurry(as_superuser, row):
    """Let the delivery be due, and its webhook have a turn."""
    as_superuser.execute("update app.deliveries set due_at = now() where id = $1", row["id"])
    as_superuser.execute("update app.webhooks set due_at = now() where id = $1", row["webhook_id"])


def wait_of(as_superuser, row):
    """Seconds until the delivery is due."""
    return as_superuser.value(
        "select extract(epoch from due_at - now())::float from app.deliveries where id = $1", row["id"]
    )


def test_a_claim_ends_by_itself_and_its_late_end_counts_for_nothing(
    client, alice, hook, as_worker, as_superuser, due
):
    client(alice).create()
    [first] = due(alice)
    dead, living = as_worker(alice), as_worker(alice)
    assert take(dead, first) != "null"
    hurry(as_superuser, first)
    [again] = due(alice)
    assert take(living, again) != "null"
    assert finish(dead, first, attempts=1) == "null"
    assert finish(living, again, attempts=2) == '"delivered"'
    assert finish(living, again, attempts=2) == "null"


def test_an_event_waits_for_the_earlier_ones_of_its_task(client, alice, hook, as_worker, due):
    task = client(alice).create()
    client(alice).patch(f"/tasks/{task['id']}", {"title": "x"})
    other = client(alice).create()
    first, second, third = due(alice)
    worker = as_worker(alice)
    assert take(worker, second) == "null"
    assert take(worker, third) != "null"
    assert take(worker, first) != "null"
    assert due(alice) == []
    assert finish(worker, first) == '"delivered"'
    [woken] = due(alice)
    assert woken["id"] == second["id"]
    assert take(worker, woken) != "null"
    assert other["id"] != task["id"]


@pytest.mark.parametrize(
    ("attempts", "seconds"),
    [(1, 5), (2, 300), (3, 1800), (4, 7200), (5, 18000), (6, 36000), (7, 50400), (8, 72000), (9, 86400)],
)
def test_the_times_between_attempts_are_those_of_the_standard(
    attempts, seconds, client, alice, hook, as_worker, as_superuser, due
):
    client(alice).create()
    [delivery] = due(alice)
    as_superuser.execute(
        "update app.deliveries set attempts = $2 where id = $1", delivery["id"], attempts - 1
    )
    worker = as_worker(alice)
    take(worker, delivery)
    assert finish(worker, delivery, attempts, 500) == '"waiting"'
    assert seconds * 0.89 < wait_of(as_superuser, delivery) < seconds * 1.11


def test_after_the_tenth_attempt_it_has_failed(client, alice, hook, as_worker, as_superuser, due):
    client(alice).create()
    [delivery] = due(alice)
    as_superuser.execute("update app.deliveries set attempts = 9 where id = $1", delivery["id"])
    worker = as_worker(alice)
    take(worker, delivery)
    assert finish(worker, delivery, 10, None, "timeout") == '"failed"'
    [listed] = client(alice).get(f"/webhooks/{hook}/deliveries?state=failed").json()["items"]
    assert (listed["attempts"], listed["error"], listed["next_attempt_at"]) == (10, "timeout", None)


def test_retry_after_counts_up_to_a_day(client, alice, hook, as_worker, as_superuser, due):
    client(alice).create()
    client(alice).create()
    worker = as_worker(alice)
    for delivery, given, expected in zip(due(alice), (100, 1_000_000), (100, 86400), strict=True):
        take(worker, delivery)
        finish(worker, delivery, 1, 503, None, given)
        assert expected - 5 < wait_of(as_superuser, delivery) <= expected


def test_410_pauses_the_webhook_and_holds_the_rest(client, alice, hook, as_worker, due):
    client(alice).create()
    client(alice).create()
    first, second = due(alice)
    worker = as_worker(alice)
    take(worker, first)
    assert finish(worker, first, 1, 410) == '"failed"'
    assert client(alice).get(f"/webhooks/{hook}").json()["paused"] == "gone"
    assert due(alice) == []
    client(alice).create()
    assert due(alice) == []
    client(alice).patch(f"/webhooks/{hook}", {"paused": None})
    assert [row["id"] for row in due(alice)] == [second["id"]]


def test_five_days_of_failures_pause_the_webhook(client, alice, hook, as_worker, as_superuser, due):
    client(alice).create()
    [delivery] = due(alice)
    worker = as_worker(alice)
    take(worker, delivery)
    finish(worker, delivery, 1, 500)
    assert client(alice).get(f"/webhooks/{hook}").json()["failing_since"] is not None
    as_superuser.execute(
        "update app.webhooks set failing_since = now() - interval '121 hours' where id = $1", hook
    )
    hurry(as_superuser, delivery)
    [again] = due(alice)
    take(worker, again)
    finish(worker, again, 2, 500)
    webhook = client(alice).get(f"/webhooks/{hook}").json()
    assert webhook["paused"] == "failing"
    [held] = client(alice).get(f"/webhooks/{hook}/deliveries").json()["items"]
    assert (held["state"], held["next_attempt_at"]) == ("waiting", None)


def test_a_success_ends_the_failing(client, alice, hook, as_worker, as_superuser, due):
    client(alice).create()
    [delivery] = due(alice)
    worker = as_worker(alice)
    take(worker, delivery)
    finish(worker, delivery, 1, 500)
    hurry(as_superuser, delivery)
    [again] = due(alice)
    take(worker, again)
    finish(worker, again, 2, 204)
    assert client(alice).get(f"/webhooks/{hook}").json()["failing_since"] is None


def test_old_deliveries_are_forgotten(client, alice, hook, as_worker, as_superuser, due):
    for _ in range(4):
        client(alice).create()
    kept, *old = due(alice)
    for row, state, age in zip(
        old, ("delivered", "failed", "failed"), ("8 days", "8 days", "31 days"), strict=True
    ):
        as_superuser.execute(
            f"update app.deliveries set state = $2, due_at = null, created_at = now() - interval '{age}'"
            " where id = $1",
            row["id"],
            state,
        )
    worker = as_worker(alice)
    take(worker, kept)
    finish(worker, kept)
    left = as_superuser.column("select id from app.deliveries where user_id = $1", alice)
    assert {*left} == {kept["id"], old[1]["id"]}


def test_a_body_of_ones_own_is_filled_in_once_and_stays_what_it_is(client, alice, as_worker, due):
    body = {"title": "{title}", "all": ["{due} {priority} {tags} {nothing} {", 5, None, {"x": "{id}"}]}
    webhook = {"url": URL, "body": body, "timezone": "Europe/Berlin", "events": ["task.created"]}
    client(alice).post("/webhooks", webhook)
    title = 'Say "{description}" and {title}", "x": "y\\'
    task = client(alice).create(
        title=title, description="no", tags=["a", "b"], due_date="2031-01-10T17:00:00Z"
    )
    [delivery] = due(alice)
    sent = json.loads(json.loads(take(as_worker(alice), delivery))["body"])
    due_text = "Fri 10 Jan 2031, 18:00 Medium a, b {nothing} {"
    assert sent == {"title": title, "all": [due_text, 5, None, {"x": task["id"]}]}


@pytest.mark.parametrize(("letters", "sent"), [(1_000, True), (2_000, False)])
def test_a_filled_body_that_is_too_large_fails_and_blames_nobody(
    letters, sent, client, alice, as_worker, as_superuser, due
):
    # Each letter is four bytes, so 16 of a thousand are 64,000 bytes.
    body = {"text": "{description}" * 16}
    her = client(alice)
    hook = her.post(
        "/webhooks", {"url": URL, "body": body, "events": ["task.created", "task.deleted"]}
    ).json()
    task = her.create(description="🙂" * letters)
    her.delete(f"/tasks/{task['id']}")
    worker = as_worker(alice)
    [first, _] = due(alice)
    taken = json.loads(take(worker, first))
    if sent:
        assert json.loads(taken["body"]) == {"text": "🙂" * letters * 16}
        return
    assert taken["body"] is None
    assert finish(worker, first, 1, None, "too large") == '"failed"'
    listed = her.get(f"/webhooks/{hook['id']}/deliveries?state=failed").json()["items"]
    assert [(each["error"], each["next_attempt_at"]) for each in listed] == [("too large", None)]
    webhook = her.get(f"/webhooks/{hook['id']}").json()
    assert (webhook["failing_since"], webhook["paused"]) == (None, None)
    # The next event of the task goes on.
    [second] = due(alice)
    assert json.loads(take(worker, second))["body"] == '{"text": ""}'


def test_after_a_rotation_two_generations_sign_for_a_day(client, alice, hook, as_worker, as_superuser, due):
    client(alice).post(f"/webhooks/{hook}/secret")
    client(alice).create()
    client(alice).create()
    first, second = due(alice)
    assert json.loads(take(as_worker(alice), first))["generations"] == [2, 1]
    as_superuser.execute(
        "update app.webhooks set rotated_at = now() - interval '25 hours' where id = $1", hook
    )
    assert json.loads(take(as_worker(alice), second))["generations"] == [2]


def test_truncated_tasks_have_no_reminders(new_database, server):
    database = new_database()
    session = Session(server.superuser_url(database))
    try:
        session.execute(
            "insert into app.tasks (user_id, title, reminder_at)"
            " values ('alice', 'x', now() + interval '1 day')"
        )
        assert session.value("select count(*) from app.reminders") == 1
        session.execute("truncate app.tasks")
        assert session.value("select count(*) from app.reminders") == 0
    finally:
        session.close()
