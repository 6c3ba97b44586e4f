-- Two names differ from server to server and mean the same: they are written as what they are.

create or replace function audit.name_role(role oid) returns text
language sql stable
return case
  when name_role.role = 0 then 'public'
  when name_role.role = (
    select database.datdba from pg_catalog.pg_database as database
    where database.datname = current_database()) then 'the database''s owner'
  when name_role.role = 10 then 'the first superuser'
  else coalesce(pg_get_userbyid(name_role.role)::text, 'nobody')
end;

comment on function audit.name_role is
  'The name of a role; the owner of this database and the first superuser of the server are called so.';

grant execute on function audit.name_role to task_auditor;
