-- Row-level security must be enabled, forced on the owner too, and not for the role to switch off. Where the
-- rows are spread over machines (db/citus) the role may insert user_id, and a trigger refuses another user's.

create or replace function audit.find_table_faults(role name, reachable_only boolean) returns setof text
language sql stable
set search_path = ''
as $$
  select format(fault.sentence, found.name, find_table_faults.role)
  from audit.list_user_tables(find_table_faults.role, reachable_only) as found
  cross join lateral (values
    (
      not found.securable,
      '%s holds users'' rows, but can''t have row-level security: make it a table, or drop it'
    ),
    (
      found.securable and found.owned,
      'role %2$I owns table %1$s, or is a member of its owner, and could switch row-level security off: '
      'connect as task_api, or alter table %1$s owner to task_owner'
    ),
    (
      found.securable and not found.secured,
      'table %s has no row-level security: alter table %1$s enable row level security'
    ),
    (
      found.securable and not found.forced,
      'table %s does not force row-level security on its owner: alter table %1$s force row level security'
    ),
    (
      to_regnamespace('spread') is not null and not audit.is_guarded(found.oid)
      and exists (
        select from pg_catalog.pg_attribute as attribute
        where attribute.attrelid = found.oid and attribute.attname = 'user_id'
          and has_column_privilege(find_table_faults.role, found.oid, attribute.attnum, 'insert')),
      'table %s has no trigger that refuses rows of other users, which %2$I may insert: run make spread'
    )
  ) as fault (is_there, sentence)
  where fault.is_there
$$;

comment on function audit.find_table_faults is
  'Which tables do not keep users apart for the role: a sentence for each fault, with its remedy.';

grant execute on function audit.find_table_faults to task_api, task_auditor;
