-- A setting is one of a role, a database, both or neither. Role 0 means all roles.

create or replace function audit.suggest_setting_remedy(role oid, everywhere boolean, change text)
returns text
language sql stable
return format(
  'alter %s %s',
  case
    when suggest_setting_remedy.role = 0 and everywhere then 'role all'
    when suggest_setting_remedy.role = 0 then format('database %I', current_database())
    when everywhere then format('role %I', pg_get_userbyid(suggest_setting_remedy.role))
    else format('role %I in database %I', pg_get_userbyid(suggest_setting_remedy.role), current_database())
  end,
  change);

comment on function audit.suggest_setting_remedy is
  'The statement that sets or resets a setting where it was made.';

grant execute on function audit.suggest_setting_remedy to task_auditor;
