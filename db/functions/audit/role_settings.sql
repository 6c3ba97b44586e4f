-- For audit.roles and audit.role_faults.

create or replace view audit.role_settings with (security_invoker = true) as
select
  setting.setrole as role_oid,
  split_part(pair, '=', 1) as name,
  substring(pair from '=(.*)') as value,
  setting.setdatabase = 0 as everywhere
from pg_catalog.pg_db_role_setting as setting
cross join unnest(setting.setconfig) as pair
left join pg_catalog.pg_database as database on setting.setdatabase = database.oid
where setting.setdatabase = 0 or database.datname = current_database();

comment on view audit.role_settings is
  'The settings that each role begins a session with in this database; role 0 means all roles.';

grant select on audit.role_settings to task_auditor;
