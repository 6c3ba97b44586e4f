"""Numbers in the order of commits: a copy kept by GET /changes equals the table, whatever happens at once."""

import json
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings

from tests.db.changes import SCRIPTS, play
from tests.sql import Session


class Copy:
    """What an offline client keeps: its tasks by id, and the token."""

    def __init__(self, session: Session, limit: int = 100) -> None:
        self.tasks: dict[str, dict] = {}
        self.since: str | None = None
        self._session = session
        self._limit = limit

    def pull(self) -> None:
        """Ask for pages until there is no more."""
        while True:
            status, _, body = self._session.value(
                'select api.list_changes(since => $1, "limit" => $2, if_none_match => null)',
                self.since,
                self._limit,
            )
            assert status == 200
            page = json.loads(body)
            assert len(page["changed"]) <= self._limit
            assert len(page["deleted"]) <= self._limit
            assert not {task["id"] for task in page["changed"]} & set(page["deleted"])
            for task in page["changed"]:
                self.tasks[task["id"]] = task
            for identifier in page["deleted"]:
                self.tasks.pop(identifier, None)
            self.since = page["next"]
            if not page["has_more"]:
                return


def stored(superuser: Session, user: str) -> dict[str, dict]:
    """The user's tasks as they are."""
    documents = superuser.column(
        "select app.render_task(task) from app.tasks as task where user_id = $1", user
    )
    return {task["id"]: task for task in map(json.loads, documents)}


def create(session: Session, **fields: object) -> str:
    body = json.dumps({"title": "A task"} | fields)
    answer = session.value(
        "select api.create_task(body => $1, id => null, lenient => false, answer => null,"
        " idempotency_key => null)",
        body,
    )
    return json.loads(answer[2])["id"]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(SCRIPTS)
def test_a_copy_equals_the_table_after_any_direct_sql(as_user, as_superuser, alice, script):
    copies = [Copy(as_user(alice), limit) for limit in (1, 7, 100)]
    heirs = Copy(as_user(f"{alice} heir"), 2)
    for _ in play(as_superuser, alice, script):
        if as_superuser.value("select pg_current_xact_id_if_assigned() is not null"):
            continue
        for copy in copies:
            copy.pull()
            assert copy.tasks == stored(as_superuser, alice)
        heirs.pull()
        assert heirs.tasks == stored(as_superuser, f"{alice} heir")


def test_readers_miss_nothing_while_many_write(server, database, as_superuser, alice):
    """Six writers of one user, and three readers with pages of different sizes meanwhile."""
    done = threading.Event()
    writers = 6

    def write(seed: int) -> None:
        chance = random.Random(seed)
        session = Session(server.service_url(database))
        session.value("select set_config('app.user_id', $1, false)", alice)
        mine: list[str] = []
        for number in range(60):
            act = chance.random()
            if not mine or act < 0.4:
                mine.append(create(session, priority=chance.choice(["high", "low"])))
            elif act < 0.6:
                session.value(
                    "select api.toggle_task(id => $1, body => '{}', lenient => false, if_match => null,"
                    " if_none_match => null, answer => null, idempotency_key => null)",
                    chance.choice(mine),
                )
            elif act < 0.8:
                session.value(
                    "select api.update_task(id => $1, body => $2, lenient => false, if_match => null,"
                    " if_none_match => null, answer => null)",
                    chance.choice(mine),
                    json.dumps({"title": f"Changed {number}", "priority": chance.choice(["high", "low"])}),
                )
            else:
                session.value(
                    "select api.delete_task(id => $1, if_match => null, if_none_match => null)",
                    mine.pop(chance.randrange(len(mine))),
                )
        session.close()

    def read(limit: int) -> Copy:
        session = Session(server.service_url(database))
        session.value("select set_config('app.user_id', $1, false)", alice)
        copy = Copy(session, limit)
        while not done.is_set():
            copy.pull()
        copy.pull()
        session.close()
        return copy

    with ThreadPoolExecutor(writers + 3) as threads:
        reading = [threads.submit(read, limit) for limit in (1, 7, 100)]
        writing = [threads.submit(write, seed) for seed in range(writers)]
        try:
            for each in writing:
                each.result(60)
        finally:
            done.set()
        for each in reading:
            assert each.result(60).tasks == stored(as_superuser, alice) != {}


