-- A remedy is SQL that can be pasted and takes the difference away, or begins with "by hand:" and says what a
-- person decides or does. Names of objects are written so: "policy on table", "member in role".

create or replace function audit.suggest_remedy(
  change text, kind text, name text, expected jsonb, actual jsonb) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  -- Of "this on that", "this in that", "this for that".
  v_part constant text[] := regexp_match(name, '^(.*) (?:on|in|for) ("(?:[^"]|"")*"|\S+)$');
  v_steps text[];
begin
  v_steps := case
    when kind in ('role', 'membership', 'setting', 'default privilege')
      then audit.suggest_role_remedy(change, kind, name, expected, actual)
    when kind in ('privilege', 'parameter privilege')
      then audit.suggest_privilege_remedy(change, kind, name, expected, actual)
    when kind in ('policy', 'trigger', 'rule', 'constraint', 'index')
      then audit.suggest_part_remedy(change, kind, name, expected, actual)
    when kind = 'column'
      then audit.suggest_column_remedy(change, name, expected, actual)
    when kind in (
      'schema', 'table', 'view', 'materialized view', 'foreign table', 'sequence', 'composite type', 'type',
      'domain', 'function')
      then audit.suggest_object_remedy(change, kind, name, expected, actual)
    when kind = 'cast'
      then array[format('drop cast (%s)', replace(name, ' to ', ' as '))]
    when kind = 'operator family' and actual ? 'added'
      then audit.suggest_member_remedy(v_part[1], v_part[2])
    when kind in ('operator class', 'operator family')
      then array[format('drop %s %s using %s', kind, v_part[1], v_part[2])]
    when kind = 'transform'
      then array[format('drop transform for %s language %s', v_part[1], v_part[2])]
    when kind = 'user mapping'
      then array[format('drop user mapping for %s server %s', v_part[1], v_part[2])]
    when kind = 'foreign server'
      then array[format('drop server %s', name)]
    when kind = 'replication slot'
      then array[format('select pg_drop_replication_slot(%L)', name)]
    when kind = 'subscription'
      -- Its slot stays with the publisher, which may not answer.
      then array[
        format('alter subscription %s disable', name),
        format('alter subscription %s set (slot_name = none)', name),
        format('drop subscription %s', name)]
    when kind = 'large objects'
      then array[format(
        'by hand: look at them, then select lo_unlink(oid) from pg_largeobject_metadata '
        'where lomowner = %L::regrole', regexp_replace(name, '^of ', ''))]
    when kind = 'server setting'
      then array[
        format('alter system set %s = %L', name, expected ->> 'value'), 'select pg_reload_conf()']
    when kind = 'security label'
      then array[format(
        'by hand: security label for %I on %s is null; or, where that is not loaded, delete it from '
        'pg_seclabel or pg_shseclabel', actual ->> 'provider', name)]
    when kind = 'database'
      then audit.suggest_database_remedy(expected, actual)
    when kind = 'language' and change = 'changed'
      then array[format(
        'update pg_catalog.pg_language set lanpltrusted = %L where lanname = %L',
        expected ->> 'trusted', name)]
    when kind = 'text search dictionary' and change = 'changed'
      then audit.suggest_dictionary_remedy(name, expected, actual)
    when kind = 'extension' and change = 'missing'
      then array[format('create extension %s schema %s', name, expected ->> 'schema')]
    when kind = 'extension' and change = 'changed' and expected -> 'schema' <> actual -> 'schema'
      then array[format('alter extension %s set schema %s', name, expected ->> 'schema')]
    when kind = 'extension' and change = 'changed'
      then array[format('by hand: compare its members (\dx+ %s) with those of a new database', name)]
    when kind = 'built-in functions'
      then array[
        'by hand: compare pg_proc with that of a new server of this release, and move the data to one']
    when change = 'added'
      then array[format('drop %s %s', kind, name)]
    else array['by hand: create it as in db/schema.sql']
  end;
  -- Two attributes may ask for the same. Words and statements together are words.
  return (
    select
      case when bool_or(once.step ~ '^by hand: ') then 'by hand: ' else '' end
      || string_agg(regexp_replace(once.step, '^by hand: ', ''), '; ' order by once.place)
    from (
      select given.step, min(given.place) as place
      from unnest(v_steps) with ordinality as given (step, place)
      group by given.step
    ) as once);
end $$;

comment on function audit.suggest_remedy is
  'The remedy of a difference: statements that can be pasted, or "by hand:" and a sentence.';

grant execute on function audit.suggest_remedy to task_auditor;
