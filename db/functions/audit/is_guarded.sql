-- Where the rows are spread over machines (db/citus), user_id may be inserted, and a trigger refuses another
-- user's. On a shard the name of the trigger ends with a number.

create or replace function audit.is_guarded(relation oid) returns boolean
language sql stable
set search_path = ''
as $$
  select exists (
    select from pg_catalog.pg_trigger as fired
    where fired.tgrelid = is_guarded.relation and fired.tgfoid::regproc::text = 'app.refuse_other_users'
      -- Before each row that is inserted.
      and fired.tgtype = 7 and fired.tgenabled in ('O', 'A') and fired.tgnargs = 0
      and pg_get_triggerdef(fired.oid)
        ~ ' FOR EACH ROW WHEN \(\(CURRENT_USER <> ''task_keeper''::name\)\) EXECUTE FUNCTION \S+\(\)$')
$$;

comment on function audit.is_guarded is
  'Whether the trigger of db/citus refuses rows of other users that are inserted into the table.';

grant execute on function audit.is_guarded to task_api, task_auditor;
