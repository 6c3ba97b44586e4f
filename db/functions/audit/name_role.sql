-- Two roles have another name on each server, and mean the same. Most objects belong to roles of Duly, which
-- audit.find_owner never returns: for these it is not asked.

create or replace function audit.name_role(role oid) returns text
language sql stable
return case
  when name_role.role = 0 then 'public'
  when name_role.role <> 10
    and pg_get_userbyid(name_role.role) ~ '^task_(owner|finder|keeper|porter|auditor|api|worker)$'
    then pg_get_userbyid(name_role.role)::text
  when name_role.role = audit.find_owner() then 'the database''s owner'
  when name_role.role = 10 then 'the first superuser'
  else coalesce(quote_ident(pg_get_userbyid(name_role.role)), 'nobody')
end;

comment on function audit.name_role is
  'The name of a role, or "the database''s owner", "the first superuser", "public".';

grant execute on function audit.name_role to task_auditor;
