"""The audit of each machine: nothing is off, and a shard that is not protected as its table is found."""

import json

import pytest

from app.database.baseline import expected_functions, read_spread_baseline
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
