"""Totals are right after any mix of changes, whoever makes them."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sql import Session

COUNTED = """
select user_id, completed, priority_rank, sum(tasks)::int from app.task_counts where user_id like $1 group by 1, 2, 3 having sum(tasks) <> 0
order by 1, 2, 3
"""
TRUE = "select user_id, completed, priority_rank, count(*)::int from app.tasks where user_id like $1 group by 1, 2, 3 order by 1, 2, 3"

# What a DBA may write by hand, for the tasks of a user.
STATEMENTS = st.sampled_from(
    [
        "insert into app.tasks (user_id, title) values ($1, 'one')",
        "insert into app.tasks (user_id, title, priority, completed) select $1, 'many', 'High', n % 2 = 0 from generate_series(1, 5) as n",
        "update app.tasks set completed = not completed where user_id = $1",
        "update app.tasks set priority = 'Low' where user_id = $1 and completed",
        "update app.tasks set title = title where user_id = $1",
        "update app.tasks set title = title || 'x' where user_id = $1",
        "update app.tasks set user_id = $1 || ' heir' where user_id = $1 and priority = 'High'",
        "delete from app.tasks where user_id = $1 and completed",
        "delete from app.tasks where user_id = $1",
    ]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(STATEMENTS, st.booleans()), max_size=8))
def test_counts_are_true_after_any_direct_sql_committed_or_rolled_back(as_superuser, alice, script):
    for statement, commit in script:
        as_superuser.execute("begin")
        as_superuser.execute(statement, alice)
        as_superuser.execute("commit" if commit else "rollback")
        assert as_superuser.rows(COUNTED, alice + "%") == as_superuser.rows(TRUE, alice + "%")


def test_counts_are_true_after_concurrent_changes(server, database, as_superuser, alice):
    def work(seed: int) -> None:
        chance = random.Random(seed)
        session = Session(server.service_url(database))
        session.value("select set_config('app.user_id', $1, false)", alice)
        mine: list[str] = []
        for _ in range(40):
            if not mine or chance.random() < 0.5:
                body = f'{{"title": "x", "priority": "{chance.choice(["high", "low"])}"}}'
                headers = session.value("select api.create_task($1, null, false, null, null)", body)[1]
                mine.append(headers[3].rpartition("/")[2])
            elif chance.random() < 0.6:
                session.value("select api.toggle_task($1, '{}', false, null, null, null)", chance.choice(mine))
            else:
                session.value("select api.delete_task($1, null)", mine.pop(chance.randrange(len(mine))))
        session.close()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(work, range(8)))
    assert as_superuser.rows(COUNTED, alice) == as_superuser.rows(TRUE, alice) != []


@pytest.mark.parametrize(
    "count",
    ["insert into app.task_counts (tasks) values (5)", "update app.task_counts set tasks = 0", "delete from app.task_counts"],
)
def test_the_service_can_not_change_the_counts(as_user, alice, count):
    with pytest.raises(Exception, match="permission denied"):
        as_user(alice).execute(count)


def test_the_service_sees_its_users_counts_only(as_user, as_superuser, alice, bob):
    as_superuser.execute("insert into app.tasks (user_id, title) values ($1, 'x'), ($2, 'x')", alice, bob)
    assert as_user(alice).column("select distinct user_id from app.task_counts") == [alice]
