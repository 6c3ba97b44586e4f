-- Mostly statements that can be pasted. Names of objects are written so: "policy on table", "member in role".

create or replace function audit.suggest_remedy(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  -- Of "this on that", "this in that", "this for that".
  v_first constant text := regexp_replace(name, ' (on|in|for) .*$', '');
  v_last constant text := regexp_replace(name, '^.* (on|in|for) ', '');
  v_steps text[];
begin
  case
  when kind in ('role', 'membership', 'setting', 'default privilege') then
    v_steps := audit.suggest_role_remedy(change, kind, name, expected, actual);
  when kind in ('privilege', 'parameter privilege') then
    v_steps := audit.suggest_privilege_remedy(change, kind, name, expected, actual);
  when kind in ('policy', 'trigger', 'rule', 'constraint', 'index') then
    v_steps := audit.suggest_part_remedy(change, kind, name, expected, actual);
  when kind in (
    'schema', 'table', 'view', 'materialized view', 'foreign table', 'sequence', 'composite type', 'type',
    'domain', 'function', 'column')
  then
    v_steps := audit.suggest_object_remedy(change, kind, name, expected, actual);
  when kind = 'cast' then
    v_steps := array[format('drop cast (%s)', replace(name, ' to ', ' as '))];
  when kind = 'operator family' and actual ? 'added' then
    v_steps := array[format('alter operator family %s using %s drop what was added', v_first, v_last)];
  when kind in ('operator class', 'operator family') then
    v_steps := array[format('drop %s %s using %s', kind, v_first, v_last)];
  when kind = 'transform' then
    v_steps := array[format('drop transform for %s language %s', v_first, v_last)];
  when kind = 'user mapping' then
    v_steps := array[format('drop user mapping for %s server %s', v_first, v_last)];
  when kind = 'replication slot' then
    v_steps := array[format('select pg_drop_replication_slot(%L)', name)];
  when kind = 'large objects' then
    v_steps := array[format(
      'look at them, then select lo_unlink(oid) from pg_largeobject_metadata where lomowner = %L::regrole',
      regexp_replace(name, '^of ', ''))];
  when kind = 'server setting' then
    v_steps := array[
      format('alter system set %s = %L', name, expected ->> 'value'), 'select pg_reload_conf()'];
  when kind = 'security label' then
    v_steps := array[format('security label for %I on %s is null', actual ->> 'provider', name)];
  when kind = 'database' then
    v_steps := array['alter database, or move the data to one that is made as db/README.md says'];
  when kind = 'built-in functions' then
    v_steps := array['compare pg_proc with that of a new server of this release, and move the data to one'];
  when change = 'added' then
    v_steps := array[format('drop %s %s', kind, name)];
  else
    v_steps := array['make it again as in db/schema.sql'];
  end case;
  -- Two attributes may ask for the same.
  return (
    select string_agg(once.step, '; ' order by once.place)
    from (
      select given.step, min(given.place) as place
      from unnest(v_steps) with ordinality as given (step, place)
      group by given.step
    ) as once);
end $$;

comment on function audit.suggest_remedy is
  'The remedy of a difference: statements that can be pasted, or else a sentence.';

grant execute on function audit.suggest_remedy to task_auditor;
