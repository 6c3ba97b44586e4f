-- The audit compares this view with db/audit/baseline.sql.

create or replace view audit.objects with (security_invoker = true) as
select kind, name, definition from audit.role_objects
union all
select kind, name, definition from audit.relation_objects
union all
select kind, name, definition from audit.part_objects
union all
select kind, name, definition from audit.routine_objects
union all
select kind, name, definition from audit.type_objects
union all
select kind, name, definition from audit.search_objects
union all
select kind, name, definition from audit.privilege_objects
union all
select kind, name, definition from audit.server_objects
union all
select kind, name, definition from audit.channel_objects;

comment on view audit.objects is
  'Every object that bears on who may see or do what: its kind, its name, and its definition by attribute.';

grant select on audit.objects to task_auditor;
