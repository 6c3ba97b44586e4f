"""Totals are right after any mix of changes, whoever makes them."""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.db.changes import SCRIPTS, change_at_once, play
from tests.thorough import examples

COUNTED = """
select user_id, priority, open, completed from app.task_counts where user_id like $1
  and open + completed <> 0 order by 1, 2
"""
TRUE = """
select user_id, priority, count(*) filter (where not completed)::int, count(*) filter (where completed)::int
from app.tasks where user_id like $1 group by 1, 2 order by 1, 2
"""


@pytest.mark.thorough
@settings(
    max_examples=examples(25, 300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(SCRIPTS)
def test_counts_are_true_after_any_direct_sql_committed_or_rolled_back(as_superuser, alice, script):
    for _ in play(as_superuser, alice, script):
        assert as_superuser.rows(COUNTED, alice + "%") == as_superuser.rows(TRUE, alice + "%")


def test_counts_are_true_after_concurrent_changes(server, database, as_superuser, alice):
    change_at_once(server, database, alice)
    assert as_superuser.rows(COUNTED, alice) == as_superuser.rows(TRUE, alice) != []


@pytest.mark.parametrize(
    "count",
    [
        "insert into app.task_counts (user_id, priority, open) values (app.user_id(), 'High', 5)",
        "insert into app.task_counts (open) values (5)",
        "update app.task_counts set open = 0", "update app.task_counts set completed = 0",
        "update app.task_counts set revision = 0",
        "delete from app.task_counts", "truncate app.task_counts",
    ],
)  # fmt: skip
def test_the_service_can_not_change_the_counts(as_user, alice, count):
    with pytest.raises(Exception, match="permission denied"):
        as_user(alice).execute(count)


def test_the_service_sees_its_users_counts_only(as_user, as_superuser, alice, bob):
    as_superuser.execute("insert into app.tasks (user_id, title) values ($1, 'x'), ($2, 'x')", alice, bob)
    assert as_user(alice).column("select distinct user_id from app.task_counts") == [alice]
