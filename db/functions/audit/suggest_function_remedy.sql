-- Part of suggest_remedy: a function that differs. Its file sets all but the owner.

create or replace function audit.suggest_function_remedy(name text, expected jsonb, actual jsonb)
returns text[]
language sql stable
set search_path = ''
as $$
  with differing as (
    select attribute.key, expected ->> attribute.key as wanted
    from jsonb_object_keys(expected || actual) as attribute (key)
    where expected -> attribute.key is distinct from actual -> attribute.key
  )

  select case
    when exists (select from differing where differing.key in ('arguments', 'returns', 'sort'))
      then array[
        format('by hand: drop routine %s', name), audit.suggest_file('function', name, expected)]
    when exists (
      select from differing
      where differing.key in ('body', 'words', 'language', 'planner support'))
      then array[audit.suggest_file('function', name, expected)]
    else array(
      select format('alter function %s %s', name, case differing.key
        when 'volatility' then differing.wanted
        when 'security' then 'security ' || differing.wanted
        when 'leakproof' then 'not leakproof'
        when 'parallel' then 'parallel ' || case differing.wanted
          when 's' then 'safe'
          when 'r' then 'restricted'
          else 'unsafe'
        end
        when 'strict' then coalesce('strict' || nullif(differing.wanted, 'true'), 'called on null input')
        else 'reset all' || coalesce((
          select string_agg(
            format(
              '; alter function %s set %s = %s', name, split_part(pair, '=', 1),
              coalesce(nullif(substring(pair from '=(.*)'), '""'), '''''')), '')
          from jsonb_array_elements_text(expected -> 'settings') as pair), '')
      end)
      from differing
      where differing.key <> 'owner'
      order by differing.key)
  end
$$;

comment on function audit.suggest_function_remedy is 'Remedies for a function that differs.';

grant execute on function audit.suggest_function_remedy to task_auditor;
