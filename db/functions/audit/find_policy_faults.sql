-- A command without a policy is refused; but then its privilege is a mistake, or the policy was forgotten.

create or replace function audit.find_policy_faults(role name, reachable_only boolean) returns setof text
language sql stable
set search_path = ''
as $$
  with reader as (
    select found.oid, found.rolname from pg_catalog.pg_roles as found
    where found.rolname = find_policy_faults.role and not found.rolsuper
  ),

  reached as (
    select found.oid, found.name from audit.list_user_tables(find_policy_faults.role, reachable_only) as found
    where found.securable
  ),

  applied as (
    select
      policy.polrelid, policy.polname, policy.polcmd,
      audit.describe_rows(policy.polqual, policy.polrelid) as sees,
      audit.describe_rows(policy.polwithcheck, policy.polrelid) as writes
    from pg_catalog.pg_policy as policy
    cross join reader
    where policy.polpermissive
      and exists (
        select from unnest(policy.polroles) as named
        where named = 0 or pg_has_role(reader.oid, named, 'usage'))
  )

  select format(
    'table %s has no policy for %s, which %I may do: create one, or revoke %2$s on %1$s from %3$I',
    reached.name, command.name, reader.rolname)
  from reader
  cross join reached
  cross join (values
    ('select', 'r'), ('insert', 'a'), ('update', 'w'), ('delete', 'd')
  ) as command (name, letter)
  where case command.letter
      when 'd' then has_table_privilege(reader.oid, reached.oid, 'delete')
      else has_any_column_privilege(reader.oid, reached.oid, command.name) end
    and not exists (
      select from applied
      where applied.polrelid = reached.oid and applied.polcmd in (command.letter, '*'))

  union all

  select format(
    'policy %I lets %I %s in %s: create it anew with user_id = (select app.user_id())',
    applied.polname, reader.rolname,
    concat_ws(' and ', 'see ' || applied.sees, 'write ' || applied.writes), reached.name)
  from reader
  cross join reached
  inner join applied on applied.polrelid = reached.oid
  where applied.sees <> 'the user''s own rows' or applied.writes <> 'the user''s own rows'
$$;

comment on function audit.find_policy_faults is
  'Which policies let the role reach more than the user''s own rows, or are missing: a sentence for each.';

grant execute on function audit.find_policy_faults to task_api, task_auditor;