def test_a_version_is_updated_at_to_the_microsecond(as_superuser):
    versions = (
        "select * from (values (0::bigint), (1), (1767037296818353), (4102444799999999)) as v (version)"
    )
    assert (
        as_superuser.column(
            f"select app.version_of(app.time_of(version)) - version from ({versions}) as chosen"
        )
        == [0] * 4
    )
    first = "1767037296818353"
    assert (
        as_superuser.value(
            f"select count(*) from generate_series({first}, {first} + 9999) as version"
            " where app.version_of(app.time_of(version)) <> version"
        )
        == 0
    )


def test_each_change_has_a_number_of_its_own_that_is_its_version(as_user, as_superuser, alice):
    session = as_user(alice)
    first, second = create(session), create(session)
    session.value(
        "select api.update_task(id => $1, body => $2, lenient => false, if_match => null,"
        " if_none_match => null, answer => null)",
        first,
        '{"title": "Changed"}',
    )
    rows = as_superuser.rows(
        "select id::text, version, app.version_of(updated_at) as updated from app.tasks where user_id = $1"
        " order by version",
        alice,
    )
    assert [row["id"] for row in rows] == [second, first]
    assert [row["version"] for row in rows] == [row["updated"] for row in rows]
    assert (
        as_superuser.value("select version from app.task_counts where user_id = $1", alice)
        == rows[-1]["version"]
    )


def test_deletions_are_forgotten_after_30_days_and_then_the_walk_begins_again(as_user, as_superuser, alice):
    session = as_user(alice)
    create(session)
    copy = Copy(session)
    copy.pull()
    month = 31 * 86_400 * 1_000_000
    gone = create(session)
    session.value("select api.delete_task(id => $1, if_match => null, if_none_match => null)", gone)
    as_superuser.execute(
        "update app.deleted_tasks set version = version - $2::bigint where user_id = $1", alice, month
    )
    number = as_superuser.value("select version from app.deleted_tasks where user_id = $1", alice)
    old = f"{copy.since.partition('-')[0]}-{number - 1}"
    changes = 'select api.list_changes(since => $1, "limit" => 100, if_none_match => null)'
    # Known as long as nobody has deleted another.
    assert session.value(changes, old)[0] == 200
    session.value(
        "select api.delete_task(id => $1, if_match => null, if_none_match => null)", create(session)
    )
    with pytest.raises(Exception, match="not known") as refusal:
        session.value(changes, old)
    assert refusal.value.sqlstate == "DT410"
    copy.pull()
    assert copy.tasks == stored(as_superuser, alice)


@pytest.mark.parametrize(
    "statement",
    [
        "insert into app.deleted_tasks (user_id, version, id) values (app.user_id(), 1, gen_random_uuid())",
        "update app.deleted_tasks set version = 1",
        "delete from app.deleted_tasks",
        "truncate app.deleted_tasks",
        "update app.task_counts set version = 1",
        "select keeper.count_change(app.user_id(), null, null)",
    ],
)
def test_the_service_can_not_write_deletions_or_numbers(as_user, alice, statement):
    with pytest.raises(Exception, match="permission denied"):
        as_user(alice).execute(statement)


def test_truncating_the_tasks_forgets_all_and_repeats_no_number(server, new_database):
    name = new_database()
    service, owner = Session(server.service_url(name)), Session(server.superuser_url(name))
    service.value("select set_config('app.user_id', 'alice', false)")
    create(service)
    copy = Copy(service)
    copy.pull()
    before = owner.value("select version from app.task_counts")
    owner.execute("truncate app.tasks")
    with pytest.raises(Exception, match="not known") as refusal:
        copy.pull()
    assert refusal.value.sqlstate == "DT410"
    assert owner.value("select version from app.task_counts") > before
    create(service)
    copy.since, copy.tasks = None, {}
    copy.pull()
    assert len(copy.tasks) == 1
    service.close()
    owner.close()
