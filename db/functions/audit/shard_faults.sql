-- On a machine of Citus: the rows are in shards, and each must be protected as its table is.

create or replace view audit.shard_faults with (security_invoker = true) as
select
  format(
    'shard %s differs from its table, %s: %s', shard.oid::regclass, shard.relation::regclass,
    differing.kinds) as fault,
  format(
    'by hand: on this machine, set citus.enable_manual_changes_to_shards = on, and make its %s those of %s',
    differing.kinds, shard.relation::regclass) as remedy
from audit.list_shards() as shard
cross join lateral (
  select
    audit.describe_table(shard.oid, format('_%s', shard.number)) as present,
    audit.describe_table(shard.relation, format('_%s', shard.number)) as wanted
) as described
cross join lateral (
  select string_agg(part.kind, ', ' order by part.kind) as kinds
  from jsonb_object_keys(described.present || described.wanted) as part (kind)
  where described.present -> part.kind is distinct from described.wanted -> part.kind
) as differing
where differing.kinds is not null;

comment on view audit.shard_faults is 'The shards that are not protected as their table is.';

grant select on audit.shard_faults to task_auditor;
