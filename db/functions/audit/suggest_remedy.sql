-- Names of objects are written so that they can be pasted: "policy on table", "member in role".

create or replace function audit.suggest_remedy(change text, kind text, name text, expected jsonb,
  actual jsonb) returns text
language plpgsql stable
set search_path = ''
as $$
declare
  -- Of "this on that", "this in that", "this for that".
  v_first constant text := regexp_replace(name, ' (on|in|for) .*$', '');
  v_last constant text := regexp_replace(name, '^.* (on|in|for) ', '');
  v_part text[];
  v_steps text[] := '{}';
  v_key text;
begin
  case kind
  when 'privilege' then
    v_part := regexp_match(name, '^(.*) on (.*) for (.*)$');
    v_part[2] := regexp_replace(v_part[2], '^database this$', 'database ' || quote_ident(current_database()));
    if change = 'missing' or change = 'changed' then
      v_steps := array[format(
        'grant %s%s on %s to %s%s', v_part[1],
        (select ' (' || string_agg(quote_ident(col), ', ') || ')'
          from jsonb_array_elements_text(expected -> 'columns') as col),
        v_part[2], v_part[3], case when (expected ->> 'grantable')::boolean then ' with grant option'
          else '' end)];
    end if;
    if change <> 'missing' then
      v_steps := format(
        'revoke %s%s on %s from %s cascade', v_part[1],
        case when not coalesce((actual ->> 'on the whole')::boolean, false) then
          (select ' (' || string_agg(quote_ident(col), ', ') || ')'
            from jsonb_array_elements_text(actual -> 'columns') as col) end,
        v_part[2], v_part[3]) || v_steps;
    end if;
  when 'parameter privilege' then
    v_part := regexp_match(name, '^(.*) on (.*) for (.*)$');
    v_steps := array[format('revoke %s on parameter %s from %s', v_part[1], v_part[2], v_part[3])];
  when 'default privilege' then
    v_part := regexp_match(name, '^(.*) on (.*) that (.*) creates(?: in (.*))? for (.*)$');
    v_steps := array[format(
      'alter default privileges for role %s%s %s %s on %s %s %s', v_part[3], ' in schema ' || v_part[4],
      case change when 'missing' then 'grant' else 'revoke' end, v_part[1], v_part[2],
      case change when 'missing' then 'to' else 'from' end, v_part[5])];
  when 'membership' then
    v_steps := case change
      when 'missing' then array[format('grant %s to %s', v_last, v_first)]
      else array[format('revoke %s from %s', v_last, v_first)] end;
  when 'setting' then
    v_part := regexp_match(name, '^(.*) of (.*) in (.*)$');
    v_steps := array[format(
      'alter %s%s %s',
      case v_part[2] when 'every role' then case v_part[3] when 'this database' then 'database '
        || quote_ident(current_database()) else 'role all' end
        else 'role ' || quote_ident(v_part[2]) end,
      case when v_part[2] <> 'every role' and v_part[3] = 'this database' then ' in database '
        || quote_ident(current_database()) end,
      case change when 'added' then 'reset ' || v_part[1]
        else format('set %s = %L', v_part[1], expected ->> 'value') end)];
  when 'role' then
    if change = 'added' then
      v_steps := array[format(
        'alter role %I nologin nosuperuser nobypassrls nocreaterole noreplication', name)];
    elsif change = 'missing' then
      v_steps := array['create it as in db/migrations/0001_roles.sql'];
    else
      for v_key in select jsonb_object_keys(actual) loop
        continue when expected -> v_key = actual -> v_key;
        v_steps := v_steps || format('alter role %I %s', name, case v_key
          when 'connection limit' then format('connection limit %s', expected ->> v_key)
          when 'valid until' then format('valid until %L', coalesce(expected ->> v_key, 'infinity'))
          else case when (expected ->> v_key)::boolean then '' else 'no' end || v_key end);
      end loop;
    end if;
  when 'policy', 'trigger', 'rule' then
    if change = 'changed' and kind = 'trigger' and actual ->> 'enabled' <> expected ->> 'enabled' then
      v_steps := array[format('alter table %s enable trigger %s', v_last, v_first)];
    elsif change = 'added' and kind = 'trigger' and v_first = 'one of a foreign key' then
      v_steps := array[format('alter table %s enable trigger all', v_last)];
    elsif change = 'added' and kind = 'rule' and v_first = '"_RETURN"' then
      v_steps := array[format('drop view %s', v_last)];
    else
      if change <> 'missing' then
        v_steps := array[format('drop %s %s', kind, name)];
      end if;
      if change <> 'added' then
        v_steps := v_steps || case kind
          when 'policy' then 'create it as in db/migrations/*_policies.sql'
          when 'trigger' then replace(expected ->> 'definition', 'CREATE TRIGGER', 'create trigger')
          else 'create it as in db/schema.sql' end;
      end if;
    end if;
  when 'constraint' then
    if change = 'changed' and expected -> 'definition' = actual -> 'definition' then
      v_steps := array[format('alter table %s validate constraint %s', v_last, v_first)];
    else
      if change <> 'missing' then
        v_steps := array[format('alter table %s drop constraint %s', v_last, v_first)];
      end if;
      if change <> 'added' then
        v_steps := v_steps || format('alter table %s add constraint %s %s', v_last, v_first,
          expected ->> 'definition');
      end if;
    end if;
  when 'index' then
    if change = 'added' then
      v_steps := array[format('drop index %s', name)];
    elsif change = 'missing' then
      v_steps := array[expected ->> 'definition'];
    elsif actual -> 'valid' = 'false' then
      v_steps := array[format('reindex index %s', name)];
    else
      v_steps := array[format('drop index %s', name), expected ->> 'definition'];
    end if;
  when 'table', 'schema', 'view', 'materialized view', 'foreign table', 'sequence', 'composite type', 'type',
    'domain',
    'function', 'column' then
    if change = 'added' then
      v_steps := array[case kind
        when 'function' then format('drop routine %s', name)
        when 'composite type' then format('drop type %s', name)
        when 'column' then
          format('alter table %s drop column %s', regexp_replace(name, '\.("[^"]*"|[^.]*)$', ''),
            substring(name from '("[^"]*"|[^.]*)$'))
        else format('drop %s %s', kind, name) end];
    elsif change = 'missing' then
      v_steps := array[case
        when kind in ('function', 'view')
          then format('run the file of db/functions that makes %s', split_part(name, '(', 1))
        else 'create it as in db/schema.sql' end];
    else
      for v_key in
        select key
        from (select jsonb_object_keys(actual) as key union select jsonb_object_keys(expected)) as keys
        order by key
      loop
        continue when expected -> v_key is not distinct from actual -> v_key;
        v_steps := v_steps || case
          when v_key = 'owner' then format(
            'alter %s %s owner to %s', case kind when 'composite type' then 'type' when 'function'
              then 'routine' else kind end,
            name, expected ->> 'owner')
          when kind = 'table' and v_key = 'row-level security'
            then format('alter table %s enable row level security', name)
          when kind = 'table' and v_key = 'forced'
            then format('alter table %s force row level security', name)
          when kind = 'table' and v_key = 'replica identity'
            then format('alter table %s replica identity default', name)
          when kind = 'table' and v_key = 'unlogged' then
            format('alter table %s set %s', name, case when (expected ->> v_key)::boolean then 'unlogged'
              else 'logged' end)
          when kind = 'table' and v_key = 'options' then
            format('alter table %s reset or set what differs', name)
          when kind = 'table' and v_key = 'parents' then
            format('alter table %s no inherit, or detach it from, %s', name, coalesce(actual ->> v_key, ''))
          when kind = 'column' and v_key = 'default' then format(
            'alter table %s alter column %s %s', regexp_replace(name, '\.("[^"]*"|[^.]*)$', ''),
              substring(name from '("[^"]*"|[^.]*)$'),
            coalesce('set default ' || (expected ->> v_key), 'drop default'))
          when kind = 'column' and v_key = 'not null' then format(
            'alter table %s alter column %s %s not null', regexp_replace(name, '\.("[^"]*"|[^.]*)$', ''),
            substring(name from '("[^"]*"|[^.]*)$'), case when expected ? v_key then 'set' else 'drop' end)
          when kind = 'function' and v_key = 'volatility'
            then format('alter function %s %s', name, expected ->> v_key)
          when kind = 'function' and v_key = 'security'
            then format('alter function %s security %s', name, expected ->> v_key)
          when kind = 'function' and v_key = 'leakproof' then format('alter function %s not leakproof', name)
          when kind = 'function' and v_key = 'parallel' then format(
            'alter function %s parallel %s', name,
            case expected ->> v_key when 's' then 'safe' when 'r' then 'restricted' else 'unsafe' end)
          when kind = 'function' and v_key = 'strict' then format(
            'alter function %s %s', name, case when expected ? v_key then 'strict'
              else 'called on null input' end)
          when kind = 'function' and v_key = 'settings' then format(
            'alter function %s reset all%s', name,
            (select string_agg(format('; alter function %s set %s', name,
              regexp_replace(pair, '=(.*)$', case when pair ~ '=""$' then ' = ''''' else ' = \1' end)), '')
            from jsonb_array_elements_text(expected -> v_key) as pair))
          when kind in ('function', 'view')
            then format('run the file of db/functions that makes %s', split_part(name, '(', 1))
          else 'make it again as in db/schema.sql' end;
      end loop;
    end if;
  when 'cast' then
    v_part := regexp_match(name, '^(.*) to (.*)$');
    v_steps := array[format('drop cast (%s as %s)', v_part[1], v_part[2])];
  when 'operator class', 'operator family' then
    v_steps := array[format('drop %s %s using %s', kind, v_first, v_last)];
  when 'transform' then
    v_steps := array[format('drop transform for %s language %s', v_first, v_last)];
  when 'user mapping' then
    v_steps := array[format('drop user mapping for %s server %s', v_first, v_last)];
  when 'replication slot' then
    v_steps := array[format('select pg_drop_replication_slot(%L)', name)];
  when 'large objects' then
    v_steps := array[
      'select lo_unlink(oid) from pg_largeobject_metadata where lomowner = …::regrole, '
      'when you know who made them'];
  when 'server setting' then
    v_steps := array[format('alter system set %s = %L; select pg_reload_conf()', name, expected ->> 'value')];
  when 'security label' then
    v_steps := array[format('security label on %s is null', name)];
  when 'database' then
    v_steps := array['move the data to a database that is made as the README says'];
  else
    v_steps := case change
      when 'added' then array[format('drop %s %s', kind, name)]
      else array['make it again as in db/schema.sql'] end;
  end case;
  return (
    select string_agg(steps.step, '; ' order by steps.place)
    from (
      select step, min(place) as place from unnest(v_steps) with ordinality as all_steps (step, place)
        group by step) as steps);
end $$;

comment on function audit.suggest_remedy is
  'What to do about a difference: mostly statements that can be pasted.';

grant execute on function audit.suggest_remedy to task_auditor;
