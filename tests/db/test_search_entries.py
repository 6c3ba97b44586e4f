"""What is searched is what there is, after any mix of changes, whoever makes them; and a change of nothing
that is searched costs nothing.
"""

import json

import pytest
from hypothesis import HealthCheck, given, settings

from tests.db.changes import SCRIPTS, change_at_once, play
from tests.sql import Session
from tests.thorough import examples

# Byte by byte, with the weights and the places of the words.
KEPT = "select user_id, id, keys::text from app.search_entries where user_id like $1 order by 1, 2"
TRUE = """
select user_id, id, app.search_vector(user_id, title, description, tags)::text from app.tasks
  where user_id like $1 order by 1, 2
"""


@pytest.mark.thorough
@settings(
    max_examples=examples(25, 120), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(SCRIPTS)
def test_entries_are_true_after_any_direct_sql_committed_or_rolled_back(as_superuser, alice, script):
    for _ in play(as_superuser, alice, script):
        assert as_superuser.rows(KEPT, alice + "%") == as_superuser.rows(TRUE, alice + "%")


def test_entries_are_true_after_concurrent_changes(server, database, as_superuser, alice):
    change_at_once(server, database, alice)
    assert as_superuser.rows(KEPT, alice) == as_superuser.rows(TRUE, alice) != []


def test_entries_follow_a_change_by_whoever_may_make_it(as_user, as_superuser, alice):
    """The service has no right on them; the trigger has."""
    session = as_user(alice)
    session.execute("insert into app.tasks (title, tags) values ('one', '{home}'), ('two', '{}')")
    assert len(as_superuser.rows(KEPT, alice)) == 2
    for statement in (
        "update app.tasks set title = 'changed', description = 'and more' where title = 'one'",
        "update app.tasks set tags = '{work}' where title = 'two'",
        "delete from app.tasks where title = 'changed'",
    ):
        before = as_superuser.rows(KEPT, alice)
        session.execute(statement)
        assert before != as_superuser.rows(KEPT, alice) == as_superuser.rows(TRUE, alice)


def test_who_truncates_the_tasks_truncates_what_is_kept_beside_them(server, new_database, alice):
    name = new_database()
    owner = Session(server.superuser_url(name))
    owner.execute("insert into app.tasks (user_id, title) values ($1, 'one'), ($1, 'two')", alice)
    assert owner.value("select count(*) from app.search_entries") == 2
    owner.execute("truncate app.tasks")
    assert owner.value("select count(*) from app.search_entries") == 0
    assert owner.value("select sum(open_high + open_medium + open_low) from app.task_counts") == 0
    owner.close()


def test_what_changes_no_word_and_no_tag_does_not_write_the_entry(client, as_superuser, alice):
    her = client(alice)
    task = her.create(title="Water the plants", description="in the garden", tags=["home"])
    row = "select xmin::text, ctid::text from app.search_entries where user_id = $1"
    written = as_superuser.rows(row, alice)
    her.post(f"/tasks/{task['id']}/toggle")
    for body in (
        {"completed": False}, {"priority": "Low"}, {"due_date": "2031-05-05"},
        {"title": " Water the plants "}, {"tags": ["home"]},
        {"is_recurring": True, "recurrence_rule": "FREQ=DAILY"},
    ):  # fmt: skip
        assert her.patch(f"/tasks/{task['id']}", body).status_code == 200
    as_superuser.execute("update app.tasks set priority = 'High' where user_id = $1", alice)
    assert as_superuser.rows(row, alice) == written
    her.patch(f"/tasks/{task['id']}", {"tags": ["work"]})
    assert as_superuser.rows(row, alice) != written


@pytest.mark.parametrize(
    "statement",
    [
        "select id from app.search_entries", "select count(*) from app.search_entries",
        "delete from app.search_entries",
        "insert into app.search_entries (user_id, id, keys) values (app.user_id(), gen_random_uuid(), '')",
        "update app.search_entries set keys = ''", "truncate app.search_entries",
        "select from app.tasks inner join app.search_entries using (user_id, id)",
    ],
)  # fmt: skip
def test_the_service_may_do_nothing_with_the_entries(as_user, alice, statement):
    session = as_user(alice)
    session.value(
        "select response from api.create_task($1, null, false, null, null)", json.dumps({"title": "Hers"})
    )
    with pytest.raises(Exception, match="permission denied for table search_entries"):
        session.execute(statement)
