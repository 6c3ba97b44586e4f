"""Isolation on the machines that have the rows: how each shard is guarded, and what that does."""

import asyncpg
import pytest

from app.admin.forgetting import forget_user
from tests.sql import sessions_at

SHARDS = """
  select shard.oid::regclass::text as name, base.oid::regclass::text as "table",
    shard.relrowsecurity and shard.relforcerowsecurity as forced,
    shard.relowner = base.relowner as same_owner,
    %(shard)s as actual, %(base)s as expected
  from pg_class as shard
  inner join pg_dist_shard as placed on shard.relname ~ ('_' || placed.shardid || '$')
  inner join pg_class as base
    on base.oid = placed.logicalrelid and shard.relname = base.relname || '_' || placed.shardid
  where shard.relnamespace = 'app'::regnamespace and shard.relkind = 'r'
"""
SHARD_OF = "select get_shard_id_for_distribution_column('app.tasks', $1::text)"
POLICIES = """
  array(
    select concat_ws(
      ' | ', policy.polname, policy.polcmd, policy.polpermissive, policy.polroles::regrole[],
      pg_get_expr(policy.polqual, policy.polrelid), pg_get_expr(policy.polwithcheck, policy.polrelid))
    from pg_policy as policy where policy.polrelid = {0}.oid order by policy.polname)
"""
TRIGGERS = """
  array(
    select concat_ws(' | ', trigger.tgfoid::regprocedure, trigger.tgtype, trigger.tgenabled)
    from pg_trigger as trigger where trigger.tgrelid = {0}.oid and not trigger.tgisinternal
      and trigger.tgfoid::regproc::text not like '%citus%'
    order by 1)
"""
GRANTS = """
  array(
    select concat_ws(' | ', attribute.attname, granted.grantee::regrole, granted.privilege_type)
    from pg_attribute as attribute cross join lateral aclexplode(attribute.attacl) as granted
    where attribute.attrelid = {0}.oid
    union all
    select concat_ws(' | ', 'all', granted.grantee::regrole, granted.privilege_type)
    from aclexplode({0}.relacl) as granted
    order by 1)
"""


@pytest.mark.parametrize("what", [POLICIES, TRIGGERS, GRANTS], ids=["policies", "triggers", "privileges"])
def test_each_shard_is_guarded_as_its_table(workers, what):
    query = SHARDS % {"shard": what.format("shard"), "base": what.format("base")}
    for worker in workers:
        shards = worker.rows(query)
        assert len({row["table"] for row in shards}) == 10
        assert [row for row in shards if not (row["forced"] and row["same_owner"])] == []
        assert [row for row in shards if row["actual"] != row["expected"]] == []


@pytest.fixture
def on_shards(cluster, database, coordinator, alice):
    """SQL as task_api on the machine that has alice's rows, by the user; and the name of her shard."""
    shard = coordinator.value(SHARD_OF, alice)
    with sessions_at(cluster.home_of(alice, database).service_url(database)) as connect:
        yield connect, f"app.tasks_{shard}"


@pytest.mark.parametrize(
    "statement",
    [
        "select 1 from {shard} where user_id = $1",
        "update {shard} set title = 'changed' where user_id = $1 returning 1",
        "delete from {shard} where user_id = $1 returning 1",
    ],
)
def test_a_shard_shows_each_user_their_own_rows_alone(on_shards, client, alice, bob, statement):
    client(alice).create()
    connect, shard = on_shards
    query = statement.format(shard=shard)
    assert connect(bob).rows(query, alice) == []
    with pytest.raises(asyncpg.SerializationError, match="no user is set on this machine"):
        connect(None).rows(query, alice)
    assert client(alice).titles() == ["A task"]
    assert len(connect(alice).rows(query, alice)) == 1


def test_insert_select_writes_no_row_of_another_user(as_user, coordinator, client, alice):
    """Citus checks no policy where the row stays on its machine, which copies it: the trigger does."""
    client(alice).create()
    neighbour = next(
        user
        for user in (f"neighbour {number} of {alice}" for number in range(1000))
        if coordinator.value(SHARD_OF, user) == coordinator.value(SHARD_OF, alice)
    )
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="a row of another user"):
        as_user(alice).execute(
            f"insert into app.tasks (user_id, title) select '{neighbour}', title from app.tasks "
            f"where user_id = '{alice}'"
        )
    assert client(neighbour).titles() == []


def test_a_machine_that_was_told_no_user_refuses(cluster, database, client, alice):
    client(alice).create()
    with (
        sessions_at(cluster.service_url(database)) as connect,
        pytest.raises(asyncpg.SerializationError, match="no user is set on this machine"),
    ):
        connect(alice).rows("select * from app.tasks where user_id = $1", alice)


def test_nothing_of_duly_is_anybodys_on_a_worker(workers):
    query = """
      select function.oid::regprocedure::text from pg_proc as function
      where function.pronamespace::regnamespace::text
          in ('app', 'api', 'audit', 'finder', 'keeper', 'porter', 'spread')
        and has_function_privilege('public', function.oid, 'execute')
    """
    for worker in workers:
        assert worker.column(query) == []


def test_forgetting_a_user_leaves_no_row_on_any_machine(cluster, database, coordinator, client, alice, bob):
    for user in (alice, bob):
        client(user).create()
    counts = forget_user(cluster.superuser_url(database), alice)
    assert "     1 app.tasks" in counts
    assert client(alice).titles() == []
    assert client(bob).titles() == ["A task"]
    for table in ("tasks", "task_counts", "search_entries", "deleted_tasks"):
        assert coordinator.value(f"select count(*) from app.{table} where user_id = $1", alice) == 0
