-- Citus names a shard after its table and a number, and keeps it beside that. Its catalog is read by name,
-- because it is not there without Citus. Sessions see shards where citus.override_table_visibility is off.

create or replace function audit.list_shards() returns table (oid oid, relation oid, number bigint)
language plpgsql stable
set search_path = ''
as $$
begin
  if audit.is_on_citus() then
    return query execute
      'select shard.oid, relation.oid, known.shardid '
      'from pg_catalog.pg_dist_shard as known '
      'inner join pg_catalog.pg_class as relation on known.logicalrelid = relation.oid '
      'inner join pg_catalog.pg_class as shard on shard.relnamespace = relation.relnamespace '
      'and shard.relname = format(''%s_%s'', relation.relname, known.shardid)';
  end if;
end $$;

comment on function audit.list_shards is 'The shards of Citus on this machine: each with its table.';

grant execute on function audit.list_shards to task_auditor;
