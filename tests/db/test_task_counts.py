"""Totals are right after any mix of changes, whoever makes them."""

import pytest
from hypothesis import HealthCheck, given, settings

from tests.db.changes import SCRIPTS, change_at_once, play
from tests.thorough import examples

COUNTED = """
select user_id, open_high, open_medium, open_low, completed_high, completed_medium, completed_low
from app.task_counts
where user_id like $1
  and open_high + open_medium + open_low + completed_high + completed_medium + completed_low > 0
order by 1
"""
TRUE = """
select user_id,
  count(*) filter (where not completed and priority = 'High')::int,
  count(*) filter (where not completed and priority = 'Medium')::int,
  count(*) filter (where not completed and priority = 'Low')::int,
  count(*) filter (where completed and priority = 'High')::int,
  count(*) filter (where completed and priority = 'Medium')::int,
  count(*) filter (where completed and priority = 'Low')::int
from app.tasks where user_id like $1 group by 1 order by 1
"""


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
        "insert into app.task_counts (user_id, open_high) values (app.user_id(), 5)",
        "insert into app.task_counts (open_high) values (5)",
        "update app.task_counts set open_high = 0",
        "update app.task_counts set completed_low = 0", "update app.task_counts set version = 0",
        "delete from app.task_counts", "truncate app.task_counts",
    ],
)  # fmt: skip
def test_the_service_can_not_change_the_counts(as_user, alice, count):
    with pytest.raises(Exception, match="permission denied"):
        as_user(alice).execute(count)


def test_the_service_sees_its_users_counts_only(as_user, as_superuser, alice, bob):
    as_superuser.execute("insert into app.tasks (user_id, title) values ($1, 'x'), ($2, 'x')", alice, bob)
    assert as_user(alice).column("select distinct user_id from app.task_counts") == [alice]
