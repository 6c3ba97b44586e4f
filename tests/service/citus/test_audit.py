"""The audit of each machine: nothing is off, and a shard that is not protected as its table is found."""

import json

import pytest

from app.admin.audit import run_script
from app.database.baseline import expected_functions, read_spread_baseline
from app.dev import postgres
from app.dev.project import ROOT
from tests.sql import Session


def review(session):
    """What the audit of this machine finds: severities and sentences."""
    session.execute("begin; set local citus.override_table_visibility = off")
    session.execute("set local role task_auditor; set local search_path = ''")
    found = session.rows("select * from audit.review($1, '[]')", json.dumps(read_spread_baseline()))
    session.execute("rollback")
    return [(row["severity"], row["fault"]) for row in found]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_nothing_is_off_on_any_machine_and_each_is_ready(cluster, database, place):
    machine = cluster.machines()[place]
    session = Session(machine.superuser_url(database))
    assert review(session) == []
    session.close()
    service = Session(machine.service_url(database))
    # By its comment the service knows of which release the database is.
    comment = service.value("select obj_description('app'::regnamespace, 'pg_namespace')")
    assert comment.startswith("Duly 1:")
    functions = json.dumps(expected_functions())
    found = service.value("select spread.check_readiness('', false, '[]', $1::jsonb)", functions)
    # The settings are those of a connection of the service.
    assert [entry for entry in json.loads(found) if entry["code"] != "settings"] == []
    service.close()


FAULTS = {
    "alter table {shard} no force row level security": "row-level security, owner or kind",
    "alter policy tasks_select_own on {shard} using (true)": "policies",
    "drop trigger refuse_other_users_{number} on {shard}": "triggers",
    "grant truncate on {shard} to task_api": "privileges",
}


def test_a_shard_that_differs_from_its_table_is_critical(cluster, spread):
    session = Session(cluster.machines()[1].superuser_url(spread))
    session.execute("set citus.override_table_visibility = off")
    session.execute("set citus.enable_manual_changes_to_shards = on")
    numbers = session.column("select substr(relname, 7) from pg_class where relname ~ '^tasks_[0-9]+$'")
    expected = []
    for number, (statement, parts) in zip(numbers, FAULTS.items(), strict=False):
        session.execute(statement.format(shard=f"app.tasks_{number}", number=number))
        expected.append(("critical", f"shard app.tasks_{number} differs from its table, app.tasks: {parts}"))
    found = review(session)
    session.close()
    assert set(expected) <= set(found)


def matrix(machine, database):
    """What each role could do there: the attempts."""
    run = run_script(
        machine.superuser_url(database), "matrix", "json", program=postgres.BINARIES / "psql", folder=ROOT
    )
    return run[1]


def test_each_role_reaches_on_each_worker_what_it_should_and_no_more(cluster, database):
    coordinator, *workers = cluster.machines()
    assert matrix(coordinator, database) == []
    for worker in workers:
        attempts = matrix(worker, database)
        assert len(attempts) > 1000
        assert [attempt for attempt in attempts if not attempt["sound"]] == []


def test_the_matrix_shows_what_a_mistake_allows(cluster, spread):
    cluster.execute("alter policy tasks_select_own on app.tasks using (true)", spread)
    for worker in cluster.machines()[1:]:
        off = [attempt for attempt in matrix(worker, spread) if not attempt["sound"]]
        assert ("task_api", "app.tasks", "select", "another's row", "done") in {
            tuple(attempt[key] for key in ("role", "table", "command", "whose", "outcome")) for attempt in off
        }
